import type { Clock } from '../clock.ts';
import type { Log } from '../runner/types.ts';
import { formatDocument } from './json.ts';
import type { Lock, LockOptions } from './lock.ts';
import { type LockObject, lockLost, readLock } from './lock-body.ts';
import type { LockBody, ObjectStore, SentAttempt } from './types.ts';

/** `Date` and `Last-Modified` of a response are whole seconds, cut off. */
const DATE_RESOLUTION_MS = 1000;
/** How much longer than asked for a lock is kept, so that mostly one write does. */
const SLACK_MS = 2000;

/** A lock that has been taken. Every write needs the ETag of the one before, so all go through one queue. */
export class HeldLock implements Lock {
  readonly owner: string;
  readonly generation: number;
  readonly lost: AbortSignal;
  readonly leftovers: readonly SentAttempt[];
  readonly leftoversUntil: number;

  readonly #store: ObjectStore;
  readonly #key: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lost = new AbortController();
  readonly #stopped = new AbortController();
  readonly #renewing: Promise<void>;
  #current: LockObject;
  #revision: number;
  #settled = false;
  /** What to add to this machine's clock to get the server's. */
  #serverOffset: number;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: LockOptions, taken: LockObject) {
    this.owner = taken.body.owner;
    this.generation = taken.body.generation;
    this.lost = this.#lost.signal;
    this.leftovers = taken.body.inFlight ?? [];
    this.leftoversUntil = Date.parse(taken.body.busyUntil ?? new Date(0).toISOString());
    this.#store = options.store;
    this.#key = options.key;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#current = taken;
    this.#revision = taken.body.revision;
    this.#serverOffset = taken.serverNow - options.clock.now();
    this.#renewing = this.#renew((options.renewSeconds ?? 20) * 1000);
  }

  settle(): void {
    this.#settled = true;
  }

  async serverNow(): Promise<number> {
    const found = await readLock(this.#store, this.#key);
    return found?.serverNow ?? 0;
  }

  async keepFor(milliseconds: number, others = 0, inFlight: readonly SentAttempt[] = []): Promise<number> {
    return await this.#enqueue(async () => {
      const wanted = milliseconds + DATE_RESOLUTION_MS;
      let until = this.#clock.now() + this.#serverOffset + wanted + SLACK_MS;
      for (let slack = SLACK_MS; ; slack *= 2) {
        await this.#write(this.#busy(Math.max(until, others), inFlight));
        // Its answer tells the server's time. A clock that was set meanwhile makes the moment too early or far too
        // late, a request that took long makes it too early.
        const needed = this.#current.serverNow + wanted;
        if (until >= needed && until <= needed + 2 * slack) return until;
        until = needed + slack;
      }
    });
  }

  async prove(busyUntil: number | undefined, inFlight: readonly SentAttempt[] = []): Promise<void> {
    await this.#enqueue(() => this.#write(this.#busy(busyUntil, inFlight)));
  }

  async check(): Promise<void> {
    await this.#enqueue(async () => {
      this.lost.throwIfAborted();
      const found = await readLock(this.#store, this.#key);
      if (found?.body.owner !== this.owner || found.body.state === 'free') this.#lose(found);
    });
  }

  async abandon(): Promise<void> {
    this.#stopped.abort();
    await this.#renewing;
    await this.#queue;
  }

  async release(unheard: readonly SentAttempt[] = []): Promise<void> {
    await this.#finish(() => this.#write({ ...this.#busy(undefined, unheard), state: 'free', busyUntil: null }));
  }

  async remove(): Promise<void> {
    await this.#finish(async () => {
      // Proves that it is ours and gives the ETag, also when the answer to an earlier write was lost.
      await this.#write(this.#busy(undefined));
      await this.#store.delete(this.#key, { ifMatch: this.#current.etag });
    });
  }

  #busy(until: number | undefined, inFlight: readonly SentAttempt[] = []): Pick<LockBody, 'busyUntil' | 'inFlight'> {
    // What another process of ours left running may be running still.
    const latest = Math.max(until ?? 0, this.#settled ? 0 : this.leftoversUntil);
    const busyUntil = latest === 0 ? null : new Date(latest).toISOString();
    return { busyUntil, inFlight: [...(this.#settled ? [] : this.leftovers), ...inFlight] };
  }

  /** The last write. A lock that somebody else has by now needs none. */
  async #finish(write: () => Promise<void>): Promise<void> {
    await this.abandon();
    try {
      await this.#enqueue(write);
    } catch (error) {
      if (!this.lost.aborted) throw error;
      this.#log.warning(`Nothing to release: ${this.#lost.signal.reason.message}`);
    }
  }

  async #renew(everyMs: number): Promise<void> {
    let failing = false;
    while (await this.#pause(everyMs)) {
      try {
        await this.#enqueue(() => this.#write({}));
        failing = false;
      } catch (error) {
        if (this.lost.aborted) return;
        // Still ours until somebody else takes it; the next attempt asks again before it starts.
        const line = `The lock could not be renewed: ${error instanceof Error ? error.message : String(error)}`;
        if (failing) this.#log.debug(line);
        else this.#log.warning(line);
        failing = true;
      }
    }
  }

  /** False as soon as renewing has to end. */
  async #pause(milliseconds: number): Promise<boolean> {
    const ends = AbortSignal.any([this.#stopped.signal, this.lost]);
    try {
      await this.#clock.sleep(milliseconds, ends);
    } catch (error) {
      if (!ends.aborted) throw error;
    }
    return !ends.aborted;
  }

  #enqueue<T>(write: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(write);
    this.#queue = result.catch(() => undefined); // for the order only: the caller has `result`
    return result;
  }

  /** One conditional write. Refused though the lock is ours: the answer to a write of ours was lost. */
  async #write(change: Partial<LockBody>): Promise<void> {
    for (;;) {
      this.lost.throwIfAborted();
      // A new one for every write, also after one that failed: it may have been stored, and is not this one.
      this.#revision += 1;
      const body = { ...this.#current.body, ...change, revision: this.#revision };
      const sentAt = this.#clock.now();
      const bytes = formatDocument(body);
      const outcome = await this.#store.put(this.#key, bytes, { ifMatch: this.#current.etag });
      if (outcome.ok) {
        const { etag, serverNow } = outcome;
        this.#adopt({ body, etag, serverNow, lastModified: serverNow }, sentAt);
        return;
      }
      const found = await readLock(this.#store, this.#key);
      if (found?.body.owner !== this.owner) return this.#lose(found);
      this.#adopt(found, sentAt);
      if (formatDocument(found.body).equals(bytes)) return;
      // Freed by somebody who acts for us: anybody may have it now, so it is not ours to renew.
      if (found.body.state === 'free') return change.state === 'free' ? undefined : this.#lose(found);
    }
  }

  #adopt(current: LockObject, sentAt: number): void {
    this.#current = current;
    this.#serverOffset = current.serverNow - sentAt;
  }

  #lose(found: LockObject | undefined): never {
    const error = lockLost(found?.body, `s3://${this.#store.bucket}/${this.#key}`);
    this.#lost.abort(error);
    throw error;
  }
}
