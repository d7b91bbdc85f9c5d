import type { Lock } from './lock.ts';
import { sharedWrite } from './shared-write.ts';
import type { SentAttempt } from './types.ts';

interface Announced {
  sent: SentAttempt;
  /** What it may take. */
  milliseconds: number;
}

interface Running {
  sent: SentAttempt;
  /** When it has ended for sure. */
  until: number;
}

/** The attempts that may be running, and until when: the lock is kept as long. Moments are the server's. */
export class InFlight {
  readonly #lock: Lock;
  /** By task: each has one attempt at a time. */
  readonly #running = new Map<string, Running>();
  /** What the next write of the lock announces. */
  #announced: Announced[] = [];
  readonly #announce = sharedWrite(() => this.#keepLock());

  constructor(lock: Lock) {
    this.#lock = lock;
  }

  get attempts(): readonly SentAttempt[] {
    return [...this.#running.values()].map(({ sent }) => sent);
  }

  /** When the last one has ended for sure; undefined: none is in flight. */
  get until(): number | undefined {
    const untils = [...this.#running.values()].map(({ until }) => until);
    return untils.length === 0 ? undefined : Math.max(...untils);
  }

  /** The attempt may start: nobody gets the lock before the moment this answers, at least `milliseconds` from now. */
  async starting(sent: SentAttempt, milliseconds: number): Promise<number> {
    this.#announced.push({ sent, milliseconds });
    await this.#announce();
    return this.#running.get(sent.task)?.until ?? 0;
  }

  ended(task: string): void {
    this.#running.delete(task);
  }

  async #keepLock(): Promise<void> {
    const announced = this.#announced;
    this.#announced = []; // what cannot be announced is not started
    const longest = Math.max(...announced.map(({ milliseconds }) => milliseconds));
    // The next attempt of a task takes the place of the one before, which has ended.
    const again = new Set(announced.map(({ sent }) => sent.task));
    const others = this.attempts.filter(({ task }) => !again.has(task));
    const attempts = [...others, ...announced.map(({ sent }) => sent)];
    const until = await this.#lock.keepFor(longest, this.until, attempts);
    for (const { sent, milliseconds } of announced) {
      this.#running.set(sent.task, { sent, until: until - (longest - milliseconds) });
    }
  }
}
