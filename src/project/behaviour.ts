import type { TaskDescription } from '../runtime/describe.ts';
import type { HookKind } from '../runtime/registry.ts';
import { DEFAULT_RETRY, withDefaults } from '../runtime/retry.ts';
import { type BehaviourEntry, MAX_DURATION } from './behaviour-checks.ts';
import { machineOf } from './machines.ts';
import type { TaskEntry } from './schema.ts';
import type { Machine, TaskBehaviour } from './types.ts';

/** What is said about one task, in the order in which it counts. */
export interface BehaviourSources {
  /** The task's own code, checked; empty for a task that exports `run`. */
  code: Partial<BehaviourEntry>;
  /** `tasks.<name>`, then `taskDefaults` of the configuration. */
  own: Partial<TaskEntry>;
  defaults: Partial<TaskEntry>;
  /** `trigger.config`, checked. It speaks for `task()` only: what exports `run` is described by `lumo.config` alone. */
  trigger: Partial<BehaviourEntry>;
  /** Keys of `trigger.config` that have no effect. */
  ignored: readonly string[];
}

export interface ResolvedBehaviour {
  behaviour: TaskBehaviour;
  /** Seconds, 1 to 900: the function's Timeout. */
  timeout: number;
}

/** One of the places where something may be said about a task. */
export type Level = Partial<BehaviourEntry> & { memory?: number; timeout?: number };

/** The longest a function runs, in seconds. */
const MAX_TIMEOUT = 900;
/** What stands between the end of `maxDuration` and that of the function. */
const GRACE = MAX_TIMEOUT - MAX_DURATION;
const SHORTEST_DURATION = 5;
const DEFAULT_LUMO_TIMEOUT = 300;
const DEFAULT_MEMORY = 1024;

/** In the order in which they run over the life of a task. */
const HOOK_ORDER: readonly HookKind[] = [
  'middleware',
  'init',
  'onStart',
  'onStartAttempt',
  'onWait',
  'onResume',
  'onSuccess',
  'catchError',
  'onFailure',
  'onComplete',
  'cleanup',
  'onCancel',
];

/** How a task that calls `task()` behaves: its code wins, then its entry, then `taskDefaults`, then `trigger.config`. */
export function lifecycleBehaviour(task: TaskDescription, sources: BehaviourSources): ResolvedBehaviour {
  const { code, own, defaults, trigger, ignored } = sources;
  const levels: Level[] = [code, own, defaults, trigger];
  const retry = first(levels, 'retry');
  const machine = machineFrom(levels);
  const { maxDuration, timeout, notes } = lifecycleLimits(levels);
  const behaviour: TaskBehaviour = {
    dialect: 'lifecycle',
    retry: withDefaults(retry),
    outOfMemoryMachine: retry?.outOfMemory?.machine,
    machine,
    queue: queueFrom(levels, task.id),
    maxDuration,
    hooks: hooksOf(task),
    notes: [
      ...notes,
      ...overriddenNotes(code, { ...defaults, ...own }, timeout),
      ...machineNotes(machine, retry?.outOfMemory?.machine, own.ephemeralStorage ?? defaults.ephemeralStorage),
      ...task.ignored.map((member) => `${JSON.stringify(member)} has no effect in a deployment`),
      ...configNotes(ignored),
    ],
  };
  return { behaviour, timeout };
}

/** How a task that exports `run` behaves: tried once unless the configuration says otherwise, with a hard stop only. */
export function lumoBehaviour(
  name: string,
  { own, defaults }: Pick<BehaviourSources, 'own' | 'defaults'>,
  globalHooks: readonly HookKind[],
): ResolvedBehaviour {
  const levels: Level[] = [own, defaults];
  const retry = first(levels, 'retry');
  const machine = machineFrom(levels);
  const { timeout, notes } = lumoLimits(levels);
  const behaviour: TaskBehaviour = {
    dialect: 'lumo',
    retry: retry ? withDefaults(retry) : { ...DEFAULT_RETRY, maxAttempts: 1 },
    outOfMemoryMachine: retry?.outOfMemory?.machine,
    machine,
    queue: queueFrom(levels, name),
    maxDuration: undefined,
    hooks: inOrder(globalHooks),
    notes: [
      ...notes,
      ...machineNotes(machine, retry?.outOfMemory?.machine, own.ephemeralStorage ?? defaults.ephemeralStorage),
    ],
  };
  return { behaviour, timeout };
}

