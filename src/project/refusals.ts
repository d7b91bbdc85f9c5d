import path from 'node:path';
import { ActionError, type ErrorCode, type ErrorDetail, type ErrorLocation } from '../errors.ts';
import { relativePosix } from '../package/resolve.ts';
import { positionAt } from './locate.ts';
import { mentionOf } from './mentions.ts';
import type { Conflict, OwnedTask } from './ownership.ts';

export interface RefusalContext {
  /** Real paths. */
  root: string;
  boundary: string;
  /** Texts of the files that were loaded, by their path relative to the project. */
  sources: ReadonlyMap<string, string>;
}

const TASK_CALL = /\b(?:task|schemaTask)\s*(?:<[^;]*?>\s*)?\(/;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
const LONGEST_ID = 128;

/** Ids are names of results, configuration keys, parts of file names and of S3 keys. */
export function refuseInvalidIds(tasks: readonly OwnedTask[], context: RefusalContext): void {
  const details = tasks.flatMap(({ file, description }): ErrorDetail[] => {
    const problem = idProblem(description.id);
    if (problem === undefined) return [];
    const message = `${JSON.stringify(file)} registers a task whose id ${problem}`;
    return [{ message, location: locationOf(file, description.id, context) }];
  });
  refuse(
    'CONFIG_INVALID',
    details,
    `Give the task an id of 1 to ${LONGEST_ID} printable characters, e.g. "seed-database"`,
  );
}

function idProblem(id: unknown): string | undefined {
  if (typeof id !== 'string') return `is a ${typeof id}, not a string`;
  if (id === '') return 'is empty';
  if (id.length > LONGEST_ID) return `has ${id.length} characters; at most ${LONGEST_ID} are possible`;
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(id)) return `${JSON.stringify(id)} holds characters that cannot be printed`;
  if (id.trim() !== id) return `${JSON.stringify(id)} begins or ends with a blank`;
  if (id.includes('\\') || id.split('/').some((part) => ['', '.', '..'].includes(part))) {
    return `${JSON.stringify(id)} is no name: between "/" there have to be texts other than "." and "..", and no "\\"`;
  }
  return undefined;
}

/** Ids that several definitions claim, and names that are both an id and that of a file which exports `run`. */
export function refuseDuplicates(
  tasks: readonly { name: string; file: string }[],
  conflicts: readonly Conflict[],
  context: RefusalContext,
): void {
  const files = new Map<string, string[]>(conflicts.map(({ id, files }) => [id, files]));
  for (const { name, file } of tasks) files.set(name, [...(files.get(name) ?? []), file]);
  const known = new Set(conflicts.map(({ id }) => id));
  const details = [...files].flatMap(([name, claiming]): ErrorDetail[] => {
    const distinct = [...new Set(claiming)];
    const last = distinct.at(-1);
    if (last === undefined || (claiming.length < 2 && !known.has(name))) return [];
    const list = distinct.map((file) => JSON.stringify(file)).join(' and ');
    const twice = distinct.length === 1 ? ' twice' : '';
    return [
      {
        message: `The task ${JSON.stringify(name)} is defined${twice} by ${list}`,
        location: locationOf(last, name, context),
      },
    ];
  });
  refuse(
    'TASK_DUPLICATE',
    details,
    'Rename one of the tasks or delete its file; compiled output does not belong beside its source',
  );
}

/** Files that import a task SDK themselves, call `task(` and have registered nothing; nothing is dropped silently. */
export function refuseUnregistered(files: readonly string[], context: RefusalContext): void {
  const details = files.flatMap((file): ErrorDetail[] => {
    const source = (context.sources.get(file) ?? '').replace(COMMENT, (comment) => comment.replace(/[^\n]/g, ' '));
    const call = TASK_CALL.exec(source);
    if (call === null) return [];
    const message = `${JSON.stringify(file)} calls task(...), but no task was registered when it was loaded`;
    return [{ message, location: { ...locationOf(file, '', context), ...positionAt(source, call.index) } }];
  });
  refuse(
    'TASK_NOT_REGISTERED',
    details,
    'Call task({ id, run }) at the top level of the file, not in a function or a branch',
  );
}

function locationOf(file: string, id: string, { root, boundary, sources }: RefusalContext): ErrorLocation {
  const line = id === '' ? undefined : mentionOf(id, sources.get(file))?.line;
  return { file: relativePosix(boundary, path.resolve(root, file)), ...(line !== undefined && { line }) };
}

function refuse(code: ErrorCode, details: readonly ErrorDetail[], advice: string): void {
  const [first] = details;
  if (first === undefined) return;
  const more = details.length > 1 ? ` (and ${details.length - 1} more)` : '';
  throw new ActionError(code, `${first.message}${more}`, {
    advice,
    ...(first.location && { location: first.location }),
    details,
  });
}
