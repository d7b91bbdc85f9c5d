import type { Clock } from '../clock.ts';
import type { Log } from '../runner/types.ts';
import { type AwsErrorKind, awsErrorFacts, awsErrorKind } from './errors.ts';

export interface RetryOptions {
  clock: Clock;
  log: Log;
  /** What is being done, for the log: `create function shop--dev--seed`. */
  what: string;
  /** Milliseconds after the first try in which retries may start; some kinds of failure have a lower limit. */
  limitMs?: number;
  signal?: AbortSignal | undefined;
}

/** Five minutes: longer than any update of a function takes. */
export const CONTROL_PLANE_LIMIT_MS = 300_000;

/** Kinds that pass by themselves, with the milliseconds for which one may hope so, and the reason as the log gives it. */
const TRANSIENT: Partial<Record<AwsErrorKind, { limitMs: number; reason: string }>> = {
  throttled: { limitMs: Number.POSITIVE_INFINITY, reason: 'too many requests' },
  conflict: { limitMs: Number.POSITIVE_INFINITY, reason: 'an update is in progress' },
  server: { limitMs: 60_000, reason: 'AWS had an error' },
  network: { limitMs: 30_000, reason: 'the connection failed' },
  // IAM tells Lambda about a new role within about a minute; a role that is wrong gives the same error for ever.
  role: { limitMs: 90_000, reason: 'the execution role is not ready' },
  clock: { limitMs: 10_000, reason: 'the clock differs from the one of AWS' },
};

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 5_000;

/**
 * Sends a request of the control plane until it is answered or the limit has passed; then the last error is thrown as it
 * is. Every such request may be sent twice: the callers treat "already exists" and "not found" as what they mean.
 */
export async function retryControlPlane<T>(request: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, log, what, limitMs = CONTROL_PLANE_LIMIT_MS, signal } = options;
  const start = clock.now();
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await request();
    } catch (error) {
      const transient = TRANSIENT[awsErrorKind(error)];
      const delay = backoff(attempt, clock);
      if (!transient || clock.now() + delay - start > Math.min(limitMs, transient.limitMs)) throw error;
      const { name, code } = awsErrorFacts(error);
      log.info(`${what}: ${transient.reason} (${code ?? name}), trying again in ${(delay / 1000).toFixed(1)} s`);
      await clock.sleep(delay, signal);
    }
  }
}

/** Doubles, with half of it left to chance, so that parallel deployments do not meet again. */
function backoff(attempt: number, clock: Clock): number {
  const full = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), MAX_DELAY_MS);
  return full / 2 + (clock.random() * full) / 2;
}
