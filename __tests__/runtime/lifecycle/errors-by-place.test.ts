import { describe, expect, test } from 'vitest';
import { AbortTaskRunError, type RegisterHook, task, tasks } from '../../../src/sdk/tasks/index.ts';
import { allHooks, attempt, freshRegistry, Trace, wholeRun } from './helpers.ts';

freshRegistry();

const STRICT = { event: { strictHooks: true } };

describe('1.5 What an error does, by place', () => {
  test('payload / parse: fails, is not retried, and no hook runs', async () => {
    const trace = new Trace();
    const { run: _, ...hooks } = { ...allHooks(trace), run: 0 };
    const refuse = {
      parse: () => {
        throw new Error('name is missing');
      },
    };
    task({ id: 'demo', ...hooks, schema: refuse, run: trace.hook('run') } as never);
    expect(await attempt('demo')).toEqual({
      status: 'FAILED',
      error: {
        name: 'TASK_INPUT_ERROR',
        message: 'the payload was refused: name is missing',
        cause: expect.objectContaining({ message: 'name is missing' }),
      },
    });
    expect(trace.steps).toEqual([]);
  });

  describe('middleware', () => {
    test('before next(): what is inside is skipped, catchError decides, the last attempt reports', async () => {
      const trace = new Trace();
      tasks.middleware('outer', trace.thrower('outer'));
      task({ id: 'demo', ...allHooks(trace), middleware: trace.middleware('own'), run: trace.hook('run') });
      const outcomes = await wholeRun('demo', { maxAttempts: 2 });
      expect(outcomes).toMatchObject([{ status: 'FAILED', retry: { delayMs: 1000 } }, { status: 'FAILED' }]);
      expect(trace.steps).toEqual([
        ...['outer', 'task catchError'],
        ...['outer', 'task catchError', 'task onFailure', 'task onComplete'],
      ]);
    });

    test('after next(): the result of a success is thrown away; after-parts further out are skipped', async () => {
      const trace = new Trace();
      tasks.middleware('outer', trace.middleware('outer'));
      const failing = async ({ next }: { next: () => Promise<void> }) => {
        await next();
        throw new Error('disconnect');
      };
      task({ id: 'demo', ...allHooks(trace), middleware: failing, run: () => 'fine' });
      const outcome = await attempt('demo', { maxAttempts: 1 });
      expect(outcome).toEqual({ status: 'FAILED', error: expect.objectContaining({ message: 'disconnect' }) });
      expect(trace.steps).toEqual([
        ...['outer before', 'task init', 'task onStart', 'task onStartAttempt'],
        ...['task onSuccess', 'task onComplete', 'task cleanup'],
        ...['task catchError', 'task onFailure', 'task onComplete'],
      ]);
    });

    test('after next() of a run that has failed: both errors are told, the failure is reported once', async () => {
      const trace = new Trace();
      const middleware = async ({ next }: { next: () => Promise<void> }) => {
        await next();
        throw new Error('disconnect');
      };
      task({ id: 'demo', middleware, run: trace.thrower('run'), onFailure: trace.hook('onFailure') });
      expect(await attempt('demo', { maxAttempts: 1 })).toMatchObject({
        status: 'FAILED',
        error: { message: 'thrown in run' },
        hooks: [{ hook: 'middleware', scope: 'task', error: { message: 'disconnect' } }],
      });
      expect(trace.steps).toEqual(['run', 'onFailure']);
    });
  });

  describe.each(['init', 'onStart'] as const)('%s', (kind) => {
    test('later hooks of the kind are skipped, the attempt continues with a warning', async () => {
      const trace = new Trace();
      if (kind === 'onStart') {
        tasks.onStart('global', trace.thrower('global'));
      }
      task({ id: 'demo', [kind]: trace.thrower('own'), run: trace.hook('run'), catchError: trace.hook('catchError') });
      const outcome = await attempt('demo');
      const first = kind === 'onStart' ? { scope: 'global', step: 'global' } : { scope: 'task', step: 'own' };
      expect(outcome).toMatchObject({
        status: 'COMPLETED',
        hooks: [{ hook: kind, scope: first.scope, error: { message: `thrown in ${first.step}` } }],
      });
      expect(trace.steps).toEqual([first.step, 'run']);
    });

    test('with strictHooks it fails the attempt through catchError', async () => {
      const trace = new Trace();
      task({ id: 'demo', [kind]: trace.thrower('own'), run: trace.hook('run'), catchError: trace.hook('catchError') });
      expect(await attempt('demo', STRICT)).toMatchObject({ status: 'FAILED', retry: { delayMs: 1000 } });
      expect(trace.steps).toEqual(['own', 'catchError']);
    });
  });

  test('init: what that hook would have returned is missing, the rest is there', async () => {
    let seen: unknown;
    task({
      id: 'demo',
      init: () => {
        throw new Error('no database');
      },
      run: (_, { init }) => {
        seen = init;
      },
    });
    await attempt('demo');
    expect(seen).toEqual({});
  });

  test('onStartAttempt: later ones are skipped, the attempt fails, catchError is called', async () => {
    const trace = new Trace();
    tasks.onStartAttempt('global', trace.thrower('global'));
    task({
      id: 'demo',
      onStartAttempt: trace.hook('own'),
      catchError: trace.hook('catchError'),
      run: trace.hook('run'),
    });
    expect(await attempt('demo')).toMatchObject({ status: 'FAILED', retry: { delayMs: 1000 } });
    expect(trace.steps).toEqual(['global', 'catchError']);
  });

  test('run: the attempt fails, catchError is called', async () => {
    const trace = new Trace();
    task({ id: 'demo', catchError: trace.hook('catchError'), run: trace.thrower('run') });
    expect(await attempt('demo')).toMatchObject({
      status: 'FAILED',
      error: { message: 'thrown in run' },
      retry: { delayMs: 1000 },
    });
    expect(trace.steps).toEqual(['run', 'catchError']);
  });

  test('catchError: CRASHED with both errors, no other hook, no cleanup, no retry', async () => {
    const trace = new Trace();
    tasks.catchError('global', trace.hook('global'));
    task({ id: 'demo', ...allHooks(trace), catchError: trace.thrower('catchError'), run: trace.thrower('run') });
    expect(await attempt('demo')).toEqual({
      status: 'CRASHED',
      error: {
        name: 'HANDLE_ERROR_ERROR',
        message: 'catchError threw: thrown in catchError; it was asked about: thrown in run',
        cause: expect.objectContaining({
          message: 'thrown in catchError',
          cause: expect.objectContaining({ message: 'thrown in run' }),
        }),
      },
    });
    expect(trace.steps.slice(-2)).toEqual(['run', 'catchError']);
  });

  test.each(['onWait', 'onResume'] as const)('%s: reported, nothing else happens, the others run', async (kind) => {
    const trace = new Trace();
    tasks[kind]('global', trace.thrower('global'));
    const { wait } = await import('../../../src/sdk/tasks/index.ts');
    task({
      id: 'demo',
      [kind]: trace.hook('own'),
      run: async () => {
        await wait.for({ seconds: 10 });
        trace.add('after');
      },
    });
    const outcome = await attempt('demo');
    expect(outcome).toMatchObject({ status: 'COMPLETED', hooks: [{ hook: kind, scope: 'global' }] });
    expect(trace.steps).toEqual(['global', 'own', 'after']);
  });

  test.each(['onSuccess', 'onFailure', 'onComplete'] as const)('%s: reported, the others still run', async (kind) => {
    const trace = new Trace();
    const register = tasks[kind] as RegisterHook<() => void>;
    register('one', trace.thrower('one'));
    register('two', trace.hook('two'));
    task({
      id: 'demo',
      [kind]: trace.thrower('own', 'a text'),
      run: kind === 'onFailure' ? trace.thrower('run') : trace.hook('run'),
    });
    const outcome = await attempt('demo', { maxAttempts: 1 });
    expect(outcome).toMatchObject({
      status: kind === 'onFailure' ? 'FAILED' : 'COMPLETED',
      hooks: [
        { hook: kind, scope: 'global', error: { message: 'thrown in one' } },
        { hook: kind, scope: 'task', error: { name: 'NonErrorThrown' } },
      ],
    });
    expect(trace.steps).toEqual(['run', 'one', 'two', 'own']);
  });

  describe('cleanup', () => {
    test('fails an attempt that had succeeded; it is retried without asking catchError', async () => {
      const trace = new Trace();
      task({
        id: 'demo',
        run: () => 'fine',
        cleanup: trace.thrower('cleanup'),
        catchError: trace.hook('catchError'),
        onFailure: trace.hook('onFailure'),
      });
      const outcomes = await wholeRun('demo', { maxAttempts: 2 });
      expect(outcomes).toMatchObject([
        { status: 'FAILED', error: { message: 'thrown in cleanup' }, retry: { delayMs: 1000 } },
        { status: 'FAILED', error: { message: 'thrown in cleanup' } },
      ]);
      expect(outcomes[0]?.result).toBeUndefined();
      expect(trace.steps).toEqual(['cleanup', 'cleanup', 'onFailure']);
    });

    test('beside an error of run it is reported and changes nothing', async () => {
      const trace = new Trace();
      task({
        id: 'demo',
        run: trace.thrower('run'),
        cleanup: trace.thrower('cleanup'),
        onFailure: trace.hook('onFailure'),
      });
      expect(await attempt('demo', { maxAttempts: 1 })).toMatchObject({
        status: 'FAILED',
        error: { message: 'thrown in run' },
        hooks: [{ hook: 'cleanup', scope: 'task', error: { message: 'thrown in cleanup' } }],
      });
      expect(trace.steps).toEqual(['run', 'onFailure', 'cleanup']);
    });
  });

  test('output serialization: TASK_OUTPUT_ERROR, final, catchError is not called', async () => {
    const trace = new Trace();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    task({ id: 'demo', run: () => circle, catchError: trace.hook('catchError'), onFailure: trace.hook('onFailure') });
    task({ id: 'function', run: () => () => 1 });
    expect(await attempt('demo')).toEqual({
      status: 'FAILED',
      error: { name: 'TASK_OUTPUT_ERROR', message: expect.stringContaining('output.self refers back') },
    });
    expect(await attempt('function')).toMatchObject({
      error: { message: expect.stringContaining('output is a function') },
    });
    expect(trace.steps).toEqual([]);
  });

  test('at most 50 hook errors are listed, and that there are more is said', async () => {
    for (let index = 0; index < 60; index += 1) {
      tasks.onSuccess(`hook ${index}`, () => {
        throw new Error(String(index));
      });
    }
    task({ id: 'demo', run: () => 1 });
    const { hooks, warnings } = await attempt('demo');
    expect(hooks).toHaveLength(50);
    expect(warnings).toEqual([expect.stringContaining('more than 50 errors in hooks')]);
  });

  test('an aborted run skips catchError, and onFailure, onComplete and cleanup do run', async () => {
    const trace = new Trace();
    task({ id: 'demo', ...allHooks(trace), run: trace.thrower('run', new AbortTaskRunError('never again')) });
    const outcome = await attempt('demo');
    expect(outcome).toEqual({ status: 'FAILED', error: expect.objectContaining({ name: 'AbortTaskRunError' }) });
    expect(trace.steps.slice(3)).toEqual(['run', 'task onFailure', 'task onComplete', 'task cleanup']);
  });
});
