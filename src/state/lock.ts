import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { ActionError } from '../errors.ts';
import type { Log } from '../runner/types.ts';
import { HeldLock } from './held-lock.ts';
import { formatDocument } from './json.ts';
import { describeHolder, endsAt, isOpen, type LockObject, lockHeld, readLock } from './lock-body.ts';
import type { LockBody, ObjectStore, RunIdentity, SentAttempt } from './types.ts';

export interface LockOptions {
  store: ObjectStore;
  key: string;
  run: RunIdentity;
  actor: string;
  /** How long to wait for another holder; 0: not at all. */
  timeoutSeconds: number;
  /** Without a renewal for so long, and when `busyUntil` has passed, the lock is free. */
  ttlSeconds?: number;
  renewSeconds?: number;
  clock: Clock;
  log: Log;
  /** Ends the waiting; a lock that is held already stays held. */
  signal?: AbortSignal;
}

/** The lock of one environment, renewed in the background until it is released, removed or abandoned. */
export interface Lock {
  /** Identifies this acquisition; what `resumeLock` needs in another process. */
  readonly owner: string;
  /** Higher than that of every holder before. */
  readonly generation: number;
  /** Aborts with `LOCK_LOST` as soon as it is known that somebody else has the lock. */
  readonly lost: AbortSignal;
  /** Attempts that an earlier holder, or this one in another process, has not heard of; until `settle` they stay listed. */
  readonly leftovers: readonly SentAttempt[];
  /** When none of the leftovers can be running any more, by the server's clock; 0: none can. */
  readonly leftoversUntil: number;
  /** The leftovers are known about; the next write leaves them out. */
  settle(): void;
  /** Milliseconds since the epoch by the server's clock, asked for now: this machine's may have been set meanwhile. */
  serverNow(): Promise<number>;
  /**
   * Nobody gets the lock before the moment this answers, whatever becomes of this process: `milliseconds` after the
   * answer at least, nor before `others`. `inFlight`: all that may be running then. Moments are milliseconds since the
   * epoch by the server's clock. To be awaited before each attempt; throws `LOCK_LOST`.
   */
  keepFor(milliseconds: number, others: number | undefined, inFlight?: readonly SentAttempt[]): Promise<number>;
  /**
   * Proves that the lock is still ours, or throws `LOCK_LOST`; `busyUntil`: when the last attempt in flight has ended,
   * by the server's clock, or undefined, and which. To be awaited before the deployment is recorded.
   */
  prove(busyUntil: number | undefined, inFlight?: readonly SentAttempt[]): Promise<void>;
  /** Throws `LOCK_LOST` when it is not ours any more; writes nothing. */
  check(): Promise<void>;
  /** Stops renewing and leaves it held: it ends by itself when its time to live and `busyUntil` have passed. */
  abandon(): Promise<void>;
  /** Frees it; only when nothing can be running any more. `unheard`: attempts that have ended, nobody knows how. */
  release(unheard?: readonly SentAttempt[]): Promise<void>;
  /** Deletes it, with the environment. */
  remove(): Promise<void>;
}

const LONGEST_POLL_MS = 8000;
const REPEAT_LINE_MS = 60_000;

/** Waits for the lock and takes it; `LOCK_HELD` when another holder did not let go in time. */
export async function acquireLock(options: LockOptions): Promise<Lock> {
  const { store, key, signal } = options;
  const owner = randomUUID();
  const wait = createWait(options);
  for (;;) {
    signal?.throwIfAborted();
    const current = await readLock(store, key);
    if (current?.body.owner === owner) return new HeldLock(options, current);
    if (current && !isOpen(current)) {
      await wait(current);
      continue;
    }
    const taken = await take(options, owner, current);
    if (taken) return new HeldLock(options, taken);
    // Lost a race, or won it and lost the answer: the next look tells.
    await options.clock.sleep(50 + 200 * options.clock.random(), signal);
  }
}

/** The lock that another process took as `owner` and left; undefined when somebody else has it, or nobody. */
export async function resumeLock(options: LockOptions, owner: string): Promise<Lock | undefined> {
  const current = await readLock(options.store, options.key);
  if (current?.body.owner !== owner || current.body.state !== 'held') return undefined;
  return new HeldLock(options, current);
}

async function take(
  options: LockOptions,
  owner: string,
  open: LockObject | undefined,
): Promise<LockObject | undefined> {
  const { store, key, run, actor, ttlSeconds = 60, clock } = options;
  const body: LockBody = {
    schema: 1,
    state: 'held',
    owner,
    run,
    actor,
    acquiredAt: new Date(open?.serverNow ?? clock.now()).toISOString(),
    ttlSeconds,
    busyUntil: null,
    inFlight: open?.body.inFlight ?? [],
    generation: (open?.body.generation ?? 0) + 1,
    revision: 0,
  };
  const outcome = await store.put(key, formatDocument(body), open ? { ifMatch: open.etag } : { ifNoneMatch: '*' });
  if (!outcome.ok) return undefined;
  return { body, etag: outcome.etag, lastModified: outcome.serverNow, serverNow: outcome.serverNow };
}

/** Waits a little each time it is called; measures by the server's clock, and says who holds the lock. */
function createWait(options: LockOptions): (held: LockObject) => Promise<void> {
  const { store, key, timeoutSeconds, clock, log, signal } = options;
  let giveUpAt: number | undefined;
  let announced: { owner: string; at: number } | undefined;
  let polls = 0;
  return async (held) => {
    giveUpAt ??= held.serverNow + timeoutSeconds * 1000;
    const left = giveUpAt - held.serverNow;
    if (left <= 0) throw heldError(store, key, held, timeoutSeconds);
    if (announced?.owner !== held.body.owner || held.serverNow - announced.at >= REPEAT_LINE_MS) {
      log.info(waitingLine(held, giveUpAt));
      announced = { owner: held.body.owner, at: held.serverNow };
    }
    const poll = Math.min(LONGEST_POLL_MS, 1000 * 2 ** polls) * (0.5 + clock.random());
    polls += 1;
    await clock.sleep(Math.min(poll, left), signal);
  };
}

function waitingLine(held: LockObject, giveUpAt: number): string {
  const holds = held.body.busyUntil ? `, its tasks have until ${held.body.busyUntil}` : '';
  return `Waiting for another deployment of this environment: ${describeHolder(held.body)}${holds}; giving up at ${new Date(giveUpAt).toISOString()}.`;
}

function heldError(store: ObjectStore, key: string, held: LockObject, timeoutSeconds: number): ActionError {
  const ends = new Date(endsAt(held)).toISOString();
  return lockHeld(
    `Another deployment holds the lock of this environment: ${describeHolder(held.body)}. ` +
      `It ends by itself at ${ends} unless it is renewed${timeoutSeconds > 0 ? `; waited ${timeoutSeconds} s` : ''}.`,
    `s3://${store.bucket}/${key}`,
  );
}
