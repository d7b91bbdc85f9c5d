import path from 'node:path';
import { ActionError } from '../errors.ts';
import { fileListing, type SourceFile, taskAssets, withoutConflicts } from './assets.ts';
import { bySize, type Packaging } from './bundle.ts';
import { compileAssets } from './compile-assets.ts';
import type { BundledTask } from './flags.ts';
import { taskNodeModules } from './node-modules.ts';
import { relativePosix } from './resolve.ts';
import type { PackageFile } from './types.ts';
import { MAX_ENTRIES } from './zip.ts';

/** Lambda's limit for a function's code, unzipped: 250 MB. */
export const MAX_UNZIPPED_BYTES = 262_144_000;

/** What a task's package holds beside its bundle: assets and `nodeModules`, sorted by name. */
export async function taskFiles(
  tasks: readonly BundledTask[],
  packaging: Packaging,
): Promise<Map<BundledTask, SourceFile[]>> {
  const { project } = packaging;
  const assets = fileListing(project.boundary);
  const packages = fileListing(project.boundary, 'node_modules');
  const files = new Map<BundledTask, SourceFile[]>();
  await Promise.all(
    tasks.map(async (task) => {
      const [own, modules] = await Promise.all([
        taskAssets(task, project, assets),
        taskNodeModules(task, project, packages),
      ]);
      const all = withoutConflicts([...own, ...modules], `tasks.${task.name}`, project.boundary);
      assertFits(task, all, fileInputs(all, packaging));
      files.set(task, all);
    }),
  );
  return compileAssets(files, packaging);
}

export function fileInputs(files: readonly SourceFile[], { project }: Packaging): PackageFile[] {
  return files.map(({ source, size }) => ({ name: relativePosix(project.root, source), size }));
}

/** Throws `TASK_TOO_LARGE`, with the ten largest of `inputs`, when Lambda would refuse the package. */
export function assertFits(
  task: BundledTask,
  files: readonly { size: number }[],
  inputs: readonly PackageFile[],
): number {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes <= MAX_UNZIPPED_BYTES && files.length <= MAX_ENTRIES) return bytes;
  const what =
    bytes > MAX_UNZIPPED_BYTES
      ? `${megabytes(bytes)} unzipped, and Lambda takes ${megabytes(MAX_UNZIPPED_BYTES)}`
      : `${files.length} files, and a package holds at most ${MAX_ENTRIES}`;
  throw new ActionError('TASK_TOO_LARGE', `The package of ${task.name} has ${what}`, {
    advice: 'Copy less (copyAssets, nodeModules), or let the task fetch large files from S3 when it runs',
    location: { key: `tasks.${task.name}` },
    details: [...inputs]
      .sort(bySize)
      .slice(0, 10)
      .map(({ name, size }) => ({ message: `${path.posix.normalize(name)}: ${megabytes(size)}` })),
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
