import { expect, test } from 'vitest';
import { heartbeats, tags, task } from '../../../src/sdk/tasks/index.ts';
import { attempt, freshRegistry } from './helpers.ts';

freshRegistry();

test('tags.add and heartbeats.yield do nothing, and the run says so once', async () => {
  task({
    id: 'demo',
    run: async () => {
      await tags.add(['a', 'b']);
      for (const row of [1, 2, 3]) await heartbeats.yield().then(() => row);
      await tags.add('c');
      return 'done';
    },
  });
  expect(await attempt('demo')).toEqual({
    status: 'COMPLETED',
    result: 'done',
    warnings: ['tags.add() has no effect in a deployment', 'heartbeats.yield() has no effect in a deployment'],
  });
});
