import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { ActionError, type ErrorDetail } from '../errors.ts';
import { isInside, relativePosix } from '../package/resolve.ts';

/** Where the task files of a project lie, relative to it. */
export const TASKS_FOLDER = 'functions/tasks';

const TASK_FILE = /\.(?:ts|mts|cts|js|mjs|cjs)$/;
const NO_TASK_FILE = /^\.|\.d\.(?:ts|mts|cts)$|\.(?:test|spec)\.[^.]+$/;
const INIT_FILES = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map((extension) => `${TASKS_FOLDER}/init.${extension}`);
const TRIGGER_CONFIGS = ['ts', 'mts', 'js', 'mjs'].map((extension) => `trigger.config.${extension}`);

interface Folders {
  /** Real paths. */
  root: string;
  boundary: string;
}

/** Files of a project that may define tasks, or concern all of them. Relative to the project, with `/`. */
export interface CandidateFiles {
  /** Below the tasks folder, in byte order, `init` included. */
  files: string[];
  /** The first of `init.*` directly in the tasks folder. */
  init: string | undefined;
  /** `trigger.config.*` in `configFolder`, the folder of the Lumo configuration. */
  triggerConfig: string | undefined;
}

/** Throws `TASK_BUNDLE_FAILED` for files that cannot be taken. */
export async function findCandidates(configFolder: string, folders: Folders): Promise<CandidateFiles> {
  const [files, triggerConfig] = await Promise.all([listTaskFiles(folders), findTriggerConfig(configFolder, folders)]);
  return { files, init: INIT_FILES.find((file) => files.includes(file)), triggerConfig };
}

/** Compares as UTF-8 bytes, so the order is the same everywhere. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

async function findTriggerConfig(folder: string, { root, boundary }: Folders): Promise<string | undefined> {
  const names = new Set((await readFolder(folder)).map((entry) => entry.name));
  const name = TRIGGER_CONFIGS.find((each) => names.has(each));
  if (name === undefined) return undefined;
  const file = path.join(folder, name);
  const problem = await pathProblem(file, boundary);
  if (problem === undefined) return relativePosix(root, file);
  throw unreadable([{ message: problem, location: { file: relativePosix(boundary, file) } }]);
}

/** Links to folders are not followed. */
async function listTaskFiles({ root, boundary }: Folders): Promise<string[]> {
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

export function unreadable(details: readonly ErrorDetail[], cause?: unknown): ActionError {
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
