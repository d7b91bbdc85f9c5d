import type { HistorySource } from '../history/types.ts';
import type { Phase } from '../project/types.ts';
import type { RunStatus } from '../runs/types.ts';

/** An object as it was read: its bytes, its ETag (opaque, quotes included) and the server's clock around it. */
export interface StoredObject {
  body: Buffer;
  etag: string;
  /** Milliseconds since the epoch, by the server. */
  lastModified: number;
  /** The server's `Date` of this response, milliseconds since the epoch. */
  serverNow: number;
}

/** Outcome of a write: the new ETag and the server's `Date` of the response, or `ok: false` when the condition did not hold. */
export type PutOutcome = { ok: true; etag: string; serverNow: number } | { ok: false };

export type PutCondition = { ifNoneMatch: '*' } | { ifMatch: string } | undefined;

/**
 * The bucket, or nothing. Keys are complete (`lumo-tasks/state/...`). Every request carries the expected bucket owner.
 * Throws `ActionError` (`ACCESS_DENIED` with the missing IAM statement, `BUCKET_NOT_FOUND`, `BUCKET_FOREIGN`, `AWS_FAILED`).
 */
export interface ObjectStore {
  readonly bucket: string;
  get(key: string): Promise<StoredObject | undefined>;
  put(key: string, body: Buffer | string, condition?: PutCondition): Promise<PutOutcome>;
  delete(key: string, condition?: { ifMatch: string }): Promise<boolean>;
  list(prefix: string): Promise<string[]>;
  exists(key: string): Promise<boolean>;
  /** Throws when the bucket cannot be used. */
  check(): Promise<void>;
}

/** Identity of one workflow run, or of one execution of the command line. */
export interface RunIdentity {
  id: string;
  attempt: number;
  url: string | null;
}

export interface MarkerTask {
  function: string;
  version: string;
  digest: string;
  /** Base64 SHA-256 of the zip, empty for a function that is not ours. */
  codeSha256: string;
  /** Of the function, as Lambda said it when the version was current. */
  lastModified?: string;
  /** What `command: run` needs to run the task again: its configuration as it was deployed. */
  options: Record<string, unknown>;
  status: RunStatus;
}

/** `marker.json`: the environment's last complete deployment. */
export interface Marker {
  schema: 1;
  project: string;
  environment: string;
  repository: string;
  /** Path of the project inside the repository, `.` at its top. */
  path: string;
  region: string;
  version: string;
  previousVersion?: string;
  phase: Phase;
  commit: string;
  /** ISO 8601. */
  deployedAt: string;
  actor: string;
  run: RunIdentity;
  /** Of the holder of the lock who wrote it or has taken it over since: rises with each. */
  generation: number;
  tasks: Record<string, MarkerTask>;
}

/** A marker before it is written: whoever holds the lock then gives it its generation. */
export type MarkerContent = Omit<Marker, 'generation'>;

export interface CompletedTask {
  digest: string;
  version: string;
  run: RunIdentity;
  /** ISO 8601. */
  completedAt: string;
  /**
   * The phases the task runs on, so that a later deployment knows a first-deploy task without its configuration. Empty
   * when taken over from a marker, which does not hold them.
   */
  runOn: Phase[];
  function: string;
  functionVersion: string;
  codeSha256: string;
  lastModified?: string;
  options: Record<string, unknown>;
}

/** A task that is about to run: what it counts with once it has completed. */
export type PlannedTask = Omit<CompletedTask, 'completedAt'>;

/** `progress.json`: what has completed of a deployment that is not complete yet. */
export interface Progress {
  schema: 1;
  project: string;
  environment: string;
  repository: string;
  path: string;
  region: string;
  run: RunIdentity;
  version: string;
  phase: Phase;
  previousVersion?: string;
  source: Exclude<HistorySource, 'progress'>;
  completed: Record<string, CompletedTask>;
  /** What the deployment has yet to run; with it a result that nobody heard of can still be recorded. */
  planned?: { deployment: string; tasks: Record<string, PlannedTask> };
  /** Of the holder of the lock who wrote it. */
  generation?: number;
}

/** `inventory.json`: every function name the environment may own, written before the first one is created. */
export interface Inventory {
  schema: 1;
  repository: string;
  path: string;
  region: string;
  functions: string[];
  /** Of the holder of the lock who wrote it. */
  generation?: number;
}

/** One Invoke that was sent. */
export interface SentAttempt {
  deployment: string;
  task: string;
  /** Counts from 1. */
  attempt: number;
  /** Of its channel; missing when it has none. */
  nonce?: string;
}

/** `lock.json`. */
export interface LockBody {
  schema: 1;
  state: 'held' | 'free';
  /** Random per acquisition: how a lock whose answer was lost is recognised as ours. */
  owner: string;
  run: RunIdentity;
  actor: string;
  /** ISO 8601. */
  acquiredAt: string;
  ttlSeconds: number;
  /** ISO 8601 of the latest deadline of the attempts in flight, or null. */
  busyUntil: string | null;
  /** The attempts in flight, and those of earlier holders that nobody has heard of since. */
  inFlight?: SentAttempt[];
  generation: number;
  /** Counts the writes of one holder: equal bytes would get an equal ETag, and `If-Match` could not tell a renewal. */
  revision: number;
}
