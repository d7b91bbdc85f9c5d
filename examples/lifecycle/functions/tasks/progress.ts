import { logger, metadata, task, waitUntil } from '@lumo-framework/tasks';

/** Tells how far it is. */
export const progress = task({
  id: 'progress',
  run: async () => {
    metadata.set('source', 'crm').set('$.rows.total', 3);
    for (const name of ['Ada', 'Grace', 'Linus']) {
      logger.info('imported', { name });
      metadata.increment('$.rows.done');
    }
    await logger.trace('index', async () => metadata.append('steps', 'index'));
    waitUntil(Promise.resolve());
    return metadata.get('rows');
  },
});
