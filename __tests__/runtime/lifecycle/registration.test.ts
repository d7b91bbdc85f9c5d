import { describe, expect, test } from 'vitest';
import { setConfig } from '../../../src/runtime/config.ts';
import { registry } from '../../../src/runtime/registry.ts';
import { defineConfig, queue, schemaTask, task, tasks } from '../../../src/sdk/tasks/index.ts';
import { allHooks, attempt, freshRegistry, start, Trace } from './helpers.ts';

freshRegistry();

const demo = (run: () => unknown = () => 1) => task({ id: 'demo', run });

describe('1.3 Global registration', () => {
  test('the configuration comes first, then what init files and tasks register, then the own hook', async () => {
    const trace = new Trace();
    setConfig(defineConfig({ onStart: trace.hook('config') }));
    tasks.onStart('init file', trace.hook('init file'));
    task({ id: 'demo', onStart: trace.hook('own'), run: trace.hook('run') });
    await attempt('demo');
    expect(trace.steps).toEqual(['config', 'init file', 'own', 'run']);
  });

  test('config file keys: every kind of hook, and an exported handleError', async () => {
    const trace = new Trace();
    setConfig(
      { ...allHooks(trace, 'config'), catchError: undefined, middleware: trace.middleware('config') },
      { handleError: trace.hook('exported handleError') },
    );
    demo();
    task({ id: 'bad', run: trace.thrower('run') });
    await attempt('demo');
    expect(trace.steps).toEqual([
      'config before',
      'config init',
      'config onStart',
      'config onStartAttempt',
      'config onSuccess',
      'config onComplete',
      'config cleanup',
      'config after',
    ]);
    trace.steps.length = 0;
    await attempt('bad', { maxAttempts: 1 });
    expect(trace.steps.slice(4)).toEqual([
      'run',
      'exported handleError',
      'config onFailure',
      'config onComplete',
      'config cleanup',
      'config after',
    ]);
  });

  test('a handleError of the configuration itself wins over an exported one', async () => {
    const trace = new Trace();
    setConfig({ handleError: trace.hook('inside') }, { handleError: trace.hook('exported') });
    task({ id: 'bad', run: trace.thrower('run') });
    await attempt('bad');
    expect(trace.steps).toEqual(['run', 'inside']);
  });

  test.each([undefined, null, 'text'])('a configuration that is %j holds nothing', async (config) => {
    setConfig(config);
    demo();
    expect(await attempt('demo')).toMatchObject({ status: 'COMPLETED' });
  });

  test('identity by an explicit name: replaces in place and keeps its position', async () => {
    const trace = new Trace();
    tasks.onStart('a', trace.hook('first a'));
    tasks.onStart('b', trace.hook('b'));
    tasks.onStart('a', trace.hook('second a'));
    demo();
    await attempt('demo');
    expect(trace.steps).toEqual(['second a', 'b']);
  });

  test("identity by the function's own name, else by its source text", async () => {
    const trace = new Trace();
    const named = (step: string) => {
      function notify(): void {
        trace.add(step);
      }
      return notify;
    };
    const anonymous = (step: string) => [() => trace.add(step)][0] as () => void;
    tasks.onStart(named('replaced'));
    tasks.onStart(named('named'));
    tasks.onStart(anonymous('replaced as well'));
    tasks.onStart(anonymous('anonymous'));
    demo();
    await attempt('demo');
    expect(trace.steps).toEqual(['named', 'anonymous']);
  });

  test('each kind has its own table: one name for several kinds replaces nothing', async () => {
    const trace = new Trace();
    tasks.middleware('db', trace.middleware('middleware'));
    tasks.onStart('db', trace.hook('onStart'));
    demo();
    await attempt('demo');
    expect(trace.steps).toEqual(['middleware before', 'onStart', 'middleware after']);
  });

  test('what is no function is refused where it is registered', () => {
    expect(() => tasks.onStart('name', undefined as never)).toThrow('tasks.onStart() needs a function');
    expect(() => task({ id: 'x' } as never)).toThrow('task() needs an id and a function "run"');
  });

  test('a hook registered inside run is dropped at the end of the attempt, and so is a task', async () => {
    const trace = new Trace();
    demo(() => {
      tasks.onSuccess('late', trace.hook('late'));
      task({ id: 'late', run: () => 1 });
      return 1;
    });
    await attempt('demo');
    expect(trace.steps).toEqual(['late']);
    demo();
    await attempt('demo');
    expect(trace.steps).toEqual(['late']);
    expect([...registry().tasks.keys()]).toEqual(['demo']);
  });

  test('a hook registered inside run may replace a global one for that attempt only', async () => {
    const trace = new Trace();
    tasks.onSuccess('notify', trace.hook('global'));
    demo(() => void tasks.onSuccess('notify', trace.hook('replaced')));
    await attempt('demo');
    task({ id: 'other', run: () => 1 });
    await attempt('other');
    expect(trace.steps).toEqual(['replaced', 'global']);
  });

  test('the same id twice is noted, the same definition twice is not', () => {
    const definition = { id: 'same', run: () => 1 };
    task(definition);
    task(definition);
    expect(registry().collisions).toEqual([]);
    task({ id: 'same', run: () => 2 });
    expect(registry().collisions).toEqual(['same']);
  });

  test('queues are known by their names', () => {
    expect(queue({ name: 'db', concurrencyLimit: 1 })).toEqual({ name: 'db', concurrencyLimit: 1 });
    queue({ name: 'open', concurrencyLimit: null });
    expect([...registry().queues.values()]).toEqual([{ name: 'db', concurrencyLimit: 1 }, { name: 'open' }]);
  });
});

