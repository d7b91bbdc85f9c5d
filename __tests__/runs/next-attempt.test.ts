import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Machine } from '../../src/project/types.ts';
import { nextAttempt } from '../../src/runs/next-attempt.ts';
import type { RetryDecision } from '../../src/runs/verdict.ts';
import { taskBehaviour } from './helpers.ts';

const SMALL: Machine = { name: 'small-1x', cpu: 0.5, memory: 885 };
const LARGE: Machine = { name: 'large-1x', cpu: 4.6, memory: 8192 };
const EXAMPLE = { maxAttempts: 10, factor: 1.8, minTimeoutInMs: 500, maxTimeoutInMs: 30_000, randomize: false };

function decide(retry: RetryDecision | undefined, number = 1, outOfMemoryMachine?: Machine, name = 'Error') {
  const behaviour = taskBehaviour('a', { retry: EXAMPLE, machine: SMALL, outOfMemoryMachine });
  const verdict = { ...(retry && { retry }), error: { name, message: 'x' } };
  return nextAttempt(verdict, behaviour, { number, machine: SMALL }, () => 0.5);
}

describe('the attempt after one that failed', () => {
  test('there is none where nobody decides about it', () => {
    expect(decide(undefined)).toBeUndefined();
  });

  test('by the retry settings when the attempt died before it could decide', () => {
    const delays = Array.from({ length: 10 }, (_, index) => decide({ by: 'settings' }, index + 1)?.delayMs);
    expect(delays).toEqual([500, 900, 1620, 2916, 5249, 9448, 17006, 30_000, 30_000, undefined]);
    expect(decide({ by: 'settings' }, 1, undefined, 'AbortTaskRunError')).toBeUndefined();
  });

  test('as the attempt asked for, 0 too, but never beyond the last and never more than a timer takes', () => {
    expect(decide({ by: 'envelope', delayMs: 0 })).toEqual({ delayMs: 0, machine: undefined });
    expect(decide({ by: 'envelope', delayMs: 1e12 })?.delayMs).toBe(2_147_483_647);
    expect(decide({ by: 'envelope', delayMs: 5 }, 10)).toBeUndefined();
  });

  test('after running out of memory on the larger machine only, and not when it is on it already', () => {
    expect(decide({ by: 'memory' })).toBeUndefined();
    expect(decide({ by: 'memory' }, 2, LARGE)).toEqual({ delayMs: 900, machine: LARGE });
    expect(decide({ by: 'memory' }, 10, LARGE)).toBeUndefined();
    expect(decide({ by: 'memory' }, 1, SMALL)).toBeUndefined();
    expect(decide({ by: 'memory' }, 1, { ...SMALL, memory: 443 })).toBeUndefined();
  });

  test('whatever the settings: within maxAttempts, not shorter than the formula without jitter, within the cap', () => {
    const options = fc.record({
      maxAttempts: fc.integer({ min: 1, max: 250 }),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      minTimeoutInMs: fc.nat(10_000),
      maxTimeoutInMs: fc.nat(100_000),
      randomize: fc.boolean(),
    });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(options, fc.integer({ min: 1, max: 250 }), random, (retry, number, dice) => {
        const next = (changes: object) =>
          nextAttempt(
            { retry: { by: 'settings' } },
            taskBehaviour('a', { retry: { ...retry, ...changes } }),
            { number, machine: SMALL },
            () => dice,
          )?.delayMs;
        const delay = next({});
        if (number >= retry.maxAttempts) {
          expect(delay).toBeUndefined();
          return;
        }
        expect(delay).toBeGreaterThanOrEqual(next({ randomize: false }) ?? Number.NaN);
        expect(delay).toBeLessThanOrEqual(retry.maxTimeoutInMs);
      }),
    );
  });
});
