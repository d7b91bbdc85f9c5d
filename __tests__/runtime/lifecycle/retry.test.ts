import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_RETRY, retryDelay, withDefaults } from '../../../src/runtime/retry.ts';
import { AbortTaskRunError, retry, task } from '../../../src/sdk/tasks/index.ts';
import { attempt, FakeHost, freshRegistry, Trace } from './helpers.ts';

freshRegistry();

const never = (): number => {
  throw new Error('no chance is needed');
};

describe('2.1 Options and defaults', () => {
  test('are those of a task()', () => {
    expect(withDefaults()).toEqual({
      maxAttempts: 3,
      factor: 2,
      minTimeoutInMs: 1000,
      maxTimeoutInMs: 60_000,
      randomize: true,
    });
  });

  test('what is written stays, also 0 and false', () => {
    const written = { maxAttempts: 1, factor: 0, minTimeoutInMs: 0, maxTimeoutInMs: 0, randomize: false };
    expect(withDefaults(written)).toEqual(written);
  });
});

describe('2.2 Formula', () => {
  test('of the documented example', () => {
    const options = { maxAttempts: 10, factor: 1.8, minTimeoutInMs: 500, maxTimeoutInMs: 30_000, randomize: false };
    const delays = Array.from({ length: 10 }, (_, index) => retryDelay(options, index + 1, never));
    expect(delays).toEqual([500, 900, 1620, 2916, 5249, 9448, 17_006, 30_000, 30_000, undefined]);
  });

  test('the first delay with the defaults is from 1000 to under 2000', () => {
    expect(retryDelay(DEFAULT_RETRY, 1, () => 0)).toBe(1000);
    expect(retryDelay(DEFAULT_RETRY, 1, () => 0.9999)).toBe(2000);
  });

  test('0 is a delay', () => {
    expect(retryDelay({ ...DEFAULT_RETRY, minTimeoutInMs: 0 }, 1, () => 0.5)).toBe(0);
  });

  const options = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 250 }),
    factor: fc.double({ min: 1, max: 100, noNaN: true }),
    minTimeoutInMs: fc.nat(1_000_000),
    maxTimeoutInMs: fc.nat(10_000_000),
    randomize: fc.boolean(),
  });
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  test('any options: none after the last attempt, else a whole number up to the cap, which jitter only lengthens', () => {
    fc.assert(
      fc.property(options, fc.integer({ min: 1, max: 300 }), chance, (any, failed, random) => {
        const delay = retryDelay(any, failed, () => random);
        if (failed >= any.maxAttempts) {
          return delay === undefined;
        }
        const plain = retryDelay({ ...any, randomize: false }, failed, never) ?? Number.NaN;
        return (
          delay !== undefined &&
          Number.isInteger(delay) &&
          delay >= Math.min(plain, any.maxTimeoutInMs) &&
          delay <= any.maxTimeoutInMs &&
          delay <= 2 * plain + 1
        );
      }),
    );
  });

  test('any options: without jitter the delays never shrink', () => {
    fc.assert(
      fc.property(options, fc.integer({ min: 1, max: 248 }), (any, failed) => {
        const plain = { ...any, maxAttempts: 250, randomize: false };
        return (retryDelay(plain, failed, never) ?? -1) <= (retryDelay(plain, failed + 1, never) ?? -1);
      }),
    );
  });
});

describe('2.4 retry.onThrow', () => {
  const plain = { randomize: false } as const;

  test('tells the attempt, waits by the formula, returns what fn returns at last', async () => {
    const seen: unknown[] = [];
    const host = new FakeHost();
    task({
      id: 'demo',
      run: () =>
        retry.onThrow(async (params) => {
          seen.push(params, host.elapsed);
          if (params.attempt < 3) throw new Error('again');
          return 'done';
        }, plain),
    });
    expect(await attempt('demo', { host })).toMatchObject({ status: 'COMPLETED', result: 'done' });
    expect(seen).toEqual([
      ...[{ attempt: 1, maxAttempts: 3 }, 0],
      ...[{ attempt: 2, maxAttempts: 3 }, 1000],
      ...[{ attempt: 3, maxAttempts: 3 }, 3000],
    ]);
  });

  test('throws the last error', async () => {
    task({
      id: 'demo',
      run: () => retry.onThrow(({ attempt }) => Promise.reject(new Error(`number ${attempt}`)), plain),
    });
    expect(await attempt('demo')).toMatchObject({ error: { message: 'number 3' } });
  });

  test('throws an AbortTaskRunError on at once', async () => {
    const trace = new Trace();
    task({ id: 'demo', run: () => retry.onThrow(trace.thrower('fn', new AbortTaskRunError('stop'))) });
    expect(await attempt('demo')).toMatchObject({ error: { name: 'AbortTaskRunError' } });
    expect(trace.steps).toEqual(['fn']);
  });

  test('delays over 5 s are waits, with their hooks', async () => {
    const trace = new Trace();
    task({
      id: 'demo',
      onWait: trace.hook('onWait'),
      onResume: trace.hook('onResume'),
      run: () => retry.onThrow(trace.thrower('fn'), { ...plain, maxAttempts: 2, minTimeoutInMs: 6000 }),
    });
    expect(await attempt('demo')).toMatchObject({ waitedMs: 6000 });
    expect(trace.steps).toEqual(['fn', 'onWait', 'onResume', 'fn']);
  });

  test('outside of a run it says so', async () => {
    await expect(retry.onThrow(() => 1)).rejects.toThrow('inside a run only');
  });
});
