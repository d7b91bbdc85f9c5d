import { AbortTaskRunError, task } from '@lumo-framework/tasks';

class RateLimited extends Error {
  readonly until = new Date(Date.now() + 300);
}

/** Asks for its next attempt when the rate limit has passed, and for none when its token is wrong. */
export const catchError = task({
  id: 'catch-error',
  run: async (payload: { token?: string }, { ctx }) => {
    if (payload.token === '') throw new AbortTaskRunError('there is no token');
    if (ctx.attempt.number === 1) throw new RateLimited('429 Too Many Requests');
    return { documents: 1200 };
  },
  catchError: async ({ error }) => {
    if (error instanceof RateLimited) return { retryAt: error.until };
    if (String(error).includes('401')) return { skipRetrying: true };
    return undefined;
  },
});