describe('schemaTask', () => {
  const run = (payload: unknown) => payload;
  const standard = (validate: (value: unknown) => unknown) => ({
    '~standard': { version: 1 as const, vendor: 'test', validate },
  });

  test.each<[string, object]>([
    ['a standard schema', standard(() => ({ value: { name: 'ok' } }))],
    ['an async standard schema', standard(async () => ({ value: { name: 'ok' } }))],
    ['a function', () => ({ name: 'ok' })],
    ['parseAsync before parse', { parseAsync: async () => ({ name: 'ok' }), parse: () => 'wrong' }],
    ['parse', { parse: () => ({ name: 'ok' }) }],
    ['validateSync', { validateSync: () => ({ name: 'ok' }) }],
    ['create', { create: () => ({ name: 'ok' }) }],
    ['a function with assert', Object.assign(() => 'wrong', { assert: () => ({ name: 'ok' }) })],
  ])('%s converts the payload, and the deployment is added', async (_, schema) => {
    schemaTask({ id: 'demo', schema: schema as () => unknown, run });
    const { result } = await attempt('demo');
    expect(result).toMatchObject({ name: 'ok', deployment: { isFirstDeploy: true }, workingDirectory: process.cwd() });
  });

  test('assert that only does not throw keeps the payload', async () => {
    schemaTask({ id: 'demo', schema: { assert: () => undefined }, run });
    expect((await attempt('demo', { event: { payload: { a: 1 } } })).result).toMatchObject({ a: 1 });
  });

  test('a strict schema sees what authors have configured, and nothing else', async () => {
    const seen: unknown[] = [];
    schemaTask({ id: 'demo', schema: (value) => seen.push(value), run });
    await attempt('demo', { event: { payload: { a: 1 } } });
    expect(seen).toEqual([{ a: 1 }]);
  });

  test('what it refuses is told with its place', async () => {
    const issues = [{ message: 'expected a string', path: ['user', { key: 'name' }] }, { message: 'too many keys' }];
    schemaTask({ id: 'demo', schema: standard(() => ({ issues })), run });
    expect(await attempt('demo')).toMatchObject({
      error: { message: 'the payload was refused: user.name: expected a string; too many keys' },
    });
  });

  test('what is no schema is told', async () => {
    schemaTask({ id: 'demo', schema: {} as never, run });
    expect(await attempt('demo')).toMatchObject({ error: { message: expect.stringContaining('nothing that checks') } });
  });
});

test('a task that is not there is found by nobody', () => {
  expect(() => start('nobody')).toThrow('there is no task nobody');
});
