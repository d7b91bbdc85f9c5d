import { describe, expect, test } from 'vitest';
import { registerSecret } from '../../../src/runtime/secret-values.ts';
import {
  AbortTaskRunError,
  CompleteTaskWithOutput,
  metadata,
  task,
  tasks,
  waitUntil,
} from '../../../src/sdk/tasks/index.ts';
import { type AttemptOptions, allHooks, attempt, FakeHost, freshRegistry, start, Trace } from './helpers.ts';

freshRegistry();

const KINDS = ['catchError', 'onSuccess', 'onFailure', 'onComplete', 'cleanup', 'onCancel', 'after'] as const;

/** Which hooks a task with all of them runs in one attempt, of those in the table. */
async function hooksRun(
  run: (host: FakeHost, signal: AbortSignal) => unknown,
  options: AttemptOptions & { cancel?: true; more?: object } = {},
) {
  const trace = new Trace();
  const host = new FakeHost();
  task({
    id: 'demo',
    ...allHooks(trace),
    middleware: async ({ next }: { next: () => Promise<void> }) => {
      await next();
      trace.add('task after');
    },
    run: (_: unknown, { signal }: { signal: AbortSignal }) => run(host, signal),
    ...options.more,
  });
  const { running } = start('demo', { maxAttempts: 1, ...options, host });
  if (options.cancel) {
    host.alarm(1000, () => running.cancel());
  }
  const { status } = await host.run(running.outcome);
  return [status, KINDS.filter((kind) => trace.steps.includes(`task ${kind}`))];
}

const no = () => {
  throw new Error('no');
};

describe('9. Hooks per final state', () => {
  test('COMPLETED', async () => {
    expect(await hooksRun(() => 1)).toEqual(['COMPLETED', ['onSuccess', 'onComplete', 'cleanup', 'after']]);
  });

  test('FAILED', async () => {
    const hooks = ['catchError', 'onFailure', 'onComplete', 'cleanup', 'after'];
    expect(await hooksRun(no)).toEqual(['FAILED', hooks]);
  });

  test('FAILED by AbortTaskRunError: catchError is skipped', async () => {
    const abort = () => {
      throw new AbortTaskRunError('stop');
    };
    expect(await hooksRun(abort)).toEqual(['FAILED', ['onFailure', 'onComplete', 'cleanup', 'after']]);
  });

  test('FAILED by its input: none', async () => {
    expect(await hooksRun(() => 1, { more: { schema: no } })).toEqual(['FAILED', []]);
  });

  test('FAILED by its output: cleanup', async () => {
    expect(await hooksRun(() => 1n)).toEqual(['FAILED', ['cleanup', 'after']]);
  });

  test('CRASHED by catchError: middleware alone goes on', async () => {
    expect(await hooksRun(no, { more: { catchError: no } })).toEqual(['CRASHED', ['after']]);
  });

  test('TIMED_OUT: none', async () => {
    const run = (host: FakeHost, signal: AbortSignal) => host.sleep(60_000, signal);
    expect(await hooksRun(run, { event: { maxDuration: 5 } })).toEqual(['TIMED_OUT', []]);
  });

  test('CANCELED: onCancel, and what the run reaches in time', async () => {
    const ends = (host: FakeHost, signal: AbortSignal) => host.sleep(60_000, signal);
    const returns = (host: FakeHost) => host.work(1500);
    const never = (host: FakeHost) => host.work(60_000);
    expect(await hooksRun(ends, { cancel: true })).toEqual(['CANCELED', ['cleanup', 'onCancel', 'after']]);
    expect(await hooksRun(never, { cancel: true })).toEqual(['CANCELED', ['onCancel']]);
    expect(await hooksRun(returns, { cancel: true })).toEqual([
      'CANCELED',
      ['onSuccess', 'onComplete', 'cleanup', 'onCancel', 'after'],
    ]);
  });

  test('CompleteTaskWithOutput is a success with that output', async () => {
    task({
      id: 'demo',
      run: () => {
        throw new CompleteTaskWithOutput({ early: true });
      },
    });
    expect(await attempt('demo')).toEqual({ status: 'COMPLETED', result: { early: true } });
  });
});

