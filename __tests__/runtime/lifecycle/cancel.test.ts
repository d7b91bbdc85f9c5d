import { describe, expect, test } from 'vitest';
import { UNSTOPPED } from '../../../src/runtime/protocol.ts';
import { task, tasks } from '../../../src/sdk/tasks/index.ts';
import { type AttemptOptions, allHooks, FakeHost, freshRegistry, start, Trace } from './helpers.ts';

freshRegistry();

/** Starts the task, cancels it after some time, and answers what it came to. */
async function cancelled(id: string, afterMs: number, options: AttemptOptions & { reason?: string } = {}) {
  const { running, host } = start(id, options);
  host.alarm(afterMs, () => running.cancel(options.reason));
  return host.run(running.outcome);
}

describe('8. Cancellation', () => {
  test('a fast run: the signal aborts, onCancel runs beside it, the status is CANCELED', async () => {
    const trace = new Trace();
    const host = new FakeHost();
    task({
      id: 'demo',
      ...allHooks(trace),
      run: async (_, { signal }) => {
        await host.sleep(60_000, signal);
      },
    });
    const outcome = await cancelled('demo', 1000, { host });
    expect(outcome).toEqual({ status: 'CANCELED', error: { name: 'TASK_RUN_CANCELLED', message: 'Canceled by user' } });
    expect(trace.steps).toEqual(['task init', 'task onStart', 'task onStartAttempt', 'task onCancel', 'task cleanup']);
    expect(host.elapsed).toBe(1000);
  });

  test('the signal says "run cancelled"; the reason is reported', async () => {
    let reason: unknown;
    const host = new FakeHost();
    task({
      id: 'demo',
      run: async (_, { signal }) => {
        await host.sleep(60_000, signal).catch((thrown) => {
          reason = thrown;
        });
      },
    });
    expect(await cancelled('demo', 10, { host, reason: 'a newer push' })).toMatchObject({
      error: { message: 'a newer push' },
    });
    expect(reason).toBe('run cancelled');
  });

  test('a slow run is left behind after a second, and that is said', async () => {
    const trace = new Trace();
    const host = new FakeHost();
    task({ id: 'demo', ...allHooks(trace), run: () => host.work(60_000) });
    const outcome = await cancelled('demo', 1000, { host });
    expect(outcome).toMatchObject({ status: 'CANCELED', warnings: [UNSTOPPED] });
    expect(host.elapsed).toBe(2000);
    await host.run(host.work(100_000));
    expect(trace.steps.at(-1)).toBe('task onCancel');
  });

  test('a run that returns in the grace time: its hooks do run, the status is CANCELED, its result is discarded', async () => {
    const trace = new Trace();
    const host = new FakeHost();
    task({ id: 'demo', ...allHooks(trace), run: () => host.work(1500).then(() => 'done') });
    const outcome = await cancelled('demo', 1000, { host });
    expect(outcome.status).toBe('CANCELED');
    expect(outcome.result).toBeUndefined();
    expect(trace.steps.slice(3)).toEqual(['task onCancel', 'task onSuccess', 'task onComplete', 'task cleanup']);
  });

  test('onFailure and catchError are not called, and nothing is retried', async () => {
    const trace = new Trace();
    const host = new FakeHost();
    task({ id: 'demo', ...allHooks(trace), run: (_, { signal }) => host.sleep(60_000, signal) });
    const outcome = await cancelled('demo', 1000, { host, number: 3 });
    expect(outcome.retry).toBeUndefined();
    expect(trace.steps).not.toContain('task catchError');
    expect(trace.steps).not.toContain('task onFailure');
  });

  test('onCancel has 30 seconds', async () => {
    const host = new FakeHost();
    task({ id: 'demo', onCancel: () => host.work(100_000), run: (_, { signal }) => host.sleep(500_000, signal) });
    const outcome = await cancelled('demo', 1000, { host });
    expect(outcome).toMatchObject({ status: 'CANCELED', warnings: ['onCancel had not ended after 30 s'] });
    expect(host.elapsed).toBe(31_000);
  });

  test('an error in onCancel is reported, the others run', async () => {
    const trace = new Trace();
    const host = new FakeHost();
    tasks.onCancel('global', trace.thrower('global'));
    task({ id: 'demo', onCancel: trace.hook('own'), run: (_, { signal }) => host.sleep(60_000, signal) });
    expect(await cancelled('demo', 1000, { host })).toMatchObject({
      status: 'CANCELED',
      hooks: [{ hook: 'onCancel', scope: 'global', error: { message: 'thrown in global' } }],
    });
    expect(trace.steps).toEqual(['global', 'own']);
  });

  test('a hook that is registered in run is honoured, and only in that attempt', async () => {
    const trace = new Trace();
    const host = new FakeHost();
    task({
      id: 'demo',
      run: (_, { signal, ctx }) => {
        tasks.onCancel('in run', trace.hook(`registered in attempt ${ctx.attempt.number}`));
        return host.sleep(60_000, signal);
      },
    });
    await cancelled('demo', 10, { host });
    expect(trace.steps).toEqual(['registered in attempt 1']);
    task({ id: 'other', run: (_, { signal }) => host.sleep(60_000, signal) });
    await cancelled('other', 10, { host });
    expect(trace.steps).toEqual(['registered in attempt 1']);
  });

  describe('runPromise', () => {
    function watched(host: FakeHost, more: object): unknown[] {
      const seen: unknown[] = [];
      task({
        id: 'demo',
        onCancel: async ({ runPromise }) => {
          await runPromise.then(
            (output) => seen.push({ output }),
            (error: Error) => seen.push(`${error.message} (${host.elapsed} ms)`),
          );
        },
        run: (_: unknown, { signal }: { signal: AbortSignal }) => host.sleep(60_000, signal),
        ...more,
      });
      return seen;
    }

    test('resolves with the output, before onSuccess', async () => {
      const host = new FakeHost();
      const seen: unknown[] = [];
      watched(host, {
        run: () => host.work(20_000).then(() => 7),
        onCancel: async ({ runPromise }: { runPromise: Promise<unknown> }) => {
          seen.push(await runPromise);
        },
        onSuccess: () => {
          seen.push('onSuccess');
        },
      });
      await cancelled('demo', 1000, { host });
      expect(seen).toEqual([7, 'onSuccess']);
      expect(host.elapsed).toBe(20_000);
    });

    test('rejects with the error of run', async () => {
      const host = new FakeHost();
      const seen = watched(host, { run: () => host.work(2000).then(() => Promise.reject(new Error('no'))) });
      await cancelled('demo', 1000, { host });
      expect(seen).toEqual(['no (2000 ms)']);
    });

    test('rejects when a hook before run failed the attempt', async () => {
      const host = new FakeHost();
      const onStartAttempt = () => host.work(2000).then(() => Promise.reject(new Error('not now')));
      const seen = watched(host, { onStartAttempt });
      await cancelled('demo', 1000, { host });
      expect(seen).toEqual(['not now (2000 ms)']);
    });

    test('rejects at once when middleware has not let the run begin; then it does not begin', async () => {
      const host = new FakeHost();
      const trace = new Trace();
      const seen = watched(host, {
        middleware: async ({ next }: { next: () => Promise<void> }) => {
          await host.work(1500);
          await next();
        },
        init: trace.hook('init'),
        run: trace.hook('run'),
      });
      const outcome = await cancelled('demo', 1000, { host });
      expect(outcome.status).toBe('CANCELED');
      expect([seen, trace.steps, host.elapsed]).toEqual([
        ['run was not started: Canceled by user (1000 ms)'],
        [],
        1500,
      ]);
    });

    test('nobody has to look at it', async () => {
      const host = new FakeHost();
      task({
        id: 'demo',
        onCancel: () => undefined,
        run: () => host.work(1200).then(() => Promise.reject(new Error('x'))),
      });
      expect(await cancelled('demo', 1000, { host })).toMatchObject({ status: 'CANCELED' });
    });
  });

  test('after the end, and for a second time, it changes nothing', async () => {
    const trace = new Trace();
    task({ id: 'demo', onCancel: trace.hook('onCancel'), run: () => 1 });
    const { running, host } = start('demo');
    expect(await host.run(running.outcome)).toMatchObject({ status: 'COMPLETED' });
    running.cancel();
    running.cancel();
    await host.run(Promise.resolve());
    expect(trace.steps).toEqual([]);
  });

  test('maxDuration does not count any more once it is cancelled', async () => {
    const host = new FakeHost();
    task({ id: 'demo', onCancel: () => host.work(10_000), run: (_, { signal }) => host.sleep(60_000, signal) });
    expect(await cancelled('demo', 1000, { host, event: { maxDuration: 5 } })).toMatchObject({ status: 'CANCELED' });
  });
});
