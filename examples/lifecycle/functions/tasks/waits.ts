import { task, wait } from '@lumo-framework/tasks';
import { getStore } from '../../lib/store.ts';

/** Waits until replicas have caught up; the store is closed meanwhile. */
export const waits = task({
  id: 'waits',
  onWait: async ({ wait }) => console.log(`waits until ${wait.date.toISOString()}`),
  onResume: async () => console.log('goes on'),
  run: async () => {
    getStore().set('switchedAt', new Date().toISOString());
    await wait.for({ seconds: 6 });
    return { kept: getStore().get('switchedAt') !== undefined };
  },
});