function first<K extends keyof Level>(levels: readonly Level[], key: K): Level[K] | undefined {
  return levels.find((level) => level[key] !== undefined)?.[key];
}

function machineFrom(levels: readonly Level[]): Machine {
  const level = levels.find(({ machine, memory }) => machine !== undefined || memory !== undefined);
  return level?.machine ?? machineOf(level?.memory ?? DEFAULT_MEMORY);
}

function queueFrom(levels: readonly Level[], id: string): TaskBehaviour['queue'] {
  const queue = first(levels, 'queue');
  return { name: queue?.name ?? `task/${id}`, concurrencyLimit: queue?.concurrencyLimit ?? undefined };
}

function lifecycleLimits(levels: readonly Level[]): {
  maxDuration: number | undefined;
  timeout: number;
  notes: string[];
} {
  const level = levels.find(({ maxDuration, timeout }) => maxDuration !== undefined || timeout !== undefined);
  const written = level?.maxDuration;
  if (written === undefined) return { maxDuration: undefined, timeout: level?.timeout ?? MAX_TIMEOUT, notes: [] };
  if (written === Number.POSITIVE_INFINITY) return { maxDuration: undefined, timeout: MAX_TIMEOUT, notes: [] };
  const maxDuration = Math.max(written, SHORTEST_DURATION);
  return { maxDuration, timeout: Math.ceil(maxDuration) + GRACE, notes: clampNotes(written) };
}

function lumoLimits(levels: readonly Level[]): { timeout: number; notes: string[] } {
  const level = levels.find(({ maxDuration, timeout }) => maxDuration !== undefined || timeout !== undefined);
  if (level?.maxDuration === undefined) return { timeout: level?.timeout ?? DEFAULT_LUMO_TIMEOUT, notes: [] };
  if (level.timeout !== undefined) {
    return {
      timeout: level.timeout,
      notes: ['maxDuration has no effect beside timeout in a task that exports run: its limit is the timeout'],
    };
  }
  const timeout = Math.min(Math.max(Math.ceil(level.maxDuration), SHORTEST_DURATION), MAX_TIMEOUT);
  return {
    timeout,
    notes: [
      ...clampNotes(level.maxDuration),
      `maxDuration is the function's timeout (${timeout} s), a hard stop: the task exports run`,
    ],
  };
}

function clampNotes(written: number): string[] {
  return written < SHORTEST_DURATION ? [`maxDuration ${written} was raised to ${SHORTEST_DURATION} s, the least`] : [];
}

/** What the configuration says in vain, because the code decides. */
function overriddenNotes(code: Partial<BehaviourEntry>, config: Partial<TaskEntry>, timeout: number): string[] {
  const notes: string[] = [];
  if (code.machine !== undefined && config.memory !== undefined) {
    notes.push(`memory ${config.memory} of the configuration is not used: the machine of the code decides`);
  }
  if (code.maxDuration !== undefined && config.timeout !== undefined && config.timeout !== timeout) {
    notes.push(
      `timeout ${config.timeout} of the configuration is not used: maxDuration of the code makes it ${timeout}`,
    );
  }
  return notes;
}

function machineNotes(machine: Machine, outOfMemory: Machine | undefined, storage: number | undefined): string[] {
  const notes: string[] = [];
  if (machine.name !== undefined && storage === undefined) {
    notes.push('/tmp has 512 MB, not the 10 GB that presets have elsewhere; ephemeralStorage: 10240 gives them');
  }
  if (outOfMemory !== undefined && outOfMemory.memory <= machine.memory) {
    notes.push(
      `retry.outOfMemory.machine has ${outOfMemory.memory} MB, no more than the ${machine.memory} MB of the task: never used`,
    );
  }
  return notes;
}

/** One note, so that one line tells it of all tasks. */
function configNotes(ignored: readonly string[]): string[] {
  const keys = ignored.map((key) => JSON.stringify(key)).join(', ');
  return keys === '' ? [] : [`trigger.config: without effect in a deployment: ${keys}`];
}

function hooksOf({ hooks }: TaskDescription): HookKind[] {
  return inOrder([...hooks.own, ...hooks.global]);
}

function inOrder(kinds: readonly HookKind[]): HookKind[] {
  return HOOK_ORDER.filter((kind) => kinds.includes(kind));
}
