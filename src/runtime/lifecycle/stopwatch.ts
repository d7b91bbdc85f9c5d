import type { Host } from './host.ts';

/** Measures the time an attempt works: all of it but what it waits. Waits may overlap. */
export class Stopwatch {
  /** Milliseconds spent in waits so far, of those that have ended. */
  waitedMs = 0;
  private readonly host: Host;
  private readonly onLimit: () => void;
  private workedMs = 0;
  private since: number;
  private waits = 0;
  private readonly limitMs: number;
  private stopAlarm: () => void = () => undefined;

  /** Calls `onLimit` once when the time of work exceeds the limit; without a limit never. */
  constructor(host: Host, limitMs: number | undefined, onLimit: () => void) {
    this.host = host;
    this.limitMs = limitMs ?? Number.POSITIVE_INFINITY;
    this.onLimit = onLimit;
    this.since = host.now();
    this.setAlarm();
  }

  /** Does not count the time that `wait` takes. */
  async pausedDuring(wait: () => Promise<void>): Promise<void> {
    this.waits += 1;
    if (this.waits === 1) {
      this.lap((ms) => {
        this.workedMs += ms;
      });
      this.stopAlarm();
    }
    try {
      await wait();
    } finally {
      this.waits -= 1;
      if (this.waits === 0) {
        this.lap((ms) => {
          this.waitedMs += ms;
        });
        this.setAlarm();
      }
    }
  }

  /** True when the limit has passed, also when the event loop was too busy for the alarm. */
  get exceeded(): boolean {
    const running = this.waits === 0 ? this.host.now() - this.since : 0;
    return this.workedMs + running > this.limitMs;
  }

  stop(): void {
    this.stopAlarm();
    this.stopAlarm = () => undefined;
  }

  private lap(add: (milliseconds: number) => void): void {
    const now = this.host.now();
    add(now - this.since);
    this.since = now;
  }

  private setAlarm(): void {
    if (Number.isFinite(this.limitMs)) {
      this.stopAlarm = this.host.alarm(Math.max(0, this.limitMs - this.workedMs), this.onLimit);
    }
  }
}
