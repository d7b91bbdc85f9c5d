import type { Host } from '../../../src/runtime/lifecycle/host.ts';

interface Timer {
  at: number;
  fire: () => void;
}

export const START = Date.parse('2026-03-01T10:00:00.000Z');

/** A host whose time passes only when everybody waits: hours take milliseconds, in a fixed order. */
export class FakeHost implements Host {
  time = START;
  /** The moment the platform ends the process. */
  deadline = START + 900_000;
  chance = 0;
  private timers: Timer[] = [];

  now = (): number => this.time;
  random = (): number => this.chance;
  remainingMs = (): number => this.deadline - this.time;
  settled = <T>(work: Promise<T>): Promise<T> => work;

  sleep = (milliseconds: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const cancel = this.alarm(milliseconds, resolve);
      signal.addEventListener('abort', () => {
        cancel();
        reject(signal.reason);
      });
    });

  alarm = (milliseconds: number, fire: () => void): (() => void) => {
    const timer = { at: this.time + milliseconds, fire };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  };

  /** Milliseconds since the start. */
  get elapsed(): number {
    return this.time - START;
  }

  /** What a task does for a while: uses up time that counts. */
  work(milliseconds: number): Promise<void> {
    return this.sleep(milliseconds, new AbortController().signal);
  }

  /** Lets time pass until `outcome` is there. */
  async run<T>(outcome: Promise<T>): Promise<T> {
    let done = false;
    const finished = outcome.finally(() => {
      done = true;
    });
    finished.catch(() => undefined); // reported by the caller's await
    for (;;) {
      await settle();
      if (done) return finished;
      const next = this.timers.sort((one, other) => one.at - other.at)[0];
      if (next === undefined) throw new Error('everybody waits for somebody else');
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = Math.max(this.time, next.at);
      next.fire();
    }
  }
}

/** Long enough for whatever is under way to come to a stop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
