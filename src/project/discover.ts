import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ActionError, type ErrorDetail } from '../errors.ts';
import { describeCommonJs } from '../package/describe.ts';
import { type Esbuild, EsbuildFailure, esbuildDetails, type Metafile, runEsbuild } from '../package/esbuild.ts';
import { isInside, relativePosix } from '../package/resolve.ts';

/** Where the task files of a project lie, relative to it. */
export const TASKS_FOLDER = 'functions/tasks';

const TASK_FILE = /\.(?:ts|mts|cts|js|mjs|cjs)$/;
const NO_TASK_FILE = /^\.|\.d\.(?:ts|mts|cts)$|\.(?:test|spec)\.[^.]+$/;
const TASK_SDK = /^(?:@lumo-framework\/tasks|@trigger\.dev\/sdk)(?:\/|$)/;
const TASK_CALL = /\b(?:task|schemaTask)\s*(?:<[^;]*?>\s*)?\(/;

export interface DiscoverOptions {
  /** Real paths. */
  root: string;
  boundary: string;
  environment: string;
  esbuild: Esbuild;
  distDir: string;
  tempDir: string;
}

export interface FoundTask {
  name: string;
  /** Relative to the project, with `/`. */
  file: string;
}

export interface Discovery {
  /** In byte order of their names. */
  tasks: FoundTask[];
  /** Files that export no `run`, relative to the project, in byte order. */
  helpers: string[];
}

/** What one bundling pass tells about a task file. */
interface ScannedFile {
  file: string;
  exportsRun: boolean;
  commonJs: boolean;
  importsTaskSdk: boolean;
}

/**
 * The task files of a project: those that export `run`. Throws `TASK_BUNDLE_FAILED` with all files that cannot be read,
 * `TASK_DIALECT_UNSUPPORTED` and `TASK_DUPLICATE`.
 */
export async function discoverTasks(options: DiscoverOptions): Promise<Discovery> {
  const files = await listTaskFiles(options);
  if (files.length === 0) return { tasks: [], helpers: [] };
  const scanned = await scanFiles(files, options);
  const commonJs = scanned.filter((each) => each.commonJs).map((each) => each.file);
  const described = commonJs.length === 0 ? undefined : await describeCommonJs(commonJs, options);
  const isTask = (each: ScannedFile) =>
    each.commonJs ? described?.get(each.file)?.exports.includes('run') === true : each.exportsRun;
  const others = scanned.filter((each) => !isTask(each));
  await refuseOtherDialect(others, options);
  const tasks = scanned.filter(isTask).map(({ file }) => ({ name: taskName(file), file }));
  refuseDuplicates(tasks, options);
  return { tasks: tasks.sort((a, b) => compareBytes(a.name, b.name)), helpers: others.map(({ file }) => file) };
}

/** Compares as UTF-8 bytes, so the order is the same everywhere. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function taskName(file: string): string {
  return file.slice(TASKS_FOLDER.length + 1).replace(TASK_FILE, '');
}

/** Candidates below the tasks folder, relative to the project, in byte order. Links to folders are not followed. */
async function listTaskFiles({ root, boundary }: DiscoverOptions): Promise<string[]> {
  const files: string[] = [];
  const refused: ErrorDetail[] = [];
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readFolder(path.join(root, folder))) {
      const file = `${folder}/${entry.name}`;
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory()) await visit(file);
      else if (TASK_FILE.test(entry.name) && !NO_TASK_FILE.test(entry.name)) {
        const problem = await pathProblem(path.join(root, file), boundary);
        if (problem === undefined) files.push(file);
        else refused.push({ message: problem, location: { file: relativePosix(boundary, path.join(root, file)) } });
      }
    }
  };
  await visit(TASKS_FOLDER);
  if (refused.length > 0) throw unreadable(refused);
  return files.sort(compareBytes);
}

async function readFolder(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}

/** Why a file cannot be given to esbuild; `*` and `\` mean something else in its import paths. */
async function pathProblem(file: string, boundary: string): Promise<string | undefined> {
  if (/[*\\]/.test(path.basename(file))) return `The name ${JSON.stringify(path.basename(file))} contains "*" or "\\"`;
  const target = await realpath(file).catch(() => undefined);
  if (target === undefined) return 'The symbolic link leads nowhere';
  return isInside(boundary, target) ? undefined : 'The symbolic link leads out of the repository';
}

