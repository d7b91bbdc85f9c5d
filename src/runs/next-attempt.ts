import type { Machine, TaskBehaviour } from '../project/types.ts';
import { retryDelay } from '../runtime/retry.ts';
import type { Verdict } from './verdict.ts';

/** The attempt after one that failed. */
export interface NextAttempt {
  delayMs: number;
  /** Set when it has to run on another machine than the one before. */
  machine: Machine | undefined;
}

/** A timer that is set to more goes off at once. https://nodejs.org/api/timers.html */
const LONGEST_DELAY_MS = 2 ** 31 - 1;
/** What an author throws to end all attempts; where a promise nobody awaited threw it, the attempt could not say so. */
const ABORT_ERROR = 'AbortTaskRunError';

/**
 * Whether the task is tried again after attempt `number` ended on `machine` with this verdict; undefined: that was the
 * last one. Only failures say who decides about it, and nobody exceeds `maxAttempts`.
 */
export function nextAttempt(
  { retry, error }: Pick<Verdict, 'retry' | 'error'>,
  behaviour: Pick<TaskBehaviour, 'retry' | 'outOfMemoryMachine'>,
  { number, machine }: { number: number; machine: Machine },
  random: () => number,
): NextAttempt | undefined {
  const delay = retryDelay(behaviour.retry, number, random);
  if (retry === undefined || delay === undefined) return undefined;
  switch (retry.by) {
    case 'envelope':
      return { delayMs: Math.min(retry.delayMs, LONGEST_DELAY_MS), machine: undefined };
    case 'settings':
      return error?.name === ABORT_ERROR ? undefined : { delayMs: delay, machine: undefined };
    case 'memory': {
      const larger = behaviour.outOfMemoryMachine;
      return larger === undefined || larger.memory <= machine.memory ? undefined : { delayMs: delay, machine: larger };
    }
  }
}
