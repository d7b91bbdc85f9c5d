import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { isCompiled, type SourceFile } from './assets.ts';
import { type Packaging, runForLambda } from './bundle.ts';
import { type BundledTask, groupByFlags, LAMBDA_FLAGS } from './flags.ts';
import { relativePosix } from './resolve.ts';

/** Windows ends a command line at 32,767 characters. */
const MAX_COMMAND_LINE = 20_000;

/**
 * The same files, with what the TypeScript ones among the assets were compiled to. Like Lumo's, each becomes an ES
 * module that holds what it imports, since its neighbours are renamed too.
 */
export async function compileAssets(
  files: ReadonlyMap<BundledTask, SourceFile[]>,
  packaging: Packaging,
): Promise<Map<BundledTask, SourceFile[]>> {
  const result = new Map(files);
  const tasks = [...files.keys()].filter((task) => sourcesOf(files, task).length > 0);
  await Promise.all(
    groupByFlags(tasks, packaging.project).map(async (group) => {
      const sources = [...new Set(group.tasks.flatMap((task) => sourcesOf(files, task)))];
      const compiled = await compile(sources, group.flags, packaging);
      for (const task of group.tasks) {
        result.set(
          task,
          (files.get(task) ?? []).map((file) => ({ ...file, ...compiled.get(file.source) })),
        );
      }
    }),
  );
  return result;
}

function sourcesOf(files: ReadonlyMap<BundledTask, SourceFile[]>, task: BundledTask): string[] {
  return (files.get(task) ?? []).map((file) => file.source).filter(isCompiled);
}

type Compiled = Pick<SourceFile, 'content' | 'size'>;

async function compile(
  sources: readonly string[],
  flags: readonly string[],
  packaging: Packaging,
): Promise<Map<string, Compiled>> {
  const { root } = packaging.project;
  const outdir = await mkdtemp(path.join(packaging.tempDir, 'assets-'));
  const compiled = new Map<string, Compiled>();
  for (const batch of batches(sources)) {
    const entries = batch.map((source) => `${compiled.size + batch.indexOf(source)}=${source}`);
    const metafile = await runForLambda([...entries, `--outdir=${outdir}`, ...LAMBDA_FLAGS], flags, packaging, outdir);
    for (const source of batch) {
      const content = path.join(outdir, `${compiled.size}.mjs`);
      compiled.set(source, { content, size: metafile.outputs[relativePosix(root, content)]?.bytes ?? 0 });
    }
  }
  return compiled;
}

function batches(sources: readonly string[]): string[][] {
  const result: string[][] = [];
  let length = MAX_COMMAND_LINE;
  for (const source of sources) {
    length += source.length + 10;
    if (length > MAX_COMMAND_LINE) {
      result.push([]);
      length = source.length;
    }
    result.at(-1)?.push(source);
  }
  return result;
}
