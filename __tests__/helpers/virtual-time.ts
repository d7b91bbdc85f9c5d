import type { Clock } from '../../src/clock.ts';

interface Sleeper {
  at: number;
  wake: () => void;
}

/** Time that passes only when everybody sleeps: hours of waiting take milliseconds, in a fixed order. */
export class VirtualTime {
  /** Milliseconds since the epoch, by the one true clock. */
  now: number;
  #sleepers: Sleeper[] = [];

  constructor(start = Date.parse('2026-03-01T10:00:00.000Z')) {
    this.now = start;
  }

  /** A machine's clock that is `skew` milliseconds ahead, at the moment it is asked. */
  clock(skew: () => number = () => 0, random: () => number = () => 0.5): Clock {
    return { now: () => this.now + skew(), sleep: (milliseconds, signal) => this.sleep(milliseconds, signal), random };
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper = { at: this.now + milliseconds, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      });
    });
  }

  /** Lets time pass until `work` is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const finished = work.finally(() => {
      done = true;
    });
    finished.catch(() => undefined); // reported by the caller's await
    await settle();
    while (!done) {
      const next = this.#sleepers.sort((one, other) => one.at - other.at).shift();
      if (!next) throw new Error('everybody waits for somebody else');
      this.now = Math.max(this.now, next.at);
      next.wake();
      await settle();
    }
    return await finished;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
