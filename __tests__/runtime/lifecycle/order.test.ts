import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setConfig } from '../../../src/runtime/config.ts';
import { task, tasks } from '../../../src/sdk/tasks/index.ts';
import { allHooks, attempt, freshRegistry, HOOKS, Trace, wholeRun } from './helpers.ts';

freshRegistry();

/** A configuration, an `init` file and a task with every hook there is. */
function everything(trace: Trace, run: () => unknown): void {
  const config = allHooks(trace, 'config');
  setConfig({ init: config.init, onStart: config.onStart, onSuccess: config.onSuccess, onFailure: config.onFailure });
  const global = allHooks(trace, 'global');
  for (const kind of HOOKS) {
    if (kind !== 'init' && kind !== 'cleanup') {
      tasks[kind](`trace ${kind}`, global[kind]);
    }
  }
  tasks.middleware('outer', trace.middleware('outer'));
  tasks.middleware('inner', trace.middleware('inner'));
  task({
    id: 'demo',
    ...allHooks(trace),
    middleware: trace.middleware('own'),
    run: async () => {
      trace.add('run');
      return run();
    },
  });
}

const BEFORE = ['outer before', 'inner before', 'own before'];
const AFTER = ['own after', 'inner after', 'outer after'];
const FIRST = ['config init', 'task init', 'config onStart', 'global onStart', 'task onStart'];
const ATTEMPT = ['global onStartAttempt', 'task onStartAttempt', 'run'];

