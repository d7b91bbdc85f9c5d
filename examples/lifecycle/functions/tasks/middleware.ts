import { task } from '@lumo-framework/tasks';
import { getStore } from '../../lib/store.ts';

/** Works with a store that the middleware of `lib/store.ts` opens before and closes after it. */
export const middleware = task({
  id: 'middleware',
  onStart: async () => getStore().set('deployments', Number(getStore().get('deployments') ?? 0) + 1),
  run: async () => {
    getStore().set('orders', [17, 18, 21]);
    return { deployments: getStore().get('deployments') };
  },
});