/** One esbuild process for all files: each behind a small entry, so that no file name reaches the command line. */
async function scanFiles(files: readonly string[], options: DiscoverOptions): Promise<ScannedFile[]> {
  const { root, boundary, esbuild, tempDir } = options;
  await mkdir(tempDir, { recursive: true });
  const folder = await mkdtemp(path.join(tempDir, 'scan-'));
  try {
    const entry = (index: number) => path.join(folder, 'entries', `${index}.mjs`);
    await mkdir(path.dirname(entry(0)));
    await Promise.all(
      files.map((file, index) => writeFile(entry(index), `export * from ${JSON.stringify(path.join(root, file))};\n`)),
    );
    const flags = [
      '--bundle',
      '--packages=external',
      '--platform=node',
      '--format=esm',
      '--splitting',
      // A native addon is the packager's finding, which knows what to advise.
      '--loader:.node=empty',
      `--outdir=${path.join(folder, 'out')}`,
    ];
    const metafile = await runEsbuild(esbuild, [...flags, path.join(folder, 'entries', '*.mjs')], {
      cwd: root,
      tempDir,
    });
    return readScan(files, metafile);
  } catch (error) {
    if (!(error instanceof EsbuildFailure)) throw error;
    throw unreadable(esbuildDetails(error.messages, boundary), error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readScan(files: readonly string[], { inputs, outputs }: Metafile): ScannedFile[] {
  const entries = new Map<number, string>();
  for (const output of Object.values(outputs)) {
    const index = /(?:^|\/)entries\/(\d+)\.mjs$/.exec(output.entryPoint ?? '')?.[1];
    if (output.entryPoint !== undefined && index !== undefined) entries.set(Number(index), output.entryPoint);
  }
  const exported = new Map(Object.values(outputs).map((output) => [output.entryPoint, output.exports]));
  return files.map((file, index) => {
    const entry = entries.get(index) ?? '';
    const input = inputs[inputs[entry]?.imports[0]?.path ?? file];
    return {
      file,
      exportsRun: exported.get(entry)?.includes('run') === true,
      commonJs: input?.format === 'cjs',
      importsTaskSdk: input?.imports.some((each) => each.external === true && TASK_SDK.test(each.path)) === true,
    };
  });
}

/** Files that register tasks with an SDK instead of exporting `run`; nothing is dropped silently. */
async function refuseOtherDialect(others: readonly ScannedFile[], { root, boundary }: DiscoverOptions): Promise<void> {
  const details: ErrorDetail[] = [];
  for (const { file } of others.filter((each) => each.importsTaskSdk)) {
    const source = await readFile(path.join(root, file), 'utf8');
    const call = TASK_CALL.exec(source);
    if (call === null) continue;
    const line = source.slice(0, call.index).split('\n').length;
    details.push({
      message: `${JSON.stringify(file)} defines a task with task({...}), which this version does not run yet`,
      location: { file: relativePosix(boundary, path.join(root, file)), line },
    });
  }
  const [first] = details;
  if (first === undefined) return;
  throw new ActionError('TASK_DIALECT_UNSUPPORTED', first.message, {
    advice: 'Export a function: export const run = async (ctx) => ({ success: true, message: "…" })',
    ...(first.location && { location: first.location }),
    details,
  });
}

function refuseDuplicates(tasks: readonly FoundTask[], { root, boundary }: DiscoverOptions): void {
  const files = new Map<string, string[]>();
  for (const { name, file } of tasks) files.set(name, [...(files.get(name) ?? []), file]);
  const details = [...files].flatMap(([name, same]): ErrorDetail[] => {
    const [first, second] = same;
    if (first === undefined || second === undefined) return [];
    const list = same.map((file) => JSON.stringify(file)).join(' and ');
    const location = { file: relativePosix(boundary, path.join(root, second)) };
    return [{ message: `The task ${JSON.stringify(name)} is defined by ${list}`, location }];
  });
  const [first] = details;
  if (first === undefined) return;
  throw new ActionError('TASK_DUPLICATE', first.message, {
    advice: 'Rename or delete one of the files; compiled output does not belong beside its source',
    ...(first.location && { location: first.location }),
    details,
  });
}

function unreadable(details: readonly ErrorDetail[], cause?: unknown): ActionError {
  const [first] = details;
  const more = details.length > 1 ? ` (and ${details.length - 1} more)` : '';
  return new ActionError('TASK_BUNDLE_FAILED', `A task file cannot be read: ${first?.message ?? ''}${more}`, {
    advice:
      'Correct the files below; a file that is no task belongs outside of functions/tasks if it cannot be bundled',
    ...(first?.location && { location: first.location }),
    details,
    cause,
  });
}
