import type { Package } from '../package/types.ts';
import type { ProjectTask } from '../project/types.ts';
import type { FunctionChange } from '../report/types.ts';
import type { FunctionsApi } from './api.ts';
import { mapLimit } from './concurrency.ts';
import { type Decision, decide, needsPackage, type WantedFunction } from './decide.ts';
import { type ExistingFunction, inspectFunction } from './inspect.ts';
import { functionName } from './name.ts';
import { compareSettings, type ProjectIdentity, type SettingsContext, wantedSettings } from './settings.ts';
import { assertOurs, identityTags } from './tags.ts';
import { waitUntilSettled } from './wait.ts';

export interface PlanFunctionsOptions extends SettingsContext {
  api: FunctionsApi;
  /** Without those that have `function`. */
  tasks: readonly ProjectTask[];
  identity: ProjectIdentity;
  /** Task name to the value of `lumo:inputs`; a task that is missing is packaged. */
  inputs: ReadonlyMap<string, string>;
  /** Called at most once, and only with the tasks whose package must be looked at. */
  pack(tasks: ProjectTask[]): Promise<Package[]>;
  known: KnownVersions;
  /** Functions at a time. */
  concurrency?: number;
}

/** By function name, the versions a marker holds. Each stands for `$LATEST` only while the function has not changed since. */
export type KnownVersions = ReadonlyMap<string, { version: string; lastModified: string | undefined }>;

export interface PlannedFunction {
  task: ProjectTask;
  name: string;
  wanted: WantedFunction;
  existing: ExistingFunction | undefined;
  /** Only when it had to be looked at. */
  pkg: Package | undefined;
  decision: Decision;
  /** `version` is set when a published version stays in use. */
  change: FunctionChange;
}

export const FUNCTIONS_AT_A_TIME = 8;

/**
 * What has to be done to each function, and why; writes nothing. An unchanged function whose version is known costs one
 * GetFunction. Throws `FUNCTION_NOT_OURS`, `ACCESS_DENIED` and what `pack` throws.
 */
export async function planFunctions(options: PlanFunctionsOptions): Promise<PlannedFunction[]> {
  const { api, tasks, identity, concurrency = FUNCTIONS_AT_A_TIME } = options;
  const found = await mapLimit(tasks, concurrency, async (task) => {
    const name = functionName(identity.project, identity.environment, task.name);
    return {
      task,
      name,
      wanted: wantedFunction(task, name, options),
      existing: await inspectOurs(api, name, task, identity),
    };
  });

  const unclear = found.filter(({ existing, wanted }) => needsPackage(existing, wanted)).map(({ task }) => task);
  const packages = unclear.length > 0 ? await options.pack(unclear) : [];
  const byTask = new Map(packages.map((pkg) => [pkg.task.name, pkg]));

  return await mapLimit(found, concurrency, async (each) => {
    const pkg = byTask.get(each.task.name);
    return await planned(api, { ...each, pkg, decision: decide(each.existing, each.wanted, pkg) }, options.known);
  });
}

/** The function as it is once no update is in progress; `FUNCTION_NOT_OURS` when somebody else's has its name. */
export async function inspectOurs(
  api: FunctionsApi,
  name: string,
  task: ProjectTask,
  identity: ProjectIdentity,
): Promise<ExistingFunction | undefined> {
  const existing = await inspectFunction(api, name);
  if (!existing) return undefined;
  assertOurs(name, existing.tags, identity, task.name);
  return { ...existing, configuration: await waitUntilSettled(api, name, existing.configuration) };
}

function wantedFunction(task: ProjectTask, name: string, options: PlanFunctionsOptions): WantedFunction {
  return {
    settings: wantedSettings(task, name, options),
    tags: identityTags(options.identity, task.name, task.settings.tags),
    inputs: options.inputs.get(task.name),
  };
}

/** Names the version that stays in use; without one, even a function that is as wanted needs to be published. */
async function planned(
  api: FunctionsApi,
  plan: Omit<PlannedFunction, 'change'>,
  known: KnownVersions,
): Promise<PlannedFunction> {
  const { task, name, existing, wanted, decision } = plan;
  const change = { task: task.name, function: name, action: decision.action, reasons: decision.reasons };
  if (decision.newVersion || !existing) return { ...plan, change };

  const version = knownVersion(existing, known) ?? (await publishedVersion(api, existing, wanted));
  if (version !== undefined) return { ...plan, change: { ...change, version } };
  const reasons = [...decision.reasons, 'not published yet'];
  return {
    ...plan,
    decision: { ...decision, action: 'update', reasons, newVersion: true },
    change: { ...change, action: 'update', reasons },
  };
}

/** Lambda's own words are compared, and never its clock with ours. */
function knownVersion({ configuration, name }: ExistingFunction, known: KnownVersions): string | undefined {
  const found = known.get(name);
  const unchanged = found?.lastModified !== undefined && found.lastModified === configuration.LastModified;
  return unchanged ? found.version : undefined;
}

/** The newest version with the code and the settings of `$LATEST`. */
async function publishedVersion(
  api: FunctionsApi,
  existing: ExistingFunction,
  wanted: WantedFunction,
): Promise<string | undefined> {
  const versions = await api.versions(existing.name);
  return versions
    .filter((version) => version.CodeSha256 === existing.configuration.CodeSha256)
    .filter((version) => compareSettings(version, wanted.settings).reasons.length === 0)
    .map((version) => version.Version ?? '')
    .sort((a, b) => Number(b) - Number(a))[0];
}
