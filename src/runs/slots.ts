/** A queue of the user's. `concurrencyLimit`: attempts at a time, undefined: as many as may be. */
export interface Queue {
  name: string;
  concurrencyLimit: number | undefined;
}

/** The right to execute, one attempt at a time; whoever is given one holds it from the start. */
export interface Slot {
  /** While nothing executes, during a back-off for example, others may. Giving back what one does not hold is fine. */
  release(): void;
  /** Waits until there is room again; who waits longest goes first. Rejects with the signal's reason. */
  regain(signal: AbortSignal): Promise<void>;
}

interface Waiter {
  queue: string;
  admit(): void;
}

/**
 * Who may execute: never more attempts than `total`, never more on one queue than its limit. Of limits that differ for
 * one name the smallest counts.
 */
export class Slots {
  readonly #total: number;
  readonly #limits = new Map<string, number>();
  readonly #executing = new Map<string, number>();
  readonly #waiting = new Set<Waiter>();
  #whenFreed = new Set<() => void>();

  constructor(total: number, queues: readonly Queue[]) {
    this.#total = total;
    for (const { name, concurrencyLimit = Number.POSITIVE_INFINITY } of queues) {
      this.#limits.set(name, Math.min(concurrencyLimit, this.limitOf(name)));
    }
  }

  limitOf(queue: string): number {
    return this.#limits.get(queue) ?? Number.POSITIVE_INFINITY;
  }

  isFree(queue: string): boolean {
    const all = [...this.#executing.values()].reduce((sum, number) => sum + number, 0);
    return all < this.#total && this.#executingOn(queue) < this.limitOf(queue);
  }

  /** For an attempt that starts now; `isFree` said that it may. */
  take(queue: string): Slot {
    this.#change(queue, 1);
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        this.#change(queue, -1);
        this.#admitWaiting();
        this.#notify();
      },
      regain: async (signal) => {
        if (held) return;
        await this.#wait(queue, signal);
        held = true;
      },
    };
  }

  /** Resolves when a slot was given back, after those that wait for one have had their choice. */
  freed(): Promise<void> {
    return new Promise((resolve) => this.#whenFreed.add(resolve));
  }

  #notify(): void {
    const freed = this.#whenFreed;
    this.#whenFreed = new Set();
    for (const resolve of freed) resolve();
  }

  /** Ends with one more attempt on the queue, unless it rejects. */
  #wait(queue: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const giveUp = (): void => {
        this.#waiting.delete(waiter);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        queue,
        admit: () => {
          signal.removeEventListener('abort', giveUp);
          this.#waiting.delete(waiter);
          this.#change(queue, 1);
          resolve();
        },
      };
      signal.addEventListener('abort', giveUp);
      this.#waiting.add(waiter);
      this.#admitWaiting();
    });
  }

  #admitWaiting(): void {
    for (const waiter of this.#waiting) {
      if (this.isFree(waiter.queue)) waiter.admit();
    }
  }

  #executingOn(queue: string): number {
    return this.#executing.get(queue) ?? 0;
  }

  #change(queue: string, by: 1 | -1): void {
    this.#executing.set(queue, this.#executingOn(queue) + by);
  }
}
