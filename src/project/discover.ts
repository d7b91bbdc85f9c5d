import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type DescribedFile, describeFiles } from '../package/describe.ts';
import { lumoId } from '../package/entries.ts';
import type { Esbuild } from '../package/esbuild.ts';
import { hasInstalledCore, registeringSdks } from '../package/sdk.ts';
import type { ConfigDescription, TaskDescription } from '../runtime/describe.ts';
import type { HookKind } from '../runtime/registry.ts';
import { describedEnvironment } from './described-environment.ts';
import { mentionOf } from './mentions.ts';
import { attributeTasks, type OwnedTask } from './ownership.ts';
import { type RefusalContext, refuseDuplicates, refuseInvalidIds, refuseUnregistered } from './refusals.ts';
import type { Scan, ScannedFile } from './scan.ts';
import type { ConfigShape } from './schema.ts';
import { compareBytes } from './task-files.ts';
import type { Bundling } from './types.ts';

export interface DiscoverOptions {
  /** Real paths. */
  root: string;
  boundary: string;
  /** `LUMO_ENVIRONMENT` of files that have to be loaded. */
  environment: string;
  esbuild: Esbuild;
  distDir: string;
  tempDir: string;
  /** Of which loaded files see `LUMO_*` and the region, and nothing else. */
  env?: NodeJS.ProcessEnv;
  /** Milliseconds until a file that does not finish loading is given up. */
  describeTimeoutMs?: number;
}

/** A file that exports `run`. */
export interface FoundLumo {
  dialect: 'lumo';
  name: string;
  /** Relative to the project, with `/`. */
  file: string;
  /** Kinds of hooks that are registered for all tasks. */
  globalHooks: readonly HookKind[];
}

/** A `task()`. */
export interface FoundLifecycle {
  dialect: 'lifecycle';
  name: string;
  file: string;
  /** What its code says, not yet checked. */
  description: TaskDescription;
  trigger: ConfigDescription | undefined;
  /** Where the id is written in the file. */
  line: number | undefined;
}

export type FoundTask = FoundLumo | FoundLifecycle;

export interface Discovery {
  /** In byte order of their names. */
  tasks: FoundTask[];
  /** Files that define no task, relative to the project, in byte order. */
  helpers: string[];
  bundling: Bundling;
}

type Described = ReadonlyMap<string, DescribedFile>;

/**
 * The tasks of a project: files that export `run`, and every `task()` that is registered when a file is loaded. Loads
 * only files that import one of our SDKs, themselves or through files of the project, and CommonJS. Throws
 * `TASK_BUNDLE_FAILED`, `TASK_IMPORT_FAILED`, `TASK_NOT_REGISTERED`, `TASK_DUPLICATE`, and `CONFIG_INVALID` for ids.
 */
export async function discoverTasks(
  scan: Scan,
  config: Partial<ConfigShape>,
  options: DiscoverOptions,
): Promise<Discovery> {
  const { root, boundary } = options;
  const aliasSdk = config.aliasSdk ?? true;
  const [sdks, bundling] = await Promise.all([registeringSdks(root, aliasSdk), bundlingOf(scan, aliasSdk, root)]);
  const toDescribe = filesToDescribe(scan, sdks);
  const sources = await readSources(toDescribe, root);
  const described = await describeAll(toDescribe, sources, bundling, config, options);
  const { tasks: owned, conflicts } = attributeTasks(scan, described, sources);
  const tasks = [...lumoTasks(scan, described), ...owned.map((each) => lifecycleTask(each, described, sources))];
  const context: RefusalContext = { root, boundary, sources };
  refuseInvalidIds(owned, context);
  refuseDuplicates(tasks, conflicts, context);
  refuseUnregistered(suspects(scan, tasks, sdks), context);
  const files = new Set(tasks.map(({ file }) => file));
  return {
    tasks: tasks.sort((a, b) => compareBytes(a.name, b.name)),
    helpers: scan.files.map(({ file }) => file).filter((file) => !files.has(file) && file !== bundling.init),
    bundling,
  };
}