describe('a plain Lumo task under the same hooks', () => {
  function lumo(run: (ctx: never) => unknown): { trace: Trace; options: AttemptOptions } {
    const trace = new Trace();
    for (const kind of ['onStart', 'onSuccess', 'onFailure', 'onComplete', 'catchError'] as const) {
      (tasks[kind] as (name: string, hook: () => void) => void)('global', trace.hook(kind));
    }
    tasks.middleware('db', trace.middleware('db'));
    return { trace, options: { module: { run } } };
  }

  test('success: its output is the TaskResult', async () => {
    const { trace, options } = lumo(async () => ({ success: true, message: 'Applied 5', data: { count: 5 } }));
    expect(await attempt('plain', options)).toEqual({
      status: 'COMPLETED',
      result: { success: true, message: 'Applied 5', data: { count: 5 } },
    });
    expect(trace.steps).toEqual(['db before', 'onStart', 'onSuccess', 'onComplete', 'db after']);
  });

  test('it receives the context alone', async () => {
    const seen: unknown[] = [];
    const { options } = lumo((...args: unknown[]) => {
      seen.push(args.length, (args[0] as { deployment: { isFirstDeploy: boolean } }).deployment.isFirstDeploy);
      return { success: true, message: '' };
    });
    await attempt('plain', options);
    expect(seen).toEqual([1, true]);
  });

  test('success: false is FAILED and final; catchError is not asked, onFailure hears its message', async () => {
    const { trace, options } = lumo(() => ({ success: false, message: 'no space' }));
    let error: unknown;
    tasks.onFailure('error', (params) => {
      error = params.error;
    });
    expect(await attempt('plain', options)).toEqual({
      status: 'FAILED',
      result: { success: false, message: 'no space' },
    });
    expect(trace.steps).toEqual(['db before', 'onStart', 'onFailure', 'onComplete', 'db after']);
    expect(error).toMatchObject({ name: 'TaskFailed', message: 'no space' });
  });

  test('anything but a TaskResult is FAILED and final, too', async () => {
    const { trace, options } = lumo(() => undefined);
    expect(await attempt('plain', options)).toMatchObject({ status: 'FAILED', error: { name: 'NoTaskResult' } });
    expect(trace.steps).toContain('onFailure');
    expect(trace.steps).not.toContain('catchError');
  });

  test('what it throws is retried when attempts are configured', async () => {
    const { trace, options } = lumo(no);
    expect(await attempt('plain', options)).toMatchObject({ status: 'FAILED', retry: { delayMs: 1000 } });
    expect(await attempt('plain', { ...options, maxAttempts: 1 })).not.toHaveProperty('retry');
    expect(trace.steps.filter((step) => step === 'catchError')).toHaveLength(2);
  });
});

describe('what else an attempt answers', () => {
  test('metadata, also of an attempt that fails, with secrets redacted', async () => {
    registerSecret('hunter2-hunter2');
    task({
      id: 'demo',
      run: () => {
        metadata.set('rows', 1).increment('rows').append('steps', 'hunter2-hunter2');
        throw new Error('no');
      },
    });
    expect((await attempt('demo')).metadata).toEqual({ rows: 2, steps: ['***'] });
  });

  test('metadata beyond 256 KB is refused with a warning', async () => {
    task({
      id: 'demo',
      run: () => {
        metadata.set('small', 1).set('large', 'x'.repeat(256 * 1024));
      },
    });
    expect(await attempt('demo')).toMatchObject({
      status: 'COMPLETED',
      metadata: { small: 1 },
      warnings: [expect.stringContaining('metadata: a change was refused')],
    });
  });

  test('1.1 step 10: work handed to waitUntil is waited for, its error is reported', async () => {
    const host = new FakeHost();
    task({
      id: 'demo',
      run: () => {
        waitUntil(host.work(20_000));
        waitUntil(Promise.reject(new Error('too bad')));
      },
    });
    expect(await attempt('demo', { host })).toMatchObject({
      status: 'COMPLETED',
      hooks: [{ hook: 'waitUntil', error: { message: 'too bad' } }],
    });
    expect(host.elapsed).toBe(20_000);
  });

  test('1.1 step 10: for at most 60 s', async () => {
    const host = new FakeHost();
    task({ id: 'demo', run: () => waitUntil(host.work(200_000)) });
    expect(await attempt('demo', { host })).toMatchObject({ status: 'COMPLETED', warnings: [expect.any(String)] });
    expect(host.elapsed).toBe(60_000);
  });
});
