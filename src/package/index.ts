import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import type { Project, ProjectTask } from '../project/types.ts';
import type { SourceFile } from './assets.ts';
import { type Build, bundleInputs, bundleOf, bundleTasks, bySize, type Packaging } from './bundle.ts';
import { compressedFiles, type FileCache } from './contents.ts';
import { contentsDigest } from './digest.ts';
import { assertFits, fileInputs, taskFiles } from './files.ts';
import { type BundledTask, isBundled } from './flags.ts';
import { inputDigests } from './inputs-digest.ts';
import { assertNoNativeAddons, type BundledCode } from './native.ts';
import { bothOrThrow } from './settle.ts';
import { portableMap } from './source-map.ts';
import type { Package } from './types.ts';
import { type Content, sortByName, writeZip } from './zip.ts';

export type { Packaging } from './bundle.ts';

/** Name of the bundle in the zip; the handler is `index.handler`. */
export const BUNDLE_FILE = 'index.mjs';

/**
 * Bundles and zips the tasks that have code of their own; what is in a zip depends on the sources alone. Throws
 * `TASK_BUNDLE_FAILED`, `NATIVE_ADDON`, `NODE_MODULE_NOT_FOUND`, `ASSET_*`, `TASK_TOO_LARGE`, `ESBUILD_UNAVAILABLE`.
 */
export async function packageTasks(tasks: readonly ProjectTask[], packaging: Packaging): Promise<Package[]> {
  const { packages } = await packageBundled(tasks.filter(isBundled), await withRealPaths(packaging));
  return packages;
}

/**
 * A hash over everything that decides what a task's package holds, by task name, in hex: equal hashes mean that
 * packaging again is not needed. Much cheaper than packaging, since shared code is printed once for all tasks.
 */
export async function digestInputs(tasks: readonly ProjectTask[], packaging: Packaging): Promise<Map<string, string>> {
  const bundled = tasks.filter(isBundled);
  return bundled.length === 0 ? new Map() : inputDigests(bundled, await withRealPaths(packaging));
}

/** The source map of a task's bundle (`sources` relative to the project's boundary), or why there is none. */
export type BundleSourceMap = { map: string; bundleFile: typeof BUNDLE_FILE } | { reason: string };

/** Packages a task once more, with a source map, which is of use only when the zip is byte for byte the deployed one. */
export async function bundleWithSourceMap(
  task: ProjectTask,
  codeSha256: string,
  packaging: Packaging,
): Promise<BundleSourceMap> {
  if (!isBundled(task)) return { reason: 'its code is not packaged by this action' };
  const real = await withRealPaths(packaging);
  const { packages, builds } = await packageBundled([task], real, ['--sourcemap=external', '--sources-content=false']);
  if (packages[0]?.codeSha256 !== codeSha256) {
    return { reason: 'the deployed code is not what this checkout builds' };
  }
  const { file } = bundleOf(builds, task).output;
  const map = portableMap(await readFile(`${file}.map`, 'utf8'), file, real.project.boundary);
  return { map, bundleFile: BUNDLE_FILE };
}

async function packageBundled(
  tasks: readonly BundledTask[],
  packaging: Packaging,
  extraFlags: readonly string[] = [],
): Promise<{ packages: Package[]; builds: Build[] }> {
  if (tasks.length === 0) return { packages: [], builds: [] };
  const compressed = compressedFiles();
  const [builds, files] = await bothOrThrow(
    bundleTasks(tasks, packaging, extraFlags),
    // Deflated on the thread pool while esbuild works in its own process.
    filesWithContents(tasks, packaging, compressed),
  );
  const [packages] = await bothOrThrow(
    Promise.all(tasks.map((task) => assemble(task, builds, files.get(task) ?? [], compressed, packaging))),
    Promise.all(builds.map((build) => assertNoNativeAddons(bundledCode(build, packaging)))),
  );
  return { packages, builds };
}

function bundledCode({ metafile, group, outputs }: Build, { project }: Packaging): BundledCode {
  const { root, boundary } = project;
  const bundles = group.tasks.map(({ name }) => ({
    key: outputs.get(name)?.key,
    setting: `tasks.${name}.nodeModules`,
  }));
  return { metafile, root, boundary, bundles };
}

async function filesWithContents(
  tasks: readonly BundledTask[],
  packaging: Packaging,
  compressed: FileCache<Content>,
): Promise<Map<BundledTask, SourceFile[]>> {
  const files = await taskFiles(tasks, packaging);
  await Promise.all([...files.values()].flat().map((file) => compressed(file.content)));
  return files;
}

async function assemble(
  task: BundledTask,
  builds: readonly Build[],
  files: readonly SourceFile[],
  compressed: FileCache<Content>,
  packaging: Packaging,
): Promise<Package> {
  const { build, output } = bundleOf(builds, task);
  const bundle = { name: BUNDLE_FILE, mode: 0o100644 as const, content: output.file };
  const size = build.metafile.outputs[output.key]?.bytes ?? 0;
  const inputs = [...bundleInputs(build, output, packaging), ...fileInputs(files, packaging)].sort(bySize);
  const unzippedBytes = assertFits(task, [{ size }, ...files], inputs);
  const entries = await Promise.all(
    sortByName([bundle, ...files]).map(async ({ name, mode, content }) => ({
      name,
      mode,
      content: await compressed(content),
    })),
  );
  const zip = writeZip(entries);
  return {
    task,
    zip,
    digest: contentsDigest(entries.map(({ name, mode, content }) => ({ name, mode, sha256: content.sha256 }))),
    codeSha256: createHash('sha256').update(zip).digest('base64'),
    files: entries.map(({ name, content }) => ({ name, size: content.size })),
    inputs,
    unzippedBytes,
  };
}

/** esbuild works with real paths, so everything that is compared with its answers has to be one. */
async function withRealPaths(packaging: Packaging): Promise<Packaging> {
  const { project, tempDir, distDir } = packaging;
  const [root, boundary, temp, dist] = await Promise.all([
    realpath(project.root),
    realpath(project.boundary),
    realpath(tempDir),
    realpath(distDir),
  ]);
  // The same object where nothing changes: what was learned about a project is kept with it.
  const same = root === project.root && boundary === project.boundary;
  const real: Project = same ? project : { ...project, root, boundary };
  return { ...packaging, project: real, tempDir: temp, distDir: dist };
}
