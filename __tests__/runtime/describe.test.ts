import { beforeEach, expect, test } from 'vitest';
import { setConfig } from '../../src/runtime/config.ts';
import { describeTasks } from '../../src/runtime/describe.ts';
import { reviveValue } from '../../src/runtime/written-values.ts';
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
        noHooks: [],
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
    {
      id: 'bare',
      dialect: 'lifecycle',
      schema: false,
      hooks: { own: [], global: [] },
      noHooks: [],
      ignored: [],
      order: 0,
    },
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
    ttl: '1h',
    onStart: () => undefined,
    onComplete: () => undefined,
    catchError: () => undefined,
    handleError: undefined,
    build: { extensions: [] },
    telemetry: {},
    queue: undefined,
  });
  const { config } = describeTasks({}, FILE);
  expect(config).toEqual({
    retry: { maxAttempts: 2 },
    machine: 'small-2x',
    maxDuration: 120,
    noHooks: [],
    ignored: ['ttl', 'telemetry'],
  });
});

test('members that should be hooks and are none, but not what stands for none', () => {
  const hooks = {
    middleware: [() => undefined],
    onStart: 'notify',
    handleError: {},
    onFailure: false,
    onSuccess: null,
  };
  task({ id: 'x', ...hooks, run: () => 1 } as never);
  setConfig(hooks);
  const expected = [
    { name: 'middleware', kind: 'an array' },
    { name: 'onStart', kind: 'a string' },
    { name: 'handleError', kind: 'an object' },
  ];
  expect(describeTasks({}, FILE)).toMatchObject({ tasks: [{ noHooks: expected }], config: { noHooks: expected } });
});

test('options that JSON cannot hold arrive as what they are', () => {
  const written = {
    maxDuration: Number.NaN,
    retry: { maxAttempts: 3n, factor: Number.POSITIVE_INFINITY },
    machine: Symbol('x'),
    queue: () => 1,
  };
  task({ id: 'x', ...written, run: () => 1 } as never);
  const text = JSON.stringify(describeTasks({}, FILE));
  expect(JSON.parse(text, reviveValue).tasks).toMatchObject([
    {
      maxDuration: Number.NaN,
      retry: { maxAttempts: expect.any(BigInt), factor: Number.POSITIVE_INFINITY },
      machine: expect.any(Symbol),
      queue: expect.any(Function),
    },
  ]);
});

test('ids that were registered twice', () => {
  task({ id: 'x', run: () => 1 });
  task({ id: 'x', run: () => 2 });
  expect(describeTasks({}, FILE).collisions).toEqual(['x']);
});