describe('1.1 Order of execution inside one attempt', () => {
  test('success', async () => {
    const trace = new Trace();
    everything(trace, () => ({ done: true }));
    const outcome = await attempt('demo');
    expect(trace.steps).toEqual([
      ...BEFORE,
      ...FIRST,
      ...ATTEMPT,
      ...['config onSuccess', 'global onSuccess', 'task onSuccess', 'global onComplete', 'task onComplete'],
      'task cleanup',
      ...AFTER,
    ]);
    expect(outcome).toEqual({ status: 'COMPLETED', result: { done: true } });
  });

  test('failure that is tried again, and then the last attempt', async () => {
    const trace = new Trace();
    everything(trace, () => {
      throw new Error('no');
    });
    const outcomes = await wholeRun('demo', { maxAttempts: 2 });
    const failed = ['task catchError', 'global catchError'];
    expect(trace.steps).toEqual([
      ...BEFORE,
      ...FIRST,
      ...ATTEMPT,
      ...failed,
      'task cleanup',
      ...AFTER,
      ...BEFORE,
      ...['config init', 'task init'],
      ...ATTEMPT,
      ...failed,
      ...['config onFailure', 'global onFailure', 'task onFailure', 'global onComplete', 'task onComplete'],
      'task cleanup',
      ...AFTER,
    ]);
    expect(outcomes).toMatchObject([{ status: 'FAILED', retry: { delayMs: 1000 } }, { status: 'FAILED' }]);
    expect(outcomes[1]?.retry).toBeUndefined();
  });

  test('step 0: a payload that is refused runs nothing, not even middleware', async () => {
    const trace = new Trace();
    everything(trace, () => 1);
    task({
      id: 'strict',
      ...allHooks(trace),
      schema: () => Promise.reject(new Error('bad')),
      run: trace.hook('run'),
    } as never);
    expect(await attempt('strict')).toMatchObject({ status: 'FAILED', error: { name: 'TASK_INPUT_ERROR' } });
    expect(trace.steps).toEqual([]);
  });

  test('step 3: onStart runs on attempt 1 only, also when it has failed there', async () => {
    const trace = new Trace();
    task({ id: 'demo', onStart: trace.thrower('onStart'), run: trace.thrower('run') });
    await wholeRun('demo');
    expect(trace.steps).toEqual(['onStart', 'run', 'run', 'run']);
  });

  test('step 6a: an output that is no JSON is followed by cleanup alone', async () => {
    const trace = new Trace();
    task({ id: 'demo', ...allHooks(trace), run: () => ({ total: 1n }) });
    expect(await attempt('demo')).toEqual({
      status: 'FAILED',
      error: { name: 'TASK_OUTPUT_ERROR', message: expect.stringContaining('output.total is a BigInt (1)') },
    });
    expect(trace.steps.slice(-2)).toEqual(['task onStartAttempt', 'task cleanup']);
  });

  test('steps 7 and 8 are sequential: a slow hook holds up the next', async () => {
    const trace = new Trace();
    const slow = async () => {
      trace.add('slow starts');
      await new Promise((resolve) => setImmediate(resolve));
      trace.add('slow ends');
    };
    tasks.onSuccess(slow);
    task({ id: 'demo', run: () => 1, onSuccess: trace.hook('own'), onComplete: trace.hook('complete') });
    await attempt('demo');
    expect(trace.steps).toEqual(['slow starts', 'slow ends', 'own', 'complete']);
  });

  test('any number of global hooks: as registered, the own one last, middleware as an onion', async () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(names, fc.boolean(), fc.boolean(), async (globals, own, succeeds) => {
        Reflect.deleteProperty(globalThis, Symbol.for('lumo.tasks.registry'));
        const trace = new Trace();
        for (const name of globals) {
          tasks.middleware(name, trace.middleware(name));
          tasks.onComplete(name, trace.hook(`${name} complete`));
        }
        task({
          id: 'demo',
          ...(own ? { middleware: trace.middleware('(own)'), onComplete: trace.hook('(own) complete') } : {}),
          run: succeeds ? trace.hook('run') : trace.thrower('run'),
        });
        await attempt('demo', { maxAttempts: 1 });
        const all = own ? [...globals, '(own)'] : globals;
        expect(trace.steps).toEqual([
          ...all.map((name) => `${name} before`),
          'run',
          ...all.map((name) => `${name} complete`),
          ...all.toReversed().map((name) => `${name} after`),
        ]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('1.2 Fields of task(): what hooks are given', () => {
  test('each exactly its parameters', async () => {
    const seen: Record<string, string[]> = {};
    const note =
      (kind: string) =>
      (params: object): undefined => {
        seen[kind] = Object.keys(params).sort();
      };
    const hooks = Object.fromEntries(HOOKS.map((kind) => [kind, note(kind)]));
    task({
      id: 'demo',
      ...hooks,
      middleware: async (params) => {
        note('middleware')(params);
        await params.next();
      },
      run: (_payload, params) => {
        note('run')(params);
        throw new Error('no');
      },
    });
    task({ id: 'good', onSuccess: note('onSuccess'), onComplete: note('onComplete ok'), run: () => 1 });
    await attempt('demo', { maxAttempts: 1 });
    await attempt('good');
    const all = ['ctx', 'payload', 'signal', 'task'];
    expect(seen).toEqual({
      run: ['ctx', 'init', 'signal'],
      middleware: [...all, 'next'].sort(),
      init: all,
      onStart: [...all, 'init'].sort(),
      onStartAttempt: all,
      catchError: [...all, 'error', 'init', 'retry', 'retryAt', 'retryDelayInMs'].sort(),
      onFailure: [...all, 'error', 'init'].sort(),
      onComplete: [...all, 'init', 'result'].sort(),
      'onComplete ok': [...all, 'init', 'output', 'result'].sort(),
      cleanup: [...all, 'init'].sort(),
      onSuccess: [...all, 'init', 'output'].sort(),
    });
  });

  test('`task` is the id, `signal` is the same everywhere, `result` and `output` tell the outcome', async () => {
    const signals = new Set<AbortSignal>();
    let complete: unknown;
    task({
      id: 'demo',
      onStart: ({ signal, task }) => {
        expect(task).toBe('demo');
        signals.add(signal);
      },
      run: (_, { signal }) => {
        signals.add(signal);
        return { rows: 3 };
      },
      onComplete: ({ result, output }) => {
        complete = { result, output };
      },
    });
    await attempt('demo');
    expect(signals.size).toBe(1);
    expect(complete).toEqual({ result: { ok: true, data: { rows: 3 } }, output: { rows: 3 } });
  });

  test('init: what all return is merged, the later wins; what is no object is dropped', async () => {
    setConfig({ init: () => ({ db: 'global', shared: 1 }) });
    const seen: unknown[] = [];
    task({ id: 'demo', init: () => ({ shared: 2 }), run: (_, { init }) => void seen.push(init) });
    task({ id: 'list', init: (() => [1]) as never, run: (_, { init }) => void seen.push(init) });
    await attempt('demo');
    await attempt('list');
    expect(seen).toEqual([
      { db: 'global', shared: 2 },
      { db: 'global', shared: 1 },
    ]);
  });

  test('init: without any hook it is an empty object', async () => {
    let seen: unknown;
    task({
      id: 'demo',
      run: (_, { init }) => {
        seen = init;
      },
    });
    await attempt('demo');
    expect(seen).toEqual({});
  });

  test('run may return nothing', async () => {
    task({ id: 'demo', run: async () => undefined });
    expect(await attempt('demo')).toEqual({ status: 'COMPLETED' });
  });

  test('handleError is the older name of catchError', async () => {
    const trace = new Trace();
    task({ id: 'demo', handleError: trace.hook('handled'), run: trace.thrower('run') });
    await attempt('demo');
    expect(trace.steps).toEqual(['run', 'handled']);
  });
});
