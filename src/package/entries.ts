import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Bundling } from '../project/types.ts';
import { LOADING } from './describe-child.ts';
import { INSTALLED_CORE, sdkAliases } from './sdk.ts';
import { standInFlags } from './stand-in.ts';

export interface EntryContext {
  /** Real paths. */
  root: string;
  distDir: string;
  bundling: Bundling;
}

/** What an entry does with its task file, which it sees as `module`. */
export type EntryKind = 'handler' | 'describe';

export interface Entries {
  /** What to give to esbuild: a pattern, since fifty paths and more could exceed the length of a command line. */
  args: string[];
  /** The folder with everything that was written, for which no user is to blame. */
  folder: string;
  /** Absolute path of the bundle of `files[index]` below `outdir`. */
  output(index: number): string;
}

/**
 * Writes one entry for each task file (relative to the project) into `folder`. An entry loads, in this order: our
 * runtime, `trigger.config`, `init`, the task's file. Each sits in a module of its own, because esbuild runs CommonJS
 * only in the body of the module that imports it.
 */
export async function writeEntries(
  files: readonly string[],
  kind: EntryKind,
  context: EntryContext,
  folder: string,
): Promise<Entries> {
  const entries = path.join(folder, 'entries');
  const outdir = path.join(folder, 'out');
  const shared = path.join(folder, 'shared');
  await Promise.all([mkdir(entries), mkdir(shared)]);
  const [aliases, standIns] = await Promise.all([
    sdkAliases({ distDir: context.distDir, projectRoot: context.root, aliasSdk: context.bundling.aliasSdk }),
    standInFlags(context.bundling.buildOnly, shared),
    ...Object.entries(sharedModules(kind, context)).map(([name, text]) => writeFile(path.join(shared, name), text)),
    ...files.map((file, index) => writeFile(path.join(entries, `${index}.mjs`), entry(file, kind, context))),
  ]);
  return {
    args: [path.join(entries, '*.mjs'), `--outbase=${entries}`, `--outdir=${outdir}`, ...aliases, ...standIns],
    folder,
    output: (index) => path.join(outdir, `${index}.mjs`),
  };
}

function entry(file: string, kind: EntryKind, context: EntryContext): string {
  const { triggerConfig, init } = context.bundling;
  const noted = (name: string) => (kind === 'describe' ? [`note-${name}`] : []);
  const names = [
    ...(usesInstalledCore(file, context.bundling) ? ['core.mjs'] : []),
    ...(triggerConfig === undefined ? [] : [...noted('trigger-config.mjs'), 'trigger-config.mjs']),
    ...(init === undefined ? [] : [...noted('init.mjs'), 'init.mjs']),
    ...noted('task.mjs'),
  ];
  const options = JSON.stringify({ file, lumoId: lumoId(file) });
  return [
    `import { ${kind === 'handler' ? 'createHandler' : 'describeTasks'} } from ${runtimeOf(context)};`,
    ...names.map((name) => `import "../shared/${name}";`),
    `import * as module from ${source(file, context)};`,
    ...(kind === 'handler'
      ? [`export const handler = createHandler(module, ${options});`]
      : [
          `export const file = () => describeTasks(module, ${options});`,
          // What concerns a task that exports `run` is exactly what is registered for all.
          `export const everyTask = () => describeTasks({ run() {} }, ${options});`,
        ]),
  ].join('\n');
}

function sharedModules(kind: EntryKind, context: EntryContext): Record<string, string> {
  const { triggerConfig, init, coreUsers } = context.bundling;
  const core = JSON.stringify(path.join(context.distDir, 'sdk', 'core.mjs'));
  return {
    ...(kind === 'describe' && notes(context.bundling)),
    ...(triggerConfig !== undefined && {
      'trigger-config.mjs': `import { setConfig } from ${runtimeOf(context)};
        import * as config from ${source(triggerConfig, context)};
        setConfig(config.default, config);`,
    }),
    ...(init !== undefined && { 'init.mjs': `import ${source(init, context)};` }),
    ...(coreUsers.length > 0 && {
      'core.mjs': `import * as theirs from "${INSTALLED_CORE}";
        import { secrets } from ${core};
        theirs.secrets?.setSecretResolver?.(secrets.getSecret);`,
    }),
  };
}

/** Modules that note which file is loading from there on, so that what happens then is told of that file. */
function notes({ triggerConfig, init }: Bundling): Record<string, string> {
  const note = (file: string | undefined) => `globalThis[Symbol.for("${LOADING}")] = ${JSON.stringify(file)};`;
  return {
    'note-trigger-config.mjs': note(triggerConfig),
    'note-init.mjs': note(init),
    'note-task.mjs': note(undefined),
  };
}

/** `db/seed` for `functions/tasks/db/seed.ts`: the name of a task that is exported as `run`. */
export function lumoId(file: string): string {
  return file.replace(/^functions\/tasks\//, '').replace(/\.[cm]?[jt]s$/, '');
}

/** Lumo's own copy would answer an empty text for every secret in our Lambdas. */
function usesInstalledCore(file: string, { coreUsers, triggerConfig, init }: Bundling): boolean {
  return [file, triggerConfig, init].some((each) => each !== undefined && coreUsers.includes(each));
}

function runtimeOf({ distDir }: EntryContext): string {
  return JSON.stringify(path.join(distDir, 'runtime', 'index.mjs'));
}

function source(file: string, { root }: EntryContext): string {
  return JSON.stringify(path.resolve(root, file));
}
