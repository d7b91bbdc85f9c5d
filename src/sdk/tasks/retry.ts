import { isFinalError } from '../../runtime/errors.ts';
import { retryDelay, withDefaults } from '../../runtime/retry.ts';
import { notAvailable } from './not-available.ts';
import type { RetryOptions } from './retry-options.ts';
import { running } from './running.ts';

export const retry = {
  /**
   * Calls `fn` until it does not throw, with the delays of a task's retries; at last throws what it threw last. An
   * `AbortTaskRunError` is thrown on at once. A delay of more than 5 seconds is a wait like any other.
   */
  async onThrow<T>(
    fn: (params: { attempt: number; maxAttempts: number }) => Promise<T> | T,
    options: RetryOptions = {},
  ): Promise<T> {
    const scope = running('retry.onThrow');
    const settings = withDefaults(options);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await fn({ attempt, maxAttempts: settings.maxAttempts });
      } catch (error) {
        const delay = isFinalError(error) ? undefined : retryDelay(settings, attempt, scope.random);
        if (delay === undefined) {
          throw error;
        }
        await scope.waitUntil(new Date(scope.now() + delay));
      }
    }
  },
  fetch: notAvailable('retry.fetch'),
  interceptFetch: notAvailable('retry.interceptFetch'),
};
