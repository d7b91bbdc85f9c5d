import type { Lock } from './lock.ts';
import { sharedWrite } from './shared-write.ts';

/** The attempts that may be running, and until when: the lock is kept as long. Moments are the server's. */
export class InFlight {
  readonly #lock: Lock;
  readonly #untils = new Map<string, number>();
  /** Attempts that the next write of the lock announces, with the milliseconds each may take. */
  #announced = new Map<string, number>();
  readonly #announce = sharedWrite(() => this.#keepLock());

  constructor(lock: Lock) {
    this.#lock = lock;
  }

  /** Names of the tasks. */
  get tasks(): readonly string[] {
    return [...this.#untils.keys()];
  }

  /** When the last one has ended for sure; undefined: none is in flight. */
  get until(): number | undefined {
    return this.#untils.size === 0 ? undefined : Math.max(...this.#untils.values());
  }

  /** The attempt may start: nobody gets the lock before the moment this answers, at least `milliseconds` from now. */
  async starting(task: string, milliseconds: number): Promise<number> {
    this.#announced.set(task, milliseconds);
    await this.#announce();
    return this.#untils.get(task) ?? 0;
  }

  ended(task: string): void {
    this.#untils.delete(task);
  }

  async #keepLock(): Promise<void> {
    const announced = this.#announced;
    this.#announced = new Map(); // what cannot be announced is not started
    const longest = Math.max(...announced.values());
    const until = await this.#lock.keepFor(longest, this.until);
    for (const [task, milliseconds] of announced) this.#untils.set(task, until - (longest - milliseconds));
  }
}
