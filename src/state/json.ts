import { ActionError } from '../errors.ts';
import { isTooDeep, MAX_JSON_DEPTH } from '../json-depth.ts';
import {
  anyObject,
  count,
  instant,
  isObject,
  list,
  nullable,
  object,
  oneOf,
  optional,
  record,
  type Shape,
  string,
} from './shapes.ts';
import type { Inventory, LockBody, Marker, ObjectStore, Progress } from './types.ts';

/** A document of the state as it was read or written, with the ETag that its next conditional write needs. */
export interface Stored<T> {
  value: T;
  etag: string;
}

/** Name of a document and the shape its JSON must have. */
export interface DocumentType<T> {
  readonly name: string;
  readonly shape: Shape;
  /** Never set: ties the type to the name. */
  readonly type?: T;
}

const RUN = object({ id: string, attempt: count, url: nullable(string) });
const PHASE = oneOf('deploy', 'update');
const OWNER = { repository: string, path: string, region: string };

export const MARKER: DocumentType<Marker> = {
  name: 'marker',
  shape: object({
    ...OWNER,
    project: string,
    environment: string,
    version: string,
    previousVersion: optional(string),
    phase: PHASE,
    commit: string,
    deployedAt: instant,
    actor: string,
    run: RUN,
    generation: count,
    tasks: record(
      object({
        function: string,
        version: string,
        digest: string,
        codeSha256: string,
        lastModified: optional(string),
        options: anyObject,
        status: string,
      }),
    ),
  }),
};

const PLANNED_TASK = {
  digest: string,
  version: string,
  run: RUN,
  runOn: list(PHASE),
  function: string,
  functionVersion: string,
  codeSha256: string,
  lastModified: optional(string),
  options: anyObject,
};

export const PROGRESS: DocumentType<Progress> = {
  name: 'progress',
  shape: object({
    ...OWNER,
    project: string,
    environment: string,
    run: RUN,
    version: string,
    phase: PHASE,
    previousVersion: optional(string),
    source: oneOf('input', 'marker', 'tag', 'none'),
    completed: record(object({ ...PLANNED_TASK, completedAt: instant })),
    planned: optional(object({ deployment: string, tasks: record(object(PLANNED_TASK)) })),
    generation: optional(count),
  }),
};

export const INVENTORY: DocumentType<Inventory> = {
  name: 'inventory',
  shape: object({ ...OWNER, functions: list(string), generation: optional(count) }),
};

export const LOCK: DocumentType<LockBody> = {
  name: 'lock',
  shape: object({
    state: oneOf('held', 'free'),
    owner: string,
    run: RUN,
    actor: string,
    acquiredAt: instant,
    ttlSeconds: count,
    busyUntil: nullable(instant),
    inFlight: optional(list(object({ deployment: string, task: string, attempt: count, nonce: optional(string) }))),
    generation: count,
    revision: count,
  }),
};

const SCHEMA = 1;

/** The document in `body`; `STATE_INVALID` when it is broken, or newer than this release understands. */
export function parseDocument<T>(type: DocumentType<T>, body: Buffer, store: ObjectStore, key: string): T {
  const where = `s3://${store.bucket}/${key}`;
  const value = parseJson(type, body, where);
  const schema = isObject(value) ? value.schema : undefined;
  if (typeof schema === 'number' && schema > SCHEMA) {
    throw new ActionError(
      'STATE_INVALID',
      `The ${type.name} ${where} has schema ${schema}; this release reads ${SCHEMA}.`,
      {
        advice: 'Use a release of the action that is at least as new as the one that deployed this environment last.',
      },
    );
  }
  const problems = [...oneOf(SCHEMA)(schema, 'schema'), ...type.shape(value, '')];
  if (problems.length > 0) throw broken(type, where, { details: problems.map((message) => ({ message })) });
  return value as T;
}

export function formatDocument(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}

function parseJson<T>(type: DocumentType<T>, body: Buffer, where: string): unknown {
  const text = body.toString('utf8');
  // Documents hold options, whose payload may have all the levels there may be.
  if (isTooDeep(text, 2 * MAX_JSON_DEPTH))
    throw broken(type, where, { details: [{ message: 'it is nested too deeply' }] });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw broken(type, where, { cause });
  }
}

const REPAIR: Record<string, string> = {
  lock: 'When no deployment of this environment is running, delete the object and run again.',
  marker: 'Restore it from an older version of the object or from its newest copy below `history/`, and run again.',
};

function broken<T>(
  type: DocumentType<T>,
  where: string,
  found: { cause?: unknown; details?: { message: string }[] },
): ActionError {
  return new ActionError('STATE_INVALID', `The ${type.name} ${where} is not what this action wrote.`, {
    advice:
      REPAIR[type.name] ?? 'Restore an older version of the object, or remove the environment with `command: destroy`.',
    ...found,
  });
}
