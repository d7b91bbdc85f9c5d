import type { Clock } from '../clock.ts';
import type { Log } from '../runner/types.ts';
import { formatDocument } from './json.ts';
import type { Lock, LockOptions } from './lock.ts';
import { type LockObject, lockLost, readLock } from './lock-body.ts';
import type { LockBody, ObjectStore, SentAttempt } from './types.ts';

/** `Date` and `Last-Modified` of a response are whole seconds. */
const DATE_RESOLUTION_MS = 1000;

/** A lock that has been taken. Every write needs the ETag of the one before, so all go through one queue. */
export class HeldLock implements Lock {
  readonly owner: string;
  readonly generation: number;
  readonly lost: AbortSignal;
  readonly leftovers: readonly SentAttempt[];
  readonly leftoversEnd: Date | null;

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
    this.leftovers = taken.body.inFlight;
    this.#store = options.store;
    this.#key = options.key;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#current = taken;
    this.#revision = taken.body.revision;
    this.#serverOffset = taken.serverNow - options.clock.now();
    const { busyUntil } = taken.body;
    this.leftoversEnd = busyUntil === null ? null : new Date(Date.parse(busyUntil) - this.#serverOffset);
    this.#renewing = this.#renew((options.renewSeconds ?? 20) * 1000);
  }

  settle(): void {
    this.#settled = true;
  }

  async setBusyUntil(deadline: Date | null, sent: readonly SentAttempt[] = []): Promise<void> {
    const inFlight = [...this.#unsettled, ...sent];
    if (deadline === null) return await this.#enqueue(() => this.#write({ busyUntil: null, inFlight }));
    const left = deadline.getTime() - this.#clock.now();
    await this.#enqueue(async () => {
      const expected = this.#clock.now() + this.#serverOffset + left + DATE_RESOLUTION_MS;
      await this.#write({ busyUntil: new Date(expected).toISOString(), inFlight });
      // Its answer tells the server's time: our clock was set meanwhile, or the request took long.
      const needed = this.#current.serverNow + left;
      if (needed > expected) await this.#write({ busyUntil: new Date(needed + DATE_RESOLUTION_MS).toISOString() });
    });
  }

  async abandon(): Promise<void> {
    this.#stopped.abort();
    await this.#renewing;
    await this.#queue;
  }

  async release(): Promise<void> {
    await this.#finish(() => this.#write({ state: 'free', busyUntil: null, inFlight: [...this.#unsettled] }));
  }

  async remove(): Promise<void> {
    await this.#finish(async () => {
      // Proves that it is ours and gives the ETag, also when the answer to an earlier write was lost.
      await this.#write({ busyUntil: null });
      await this.#store.delete(this.#key, { ifMatch: this.#current.etag });
    });
  }

  get #unsettled(): readonly SentAttempt[] {
    return this.#settled ? [] : this.leftovers;
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
      const outcome = await this.#store.put(this.#key, formatDocument(body), { ifMatch: this.#current.etag });
      if (outcome.ok) {
        const { etag, serverNow } = outcome;
        this.#adopt({ body, etag, serverNow, lastModified: serverNow }, sentAt);
        return;
      }
      const found = await readLock(this.#store, this.#key);
      if (found?.body.owner !== this.owner) return this.#lose(found);
      this.#adopt(found, sentAt);
      if (found.body.revision === body.revision) return;
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
