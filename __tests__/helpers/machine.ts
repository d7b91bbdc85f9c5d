import type { Clock } from '../../src/clock.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface MachineOptions {
  /** Milliseconds from the start of the machine, and for how long: nothing of it runs meanwhile, nothing is renewed. */
  pauses: readonly { after: number; for: number }[];
  /** Milliseconds from the start after which nothing of it runs any more; what is on its way arrives all the same. */
  diesAfter: number | undefined;
  /** How wrong its clock is; it is set every `skewChangesAfter` milliseconds. */
  skews: readonly number[];
  skewChangesAfter: number;
  /** Of its requests, each way, in turn. */
  latencies: readonly number[];
}

/** A machine that is as bad as it is told to be: paused, killed, with a wrong clock and a slow line. */
export class Machine {
  readonly clock: Clock;
  readonly #time: VirtualTime;
  readonly #options: MachineOptions;
  readonly #startedAt: number;
  #requests = 0;

  constructor(time: VirtualTime, options: MachineOptions) {
    this.#time = time;
    this.#options = options;
    this.#startedAt = time.now;
    this.clock = {
      now: () => time.now + this.#skew(),
      sleep: (milliseconds, signal) => this.sleep(milliseconds, signal),
      random: () => 0.5,
    };
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    try {
      await this.#time.sleep(milliseconds, signal);
    } finally {
      await this.#running();
    }
  }

  async latency(leg: 'there' | 'back'): Promise<void> {
    const { latencies } = this.#options;
    this.#requests += 1;
    if (leg === 'there') await this.#running();
    await this.#time.sleep(latencies[this.#requests % latencies.length] ?? 0);
    if (leg === 'back') await this.#running();
  }

  /** When it dies; never, when it does not. */
  async dead(): Promise<void> {
    const { diesAfter } = this.#options;
    if (diesAfter === undefined) return await new Promise(() => undefined);
    await this.#time.sleep(this.#startedAt + diesAfter - this.#time.now);
  }

  async #running(): Promise<void> {
    const { diesAfter, pauses } = this.#options;
    for (;;) {
      const age = this.#time.now - this.#startedAt;
      if (diesAfter !== undefined && age >= diesAfter) await new Promise(() => undefined);
      const pause = pauses.find(({ after, for: duration }) => age >= after && age < after + duration);
      if (!pause) return;
      await this.#time.sleep(pause.after + pause.for - age);
    }
  }

  #skew(): number {
    const { skews, skewChangesAfter } = this.#options;
    return skews[Math.floor(this.#time.now / skewChangesAfter) % skews.length] ?? 0;
  }
}
