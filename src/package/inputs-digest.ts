import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { SourceFile } from './assets.ts';
import { type Build, bundleOf, bundleTasks, type Output, type Packaging } from './bundle.ts';
import { hashedFiles } from './contents.ts';
import { contentsDigest } from './digest.ts';
import { taskFiles } from './files.ts';
import { type BundledTask, TASK_FLAGS } from './flags.ts';
import { bothOrThrow } from './settle.ts';

/** Counts up when packaging itself changes in a way that the rest of the hash does not show. */
const PACKAGING_VERSION = 1;

const SPLIT_FLAGS = ['--splitting', '--chunk-names=chunk-[hash]'];

/**
 * One hash per task over: the output of one build in which the tasks share chunks (so whatever esbuild heeds is in it,
 * also `tsconfig.json` and fields of packages), the files beside the bundle, the version of esbuild and its flags.
 */
export async function inputDigests(tasks: readonly BundledTask[], packaging: Packaging): Promise<Map<string, string>> {
  const hashed = hashedFiles();
  const [builds, files] = await bothOrThrow(
    bundleTasks(tasks, packaging, SPLIT_FLAGS),
    taskFiles(tasks, packaging).then((all) => filesDigests(all, hashed)),
  );
  const read = readOnce();
  const digest = async (task: BundledTask): Promise<[string, string]> => {
    const { build, output } = bundleOf(builds, task);
    const parts = [PACKAGING_VERSION, packaging.esbuild.version, TASK_FLAGS, task.settings.runtime, files.get(task)];
    const hash = createHash('sha256').update(JSON.stringify(parts));
    for (const text of await codeOf(build, output, packaging, read)) hash.update(`\0${text}`);
    return [task.name, hash.digest('hex')];
  };
  return new Map(await Promise.all(tasks.map(digest)));
}

async function filesDigests(
  files: ReadonlyMap<BundledTask, SourceFile[]>,
  hashed: (file: string) => Promise<string>,
): Promise<Map<BundledTask, string>> {
  const digest = async ([task, list]: [BundledTask, SourceFile[]]): Promise<[BundledTask, string]> => {
    const entries = list.map(async ({ name, mode, content }) => ({ name, mode, sha256: await hashed(content) }));
    return [task, contentsDigest(await Promise.all(entries))];
  };
  return new Map(await Promise.all([...files].map(digest)));
}

/**
 * The texts of a task's entry and of every chunk it reaches, in the order they are reached. The names of chunks, which
 * depend on the folder of the entries, are replaced by that order.
 */
async function codeOf(
  { metafile }: Build,
  output: Output,
  { project }: Packaging,
  read: (file: string) => Promise<string>,
): Promise<string[]> {
  const reached = [output.key];
  for (const key of reached) {
    for (const { path: imported, external } of metafile.outputs[key]?.imports ?? []) {
      if (!external && imported in metafile.outputs && !reached.includes(imported)) reached.push(imported);
    }
  }
  const texts = await Promise.all(reached.map((key) => read(path.resolve(project.root, key))));
  const places = new Map(reached.map((key, index) => [path.posix.basename(key), `chunk ${index}`]));
  return texts.map((text) => text.replace(/chunk-[A-Z0-9]{8}\.mjs/g, (name) => places.get(name) ?? name));
}

function readOnce(): (file: string) => Promise<string> {
  const texts = new Map<string, Promise<string>>();
  return (file) => {
    const text = texts.get(file) ?? readFile(file, 'utf8');
    texts.set(file, text);
    return text;
  };
}
