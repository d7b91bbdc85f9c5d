import { ActionError } from '../errors.ts';
import { type DocumentType, formatDocument, parseDocument, type Stored } from './json.ts';
import type { ObjectStore } from './types.ts';

/** What a document of the state carries so that holders of the lock can be told apart. */
export interface Fenced {
  /** Of the holder who wrote it. */
  generation?: number;
}

export interface FencedPlace<T> {
  store: ObjectStore;
  key: string;
  type: DocumentType<T>;
  /** Of this holder, higher than that of every holder before. */
  generation: number;
  /** Throws `LOCK_LOST` when the lock is not ours any more. */
  checkLock(): Promise<void>;
}

/**
 * One document of an environment, changed by the holder of the lock and by nobody else. Every write has the ETag of the
 * last one for its condition and carries the holder's generation. The first thing a holder does is to write what exists
 * again (`takeOver`): from then on the writes of every earlier one fail. What does not exist yet cannot shut anybody out,
 * so the lock is looked at right before it is created; and what an earlier holder created all the same is written over.
 */
export class FencedDocument<T extends Fenced> {
  readonly #place: FencedPlace<T>;
  #stored: Stored<T> | undefined;
  /** What was sent since the last answer: any of it may have been stored. */
  #unanswered: Buffer[] = [];

  constructor(place: FencedPlace<T>, stored: Stored<T> | undefined) {
    this.#place = place;
    this.#stored = stored;
  }

  get value(): T | undefined {
    return this.#stored?.value;
  }

  /** Shuts out whoever held the lock before; nothing but the generation changes. */
  async takeOver(): Promise<void> {
    if (this.#stored) await this.write((found) => found);
  }

  /**
   * Writes what `make` makes of the document as it lies there, with our generation; undefined: nothing. One at a time.
   * Throws `LOCK_LOST` when somebody else has the lock, and when somebody who has not taken it wrote meanwhile.
   */
  async write(make: (found: T | undefined) => Omit<T, 'generation'> | undefined): Promise<void> {
    const { store, key, generation, checkLock } = this.#place;
    if (!this.#stored) await checkLock();
    for (;;) {
      const made = make(this.value);
      if (made === undefined) return;
      const value = { ...made, generation } as T;
      const body = formatDocument(value);
      this.#unanswered.push(body);
      const outcome = await store.put(key, body, this.#stored ? { ifMatch: this.#stored.etag } : { ifNoneMatch: '*' });
      if (outcome.ok) return this.#settle({ value, etag: outcome.etag });
      const found = await this.#look();
      this.#settle(found.stored);
      if (found.body.equals(body)) return;
    }
  }

  /** Deletes it, if it is as we know it. */
  async remove(): Promise<void> {
    const { store, key } = this.#place;
    while (this.#stored && !(await store.delete(key, { ifMatch: this.#stored.etag }))) {
      if (!(await store.exists(key))) break; // the answer to our own delete was lost
      this.#settle((await this.#look()).stored);
    }
    this.#stored = undefined;
  }

  /** After a condition that did not hold: what lies there, when it is ours or nobody's who may write now. */
  async #look(): Promise<{ body: Buffer; stored: Stored<T> }> {
    const { store, key, type, generation, checkLock } = this.#place;
    const found = await store.get(key);
    if (!found) throw this.#lost();
    const value = parseDocument(type, found.body, store, key);
    if (!this.#unanswered.some((body) => body.equals(found.body))) {
      if (value.generation === undefined || value.generation >= generation) throw this.#lost();
      // Of an earlier holder, as long as the lock has been ours since we read it.
      await checkLock();
    }
    return { body: found.body, stored: { value, etag: found.etag } };
  }

  #settle(stored: Stored<T>): void {
    this.#stored = stored;
    this.#unanswered = [];
  }

  #lost(): ActionError {
    const { store, key } = this.#place;
    return new ActionError('LOCK_LOST', `s3://${store.bucket}/${key} was changed by another deployment meanwhile.`, {
      advice:
        'Another deployment of this environment has taken over; look at its run, then run this one again if it is still needed.',
    });
  }
}
