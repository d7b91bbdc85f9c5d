import { setTimeout as pause } from 'node:timers/promises';
import { task } from '@lumo-framework/tasks';

/** Stops between two chunks when its time is over. */
export const timeLimit = task({
  id: 'time-limit',
  maxDuration: 300,
  run: async (_payload, { signal }) => {
    let rows = 0;
    for (const chunk of [400, 300, 20]) {
      await pause(20, undefined, { signal });
      rows += chunk;
    }
    return { rows };
  },
});
