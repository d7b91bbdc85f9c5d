import { beforeEach, expect, test } from 'vitest';
import { setConfig } from '../../src/runtime/config.ts';
import { describeTasks } from '../../src/runtime/describe.ts';
import { queue, schemaTask, task, tasks } from '../../src/sdk/tasks/index.ts';

beforeEach(() => {
  Reflect.deleteProperty(globalThis, Symbol.for('lumo.tasks.registry'));
});

const FILE = { file: 'functions/tasks/demo.ts', lumoId: 'demo' };

test('a lifecycle task: what its author wrote, and the hooks that concern it', () => {
  tasks.onStart('notify', () => undefined);
  const db = queue({ name: 'db', concurrencyLimit: 1 });
  const written = {
    description: 'Imports rows',
    retry: { maxAttempts: 5, outOfMemory: { machine: 'large-1x' as const } },
    queue: db,
    machine: { preset: 'small-2x' as const },
    maxDuration: 60,
  };
  task({ id: 'import', ...written, ttl: '1h', handleError: () => undefined, onFailure: () => undefined, run: () => 1 });
  expect(describeTasks({}, FILE)).toEqual({
    tasks: [
      {
        id: 'import',
        dialect: 'lifecycle',
        ...written,
        schema: false,
        hooks: { own: ['onFailure', 'catchError'], global: ['onStart'] },
        ignored: ['ttl'],
        order: 0,
      },
    ],
    collisions: [],
  });
});

test('nothing is filled in', () => {
  task({ id: 'bare', run: () => 1 });
  expect(describeTasks({}, FILE).tasks).toEqual([
    { id: 'bare', dialect: 'lifecycle', schema: false, hooks: { own: [], global: [] }, ignored: [], order: 0 },
  ]);
});

test('several tasks of a file in their order, exported or not, beside its plain Lumo task', () => {
  const second = schemaTask({ id: 'b', schema: (value) => value, run: () => 1 });
  task({ id: 'a', run: () => 1 });
  const { tasks: found } = describeTasks({ run: () => undefined, second }, FILE);
  expect(found.map(({ id, dialect, schema, order }) => [id, dialect, schema, order])).toEqual([
    ['demo', 'lumo', false, -1],
    ['b', 'lifecycle', true, 0],
    ['a', 'lifecycle', false, 1],
  ]);
});

test('an exported run that is a registered task is a lifecycle task alone', () => {
  const run = task({ id: 'x', run: () => 1 });
  expect(describeTasks({ run }, FILE).tasks.map(({ id }) => id)).toEqual(['x']);
});

test('the run of CommonJS counts', () => {
  expect(describeTasks({ default: { run: () => 1 } }, FILE).tasks).toMatchObject([{ id: 'demo', dialect: 'lumo' }]);
});

test('the defaults of trigger.config, and what in it has no effect', () => {
  setConfig({
    project: 'proj_x',
    dirs: ['./trigger'],
    retries: { enabledInDev: false, default: { maxAttempts: 2 } },
    machine: 'small-2x',
    maxDuration: 120,
    onStart: () => undefined,
    build: { extensions: [] },
  });
  const { config } = describeTasks({}, FILE);
  expect(config).toEqual({
    retry: { maxAttempts: 2 },
    machine: 'small-2x',
    maxDuration: 120,
    ignored: ['dirs', 'build'],
  });
});

test('ids that were registered twice', () => {
  task({ id: 'x', run: () => 1 });
  task({ id: 'x', run: () => 2 });
  expect(describeTasks({}, FILE).collisions).toEqual(['x']);
});
