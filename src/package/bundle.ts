import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import type { Project } from '../project/types.ts';
import type { Log } from '../runner/types.ts';
import { bundleError, unresolved } from './bundle-error.ts';
import { writeEntries } from './entries.ts';
import { type Esbuild, EsbuildFailure, type EsbuildMessage, type Metafile, runEsbuild } from './esbuild.ts';
import {
  type BundledTask,
  type FlagGroup,
  groupByFlags,
  providedByRuntime,
  runtimePackage,
  TASK_FLAGS,
} from './flags.ts';
import { isInside, relativePosix } from './resolve.ts';
import type { PackageFile } from './types.ts';

/** What packaging works with. `project.root`, `project.boundary` and `tempDir` are real paths, without symbolic links. */
export interface Packaging {
  project: Project;
  esbuild: Esbuild;
  /** The folder with `runtime/index.mjs` and `sdk/`. */
  distDir: string;
  /** Bundles and entries are left here; whoever made the folder deletes it. */
  tempDir: string;
  log: Log;
}

/** One process of esbuild that has ended. */
export interface Build {
  group: FlagGroup;
  metafile: Metafile;
  /** By task name. */
  outputs: Map<string, Output>;
}

export interface Output {
  /** Absolute path of the bundle. */
  file: string;
  /** Its key in the metafile's `outputs`. */
  key: string;
}

/** Bundles all tasks, with one process for each set of flags: nearly always one. Throws `TASK_BUNDLE_FAILED`. */
export async function bundleTasks(
  tasks: readonly BundledTask[],
  packaging: Packaging,
  extraFlags: readonly string[] = [],
): Promise<Build[]> {
  const groups = groupByFlags(tasks, packaging.project);
  return Promise.all(groups.map((group) => build(group, packaging, extraFlags)));
}

/** One bundle for each file: tasks of one file share it. */
async function build(group: FlagGroup, packaging: Packaging, extraFlags: readonly string[]): Promise<Build> {
  const { project, distDir, tempDir } = packaging;
  const { root, bundling } = project;
  const files = [...new Set(group.tasks.map(({ file }) => file))];
  const folder = await mkdtemp(path.join(tempDir, 'bundle-'));
  const entries = await writeEntries(files, 'handler', { root, distDir, bundling }, folder);
  const args = [...entries.args, ...TASK_FLAGS, ...extraFlags];
  const metafile = await runForLambda(args, group.flags, packaging, folder);
  const outputs = new Map(
    group.tasks.map((task) => {
      const file = entries.output(files.indexOf(task.file));
      return [task.name, { file, key: relativePosix(root, file) }];
    }),
  );
  return { group, metafile, outputs };
}

/**
 * Runs esbuild, and once more when all it lacked were packages that Lambda's runtime has. `ownFolder` holds files of
 * ours, which no error names. Throws `TASK_BUNDLE_FAILED`.
 */
export async function runForLambda(
  args: readonly string[],
  groupFlags: readonly string[],
  packaging: Packaging,
  ownFolder: string,
): Promise<Metafile> {
  const { project, esbuild, tempDir } = packaging;
  const run = (flags: readonly string[]) =>
    runEsbuild(esbuild, [...args, ...flags], { cwd: project.root, tempDir }).catch((error: unknown) => {
      if (error instanceof EsbuildFailure) return error;
      throw error;
    });
  const first = await run(groupFlags);
  if (!(first instanceof EsbuildFailure)) return first;
  const known = providedByRuntime(project);
  const others = first.messages.filter((message) => !learn(message, known));
  if (others.length > 0) throw bundleError(others, packaging, ownFolder);
  const second = await run([...groupFlags, ...[...known].sort().map((name) => `--external:${name}`)]);
  if (second instanceof EsbuildFailure) throw bundleError(second.messages, packaging, ownFolder);
  return second;
}

function learn(message: EsbuildMessage, known: Set<string>): boolean {
  const name = runtimePackage(unresolved(message) ?? '');
  if (name) known.add(name);
  return name !== undefined;
}

/** Where in `builds` the bundle of a task is. */
export function bundleOf(builds: readonly Build[], task: BundledTask): { build: Build; output: Output } {
  for (const build of builds) {
    const output = build.outputs.get(task.name);
    if (output) return { build, output };
  }
  throw new Error(`esbuild made no output for ${task.name}`);
}

/** The source files in a bundle with the bytes each contributes, largest first. */
export function bundleInputs({ metafile }: Build, { key }: Output, packaging: Packaging): PackageFile[] {
  const { project, distDir, tempDir } = packaging;
  const inputs = metafile.outputs[key]?.inputs ?? {};
  return Object.entries(inputs)
    .map(([name, { bytesInOutput }]) => ({ file: path.resolve(project.root, name), size: bytesInOutput }))
    .filter(({ file, size }) => size > 0 && !isInside(tempDir, file))
    .map(({ file, size }) => ({
      name: isInside(distDir, file)
        ? `@lumo-framework/tasks/${relativePosix(distDir, file)}`
        : relativePosix(project.root, file),
      size,
    }))
    .sort(bySize);
}

export function bySize(a: PackageFile, b: PackageFile): number {
  return b.size - a.size || (a.name < b.name ? -1 : 1);
}
