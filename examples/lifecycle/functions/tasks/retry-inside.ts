import { retry, task } from '@lumo-framework/tasks';

/** Repeats one call of many, instead of the whole task. */
export const retryInside = task({
  id: 'retry-inside',
  run: async () => {
    const pages = [];
    for (const page of ['/', '/offers']) {
      const calls = await retry.onThrow(
        async ({ attempt }) => {
          if (page === '/offers' && attempt < 3) throw new Error('connection reset');
          return attempt;
        },
        { maxAttempts: 4, minTimeoutInMs: 50 },
      );
      pages.push({ page, calls });
    }
    return { pages };
  },
});
