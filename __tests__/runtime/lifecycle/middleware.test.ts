import { describe, expect, test } from 'vitest';
import { locals, task, tasks } from '../../../src/sdk/tasks/index.ts';
import { attempt, freshRegistry, Trace, wholeRun } from './helpers.ts';

freshRegistry();

type Next = { next: () => Promise<void> };

describe('1.4 Middleware', () => {
  test('next() never rejects because of the task: code after it always runs', async () => {
    const trace = new Trace();
    const middleware = async ({ next }: Next) => {
      try {
        await next();
      } catch {
        trace.add('caught');
      }
      trace.add('disconnect');
    };
    task({ id: 'demo', middleware, run: trace.thrower('run') });
    await attempt('demo');
    expect(trace.steps).toEqual(['run', 'disconnect']);
  });

  test('try/catch around next() sees an error of inner middleware, and swallowing it is no success', async () => {
    const trace = new Trace();
    tasks.middleware('outer', async ({ next }) => {
      await next().catch((error: Error) => trace.add(`caught ${error.message}`));
    });
    task({ id: 'demo', middleware: trace.thrower('inner'), run: trace.hook('run') });
    expect(await attempt('demo')).toMatchObject({ status: 'FAILED', error: { message: 'thrown in inner' } });
    expect(trace.steps).toEqual(['inner', 'caught thrown in inner']);
  });

  test('an error that outer middleware throws in its place is the one that counts', async () => {
    tasks.middleware('outer', async ({ next }) => {
      await next().catch((cause) => {
        throw new Error('wrapped', { cause });
      });
    });
    task({
      id: 'demo',
      middleware: () => {
        throw new Error('inner');
      },
      run: () => 1,
    });
    expect(await attempt('demo')).toMatchObject({ error: { message: 'wrapped', cause: { message: 'inner' } } });
  });

  test('next() that is never called: a named error', async () => {
    const trace = new Trace();
    task({
      id: 'demo',
      middleware: async () => undefined,
      run: trace.hook('run'),
      catchError: trace.hook('catchError'),
    });
    expect(await attempt('demo')).toMatchObject({
      status: 'FAILED',
      error: { name: 'NextNotCalledError', message: expect.stringContaining('without calling next()') },
      retry: { delayMs: 1000 },
    });
    expect(trace.steps).toEqual(['catchError']);
  });

  test.each([
    [
      'awaited',
      async ({ next }: Next) => {
        await next();
        await next();
      },
    ],
    [
      'not awaited',
      async ({ next }: Next) => {
        void next();
        void next();
      },
    ],
    [
      'and its error swallowed',
      async ({ next }: Next) => {
        await next();
        await next().catch(() => undefined);
      },
    ],
  ])('next() called twice, %s: a named error, and the task ran once', async (_, middleware) => {
    const trace = new Trace();
    task({ id: 'demo', middleware, run: trace.hook('run') });
    expect(await attempt('demo', { maxAttempts: 1 })).toMatchObject({
      status: 'FAILED',
      error: { name: 'NextCalledTwiceError' },
    });
    expect(trace.steps).toEqual(['run']);
  });

  test('next() that is not awaited is waited for all the same', async () => {
    const trace = new Trace();
    task({
      id: 'demo',
      middleware: ({ next }) => {
        void next();
        trace.add('returned');
      },
      run: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        trace.add('run');
        return 1;
      },
    });
    expect(await attempt('demo')).toEqual({ status: 'COMPLETED', result: 1 });
    expect(trace.steps).toEqual(['returned', 'run']);
  });

  test('next() after the middleware has returned runs nothing', async () => {
    const trace = new Trace();
    let late: (() => Promise<void>) | undefined;
    task({
      id: 'demo',
      middleware: ({ next }) => {
        late = next;
      },
      run: trace.hook('run'),
    });
    await attempt('demo');
    await expect(late?.()).rejects.toMatchObject({ name: 'NextNotCalledError' });
    expect(trace.steps).toEqual([]);
  });

  test('it runs before init and has no init', async () => {
    const trace = new Trace();
    task({
      id: 'demo',
      middleware: async (params) => {
        trace.add('init' in params ? 'with init' : 'without init');
        await params.next();
      },
      init: trace.hook('init'),
      run: trace.hook('run'),
    });
    await attempt('demo');
    expect(trace.steps).toEqual(['without init', 'init', 'run']);
  });
});

describe('1.4 locals', () => {
  const Count = locals.create<number>('count');

  test('the same id is the same value; set returns it', async () => {
    const seen: unknown[] = [];
    task({
      id: 'demo',
      run: () => {
        seen.push(locals.set(Count, 1), locals.get(locals.create('count')), locals.get(locals.create('other')));
      },
    });
    await attempt('demo');
    expect(seen).toEqual([1, 1, undefined]);
  });

  test.each([[0], [''], [false], [null], [undefined]])('getOrThrow finds %j', async (value) => {
    const key = locals.create<unknown>('falsy');
    task({
      id: 'demo',
      run: () => {
        locals.set(key, value);
        return [locals.getOrThrow(key)];
      },
    });
    expect(await attempt('demo')).toMatchObject({ status: 'COMPLETED' });
  });

  test('getOrThrow names what was not found', async () => {
    task({ id: 'demo', run: () => locals.getOrThrow(Count) });
    expect(await attempt('demo')).toMatchObject({
      error: { message: 'locals: "count" was not found: nothing was set in this attempt' },
    });
    expect(() => locals.getOrThrow(Count)).toThrow('outside of a run');
  });

  test('reach middleware, all hooks, run and what they call', async () => {
    const seen: unknown[] = [];
    const look = (): void => void seen.push(locals.getOrThrow(Count));
    tasks.middleware('db', async ({ next }) => {
      locals.set(Count, 7);
      await next();
      look();
    });
    tasks.onStart('look', look);
    task({ id: 'demo', init: look, onSuccess: look, onComplete: look, cleanup: look, run: look });
    await attempt('demo');
    expect(seen).toEqual([7, 7, 7, 7, 7, 7, 7]);
  });

  test('are cleared between attempts', async () => {
    const seen: unknown[] = [];
    task({
      id: 'demo',
      run: (_, { ctx }) => {
        seen.push(locals.get(Count));
        locals.set(Count, ctx.attempt.number);
        throw new Error('again');
      },
    });
    await wholeRun('demo', { maxAttempts: 2 });
    expect(seen).toEqual([undefined, undefined]);
  });

  test('work in parallel sees its own attempt, also when two run at once', async () => {
    const Who = locals.create<string>('who');
    task({
      id: 'demo',
      run: async (_, { ctx }) => {
        locals.set(Who, ctx.run.id);
        const later = () => new Promise((resolve) => setImmediate(() => resolve(locals.get(Who))));
        return Promise.all([later(), later()]);
      },
    });
    const run = (id: string) =>
      attempt('demo', { event: { run: { id, createdAt: '2026-01-01', startedAt: '2026-01-01', isReplay: false } } });
    const [a, b] = await Promise.all([run('a'), run('b')]);
    expect([a.result, b.result]).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ]);
  });
});
