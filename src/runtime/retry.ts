import type { RetryOptions } from './protocol.ts';

/** What a `task()` without options of its own is retried with; also what options that were left out stand for. */
export const DEFAULT_RETRY: Readonly<RetryOptions> = {
  maxAttempts: 3,
  factor: 2,
  minTimeoutInMs: 1000,
  maxTimeoutInMs: 60_000,
  randomize: true,
};

/** The options as written over the defaults; a member that is undefined counts as left out. */
export function withDefaults(
  written: { [Key in keyof RetryOptions]?: RetryOptions[Key] | undefined } = {},
): RetryOptions {
  const { maxAttempts, factor, minTimeoutInMs, maxTimeoutInMs, randomize } = written;
  return {
    maxAttempts: maxAttempts ?? DEFAULT_RETRY.maxAttempts,
    factor: factor ?? DEFAULT_RETRY.factor,
    minTimeoutInMs: minTimeoutInMs ?? DEFAULT_RETRY.minTimeoutInMs,
    maxTimeoutInMs: maxTimeoutInMs ?? DEFAULT_RETRY.maxTimeoutInMs,
    randomize: randomize ?? DEFAULT_RETRY.randomize,
  };
}

/**
 * Milliseconds between the attempt that just failed (counted from 1) and the next one, or undefined when there is none
 * left. 0 is a delay. Jitter only lengthens, by less than the double, and the cap is applied after it. `random` is
 * uniform in [0, 1).
 */
export function retryDelay(options: RetryOptions, failedAttempt: number, random: () => number): number | undefined {
  const { maxAttempts, factor, minTimeoutInMs, maxTimeoutInMs, randomize } = options;
  if (failedAttempt >= maxAttempts) return undefined;
  const jitter = randomize ? 1 + random() : 1;
  const growth = Math.min(factor ** (failedAttempt - 1), Number.MAX_VALUE);
  return Math.round(Math.min(maxTimeoutInMs, jitter * minTimeoutInMs * growth));
}