async function bundlingOf(scan: Scan, aliasSdk: boolean, root: string): Promise<Bundling> {
  const { init, triggerConfig, buildOnly } = scan;
  const users = allFiles(scan).filter(({ usesCore }) => usesCore);
  const connected = users.length > 0 && (await hasInstalledCore(root));
  return {
    triggerConfig: triggerConfig?.file,
    init: init?.file,
    buildOnly,
    coreUsers: connected ? users.map(({ file }) => file) : [],
    aliasSdk,
  };
}

function allFiles({ files, triggerConfig }: Scan): ScannedFile[] {
  return triggerConfig === undefined || files.includes(triggerConfig) ? files : [...files, triggerConfig];
}

function importsAny(sdks: ReadonlySet<string>, imported: readonly string[]): boolean {
  return imported.some((each) => sdks.has(each));
}

function filesToDescribe(scan: Scan, sdks: ReadonlySet<string>): string[] {
  const wanted = (each: ScannedFile) => importsAny(sdks, each.sdks) || (each.commonJs && each !== scan.triggerConfig);
  return allFiles(scan)
    .filter(wanted)
    .map(({ file }) => file);
}

async function readSources(files: readonly string[], root: string): Promise<Map<string, string>> {
  const read = async (file: string): Promise<[string, string]> => [
    file,
    await readFile(path.resolve(root, file), 'utf8'),
  ];
  return new Map(await Promise.all(files.map(read)));
}

async function describeAll(
  files: readonly string[],
  sources: ReadonlyMap<string, string>,
  bundling: Bundling,
  config: Partial<ConfigShape>,
  options: DiscoverOptions,
): Promise<Described> {
  if (files.length === 0) return new Map();
  const { env = process.env, environment, describeTimeoutMs: timeoutMs } = options;
  const environmentOf = describedEnvironment(config, { environment, env });
  const entries = [config.taskDefaults, ...(config.tasks?.values() ?? [])];
  const kept = entries.flatMap((each) => [...(each?.external ?? []), ...(each?.nodeModules ?? [])]);
  return describeFiles(files, {
    ...options,
    bundling,
    external: [...new Set([...(config.build?.exclude ?? []), ...kept])].sort(),
    env: (file) => environmentOf(file, sources.get(file)),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}

function lumoTasks(scan: Scan, described: Described): FoundLumo[] {
  const globals = [scan.init, scan.triggerConfig].map((each) => described.get(each?.file ?? '')?.everyTask);
  const forAll = globals.find((each) => each !== undefined);
  return scan.files.flatMap(({ file, exportsRun }) => {
    const own = described.get(file);
    const isTask = own ? own.file.tasks.some(({ dialect }) => dialect === 'lumo') : exportsRun;
    const globalHooks = (own?.everyTask ?? forAll)?.tasks[0]?.hooks.global ?? [];
    return isTask ? [{ dialect: 'lumo' as const, name: lumoId(file), file, globalHooks }] : [];
  });
}

function lifecycleTask(
  { file, description }: OwnedTask,
  described: Described,
  sources: ReadonlyMap<string, string>,
): FoundLifecycle {
  const trigger = described.get(file)?.file.config;
  const line = mentionOf(description.id, sources.get(file))?.line;
  return { dialect: 'lifecycle', name: description.id, file, description, trigger, line };
}

/** Files that import a task SDK, define no task and serve no other file: a helper is called by those that import it. */
function suspects(scan: Scan, tasks: readonly FoundTask[], sdks: ReadonlySet<string>): string[] {
  const defining = new Set(tasks.map(({ file }) => file));
  const imported = new Set(allFiles(scan).flatMap(({ imports }) => imports));
  return scan.files
    .filter(({ file, ownSdks }) => importsAny(sdks, ownSdks) && !defining.has(file) && !imported.has(file))
    .filter((each) => each !== scan.init)
    .map(({ file }) => file);
}
