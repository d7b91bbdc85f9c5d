import type { Project, ProjectTask } from '../project/types.ts';

/** `require`, `__filename` and `__dirname` for the CommonJS packages inside; no minified name can be as long as these. */
const COMMONJS_IN_ESM =
  "import{createRequire as __lumoCreateRequire}from'node:module';" +
  'const require=__lumoCreateRequire(import.meta.url),__filename=import.meta.filename,__dirname=import.meta.dirname;';

/** For everything that esbuild makes for Lambda. */
export const LAMBDA_FLAGS: readonly string[] = [
  '--bundle',
  '--platform=node',
  '--format=esm',
  `--banner:js=${COMMONJS_IN_ESM}`,
  '--out-extension:.js=.mjs',
  // Found in the metafile afterwards, where it is known who imports it and for which task.
  '--loader:.node=empty',
];

/** Names matter to error messages and hooks, so they survive. */
export const TASK_FLAGS: readonly string[] = [...LAMBDA_FLAGS, '--minify', '--keep-names', '--legal-comments=none'];

/** Tasks that are bundled with the same flags and so by one process. */
export interface FlagGroup {
  tasks: BundledTask[];
  /** `--target` and `--external` flags, sorted. */
  flags: string[];
}

/** A task that has code of its own. */
export type BundledTask = ProjectTask & { file: string };

export function isBundled(task: ProjectTask): task is BundledTask {
  return task.file !== undefined;
}

export function groupByFlags(tasks: readonly BundledTask[], project: Project): FlagGroup[] {
  const runtimeProvided = providedByRuntime(project);
  const groups = new Map<string, FlagGroup>();
  for (const task of tasks) {
    const flags = [targetFlag(task.settings.runtime), ...externalFlags(task, runtimeProvided)];
    const key = flags.join('\n');
    const group = groups.get(key) ?? { tasks: [], flags };
    group.tasks.push(task);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** `nodejs24.x` is `--target=node24`. */
function targetFlag(runtime: string): string {
  return `--target=node${/^nodejs(\d+)\.x$/.exec(runtime)?.[1] ?? '20'}`;
}

function externalFlags(task: BundledTask, runtimeProvided: ReadonlySet<string>): string[] {
  const { external, nodeModules } = task.settings;
  return [...new Set([...external, ...nodeModules, ...runtimeProvided])].sort().map((name) => `--external:${name}`);
}

const provided = new WeakMap<Project, Set<string>>();

/**
 * The packages of the AWS SDK that esbuild could not resolve in this project so far: they are left to Lambda's runtime.
 * Only esbuild can tell (pnpm, Plug'n'Play, nested folders), so the first run that fails on one of them teaches the next.
 */
export function providedByRuntime(project: Project): Set<string> {
  const known = provided.get(project) ?? new Set<string>();
  provided.set(project, known);
  return known;
}

/** `@aws-sdk/client-s3` for an import of it or of a file in it, when Lambda's runtime has it. */
export function runtimePackage(specifier: string): string | undefined {
  return /^@(?:aws-sdk|smithy)\/[^/]+/.exec(specifier)?.[0];
}
