import path from 'node:path';
import type { ErrorLocation } from '../errors.ts';
import { relativePosix } from '../package/resolve.ts';
import type { NoHook } from '../runtime/describe.ts';
import { type Level, lifecycleBehaviour, lumoBehaviour, type ResolvedBehaviour } from './behaviour.ts';
import { type BehaviourEntry, checkBehaviour } from './behaviour-checks.ts';
import type { Finding, Spot } from './check.ts';
import type { Discovery, FoundLifecycle, FoundTask } from './discover.ts';
import type { ConfigShape, TaskEntry } from './schema.ts';
import { taskSettings } from './settings.ts';
import type { ProjectTask } from './types.ts';

interface Folders {
  /** Real paths. */
  root: string;
  boundary: string;
}

/** What is wrong with what the code of tasks says is put into the findings. */
interface Context extends Folders {
  triggerConfig: string | undefined;
  findings: Finding[];
}

/**
 * What was found joined with what the configuration says, in the order of the configuration, then by name; and what is
 * wrong with what the tasks' own code says.
 */
export function resolveTasks(
  config: Partial<ConfigShape>,
  discovery: Discovery,
  folders: Folders,
): { tasks: ProjectTask[]; findings: Finding[] } {
  const found = new Map(discovery.tasks.map((task) => [task.name, task]));
  const entries = config.tasks ?? new Map<string, Partial<TaskEntry>>();
  const configured = [...entries].filter(([name, entry]) => found.has(name) || entry.function !== undefined);
  const names = new Set([...configured.map(([name]) => name), ...found.keys()]);
  const context: Context = { ...folders, triggerConfig: discovery.bundling.triggerConfig, findings: [] };
  const tasks = [...names].map((name): ProjectTask => {
    const own = entries.get(name) ?? {};
    const defaults = config.taskDefaults ?? {};
    const task = own.function === undefined ? found.get(name) : undefined;
    const { behaviour, timeout } = behaviourOf(name, task, [own, defaults], context);
    const limits = { timeout, memory: behaviour.machine.memory };
    const settings = taskSettings(own, defaults, config.build?.exclude ?? [], limits);
    return { name, file: task?.file, settings, behaviour };
  });
  const shared = shareQueues(tasks, (name) => {
    const task = found.get(name);
    return task?.dialect === 'lifecycle' && task.description.queue ? codeLocation(task, folders) : undefined;
  });
  return { tasks: shared.tasks, findings: [...distinct(context.findings), ...shared.findings] };
}

function behaviourOf(
  name: string,
  task: FoundTask | undefined,
  entries: [own: Partial<TaskEntry>, defaults: Partial<TaskEntry>],
  context: Context,
): ResolvedBehaviour {
  const [own, defaults] = entries;
  if (task?.dialect !== 'lifecycle') return lumoBehaviour(name, { own, defaults }, task?.globalHooks ?? []);
  const code = checkedCode(task, context);
  const trigger = checkedTrigger(task, [code, ...entries], context);
  const ignored = task.trigger?.ignored ?? [];
  return lifecycleBehaviour(task.description, { code, own, defaults, trigger, ignored });
}

function checkedCode(task: FoundLifecycle, context: Context): Partial<BehaviourEntry> {
  const spot: Spot = { path: [], findings: [] };
  const code = checkBehaviour(task.description, spot);
  spot.findings.push(...noHookFindings(task.description.noHooks));
  const location = codeLocation(task, context);
  for (const each of spot.findings) {
    context.findings.push({ ...each, message: `task ${JSON.stringify(task.name)}: ${each.message}`, location });
  }
  return code;
}

function noHookFindings(noHooks: readonly NoHook[]): Finding[] {
  return noHooks.map(({ name, kind }) => ({
    code: 'CONFIG_INVALID',
    path: [name],
    message: `${name} is ${kind}; a function is expected`,
  }));
}

/** Only what nothing above decides already: a default for all tasks is wrong only where it counts. */
function checkedTrigger(
  { trigger = { noHooks: [], ignored: [] } }: FoundLifecycle,
  levels: readonly Level[],
  context: Context,
): Partial<BehaviourEntry> {
  const says = (...keys: (keyof Level)[]) => levels.some((level) => keys.some((key) => level[key] !== undefined));
  const { retry, machine, maxDuration } = trigger;
  const spot: Spot = { path: [], findings: [] };
  const checked = checkBehaviour(
    {
      ...(!says('retry') && { retry }),
      ...(!says('machine', 'memory') && { machine }),
      ...(!says('maxDuration', 'timeout') && { maxDuration }),
    },
    spot,
  );
  spot.findings.push(...noHookFindings(trigger.noHooks));
  const location = fileLocation(context.triggerConfig ?? '', context);
  for (const each of spot.findings) {
    const said = each.message.replace(/^retry/, 'retries.default');
    const message = `${location.file}: ${said}; taskDefaults and tasks.<id> of the Lumo configuration win over it`;
    context.findings.push({ ...each, message, location });
  }
  return checked;
}

/** A queue has one limit, whichever of its tasks says it. */
function shareQueues(tasks: readonly ProjectTask[], locationOf: (task: string) => ErrorLocation | undefined) {
  const findings: Finding[] = [];
  const limits = new Map<string, { limit: number; task: string }[]>();
  for (const { name, behaviour } of tasks) {
    const { name: queue, concurrencyLimit: limit } = behaviour.queue;
    const known = limits.get(queue) ?? [];
    limits.set(queue, known);
    if (limit !== undefined && !known.some((each) => each.limit === limit)) known.push({ limit, task: name });
  }
  for (const [queue, different] of limits) {
    const second = different[1];
    if (second === undefined) continue;
    const list = different.map(({ limit, task }) => `${limit} in ${JSON.stringify(task)}`).join(', ');
    const location = locationOf(second.task);
    findings.push({
      code: 'CONFIG_INVALID',
      path: ['tasks', second.task, 'queue'],
      message: `the queue ${JSON.stringify(queue)} has different limits: ${list}`,
      ...(location && { location }),
    });
  }
  const shared = tasks.map((task) => {
    const { queue } = task.behaviour;
    const concurrencyLimit = limits.get(queue.name)?.[0]?.limit;
    return { ...task, behaviour: { ...task.behaviour, queue: { ...queue, concurrencyLimit } } };
  });
  return { tasks: shared, findings };
}

function distinct(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((each) => [each.message, each])).values()];
}

function codeLocation({ file, line }: FoundLifecycle, folders: Folders): ErrorLocation {
  return { ...fileLocation(file, folders), ...(line !== undefined && { line }) };
}

function fileLocation(file: string, { root, boundary }: Folders): ErrorLocation {
  return { file: relativePosix(boundary, path.resolve(root, file)) };
}
