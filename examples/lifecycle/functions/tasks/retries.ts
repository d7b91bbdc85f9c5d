import { task } from '@lumo-framework/tasks';

/** Pushes products to a service that is busy at first. */
export const retries = task({
  id: 'retries',
  retry: { maxAttempts: 5, factor: 1.8, minTimeoutInMs: 200, maxTimeoutInMs: 30_000, randomize: false },
  run: async (_payload, { ctx }) => {
    if (ctx.attempt.number < 3) throw new Error('503 Service Unavailable');
    return { products: 250, attempts: ctx.attempt.number };
  },
});
