import { queue, task } from '@lumo-framework/tasks';

// However large `max-parallel` is: the search engine takes one index at a time.
const search = queue({ name: 'search', concurrencyLimit: 1 });

for (const language of ['de', 'en', 'fr']) {
  task({
    id: `queues-${language}`,
    queue: search,
    run: async () => {
      const startedAt = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { language, startedAt, endedAt: Date.now() };
    },
  });
}
