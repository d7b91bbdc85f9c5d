import type { Slot, Slots } from './slots.ts';
import type { RunStatus } from './types.ts';

/** What the scheduler needs to know of a run. */
export interface Job {
  name: string;
  needs: readonly string[];
  /** Why it is not to run at all. */
  skip: string | undefined;
  /** Name of the queue its attempts are on. */
  queue: string;
}

/** Where all runs stand. */
export interface Standing<J extends Job> {
  /** Neither started nor skipped yet, in run order. */
  waiting: readonly J[];
  /** Started and not ended; some may be waiting for their next attempt. */
  running: ReadonlySet<string>;
  finished: ReadonlyMap<string, RunStatus>;
  /** Tasks that count as completed for `needs` although they do not run here. */
  satisfied: ReadonlySet<string>;
  /** True: a run ends, all its attempts made, before the next one starts. */
  oneAtATime: boolean;
  /** True when an attempt on the queue could start now. */
  isFree(queue: string): boolean;
  /** Why nothing starts any more, or undefined. */
  stopped: string | undefined;
}

export type Step<J extends Job> =
  | { kind: 'start'; job: J }
  | { kind: 'skip'; job: J; reason: string }
  | { kind: 'wait' };

/** The next thing to do: skip what can never start, else start the first that may, else wait for one to finish. */
export function nextStep<J extends Job>(standing: Standing<J>): Step<J> {
  for (const job of standing.waiting) {
    const reason = job.skip ?? unmetForEver(job, standing) ?? standing.stopped;
    if (reason !== undefined) {
      return { kind: 'skip', job, reason };
    }
  }
  const ready = standing.waiting.filter((job) => job.needs.every((need) => isMet(need, standing)));
  const possible = ready.find(({ queue }) => standing.isFree(queue));
  if (possible !== undefined && !(standing.oneAtATime && standing.running.size > 0)) {
    return { kind: 'start', job: possible };
  }
  const [first] = standing.waiting;
  const stuck = ready.length === 0 && standing.running.size === 0;
  return stuck && first !== undefined
    ? { kind: 'skip', job: first, reason: 'its needs form a circle' }
    : { kind: 'wait' };
}

function isMet(need: string, { satisfied, finished }: Standing<Job>): boolean {
  return satisfied.has(need) || finished.get(need) === 'COMPLETED';
}

function unmetForEver(job: Job, standing: Standing<Job>): string | undefined {
  const pending = new Set([...standing.running, ...standing.waiting.map(({ name }) => name)]);
  for (const need of job.needs) {
    if (!isMet(need, standing) && !pending.has(need)) {
      const status = standing.finished.get(need);
      return status === undefined
        ? `needs ${need}, which has not completed`
        : `needs ${need}, which ${wording(status)}`;
    }
  }
  return undefined;
}

function wording(status: RunStatus): string {
  return status === 'SKIPPED' ? 'was SKIPPED' : status;
}

export interface ScheduleOptions<J extends Job, R> {
  jobs: readonly J[];
  satisfied: ReadonlySet<string>;
  /** How many attempts execute at a time, in all and on each queue. */
  slots: Slots;
  oneAtATime: boolean;
  /** Holds the slot; gives it back whenever no attempt of the run is executing, and at its end. */
  start(job: J, slot: Slot): Promise<R>;
  skip(job: J, reason: string): Promise<R>;
  statusOf(result: R): RunStatus;
  /** Why nothing starts any more; asked before each step. */
  stopReason(): string | undefined;
}

/**
 * Starts every job once or skips it, the first that may and has a slot. `start` must not reject. The results are in the
 * order of `jobs`.
 */
export async function schedule<J extends Job, R>(options: ScheduleOptions<J, R>): Promise<R[]> {
  const { jobs, satisfied, slots, oneAtATime } = options;
  const results = new Map<string, R>();
  const running = new Map<string, Promise<void>>();
  for (;;) {
    const step = nextStep({
      waiting: jobs.filter(({ name }) => !results.has(name) && !running.has(name)),
      running: new Set(running.keys()),
      finished: new Map([...results].map(([name, result]) => [name, options.statusOf(result)])),
      satisfied,
      oneAtATime,
      isFree: (queue) => slots.isFree(queue),
      stopped: options.stopReason(),
    });
    if (step.kind === 'start') {
      const { name, queue } = step.job;
      const run = options.start(step.job, slots.take(queue)).then((result) => {
        results.set(name, result);
        running.delete(name);
      });
      running.set(name, run);
    } else if (step.kind === 'skip') {
      results.set(step.job.name, await options.skip(step.job, step.reason));
    } else if (running.size > 0) {
      await Promise.race([...running.values(), slots.freed()]);
    } else {
      return jobs.flatMap(({ name }) => results.get(name) ?? []);
    }
  }
}
