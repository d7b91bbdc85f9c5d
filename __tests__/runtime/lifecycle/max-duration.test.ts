import { describe, expect, test } from 'vitest';
import { UNSTOPPED } from '../../../src/runtime/protocol.ts';
import { task, tasks, timeout, wait } from '../../../src/sdk/tasks/index.ts';
import { allHooks, attempt, FakeHost, freshRegistry, Trace } from './helpers.ts';

freshRegistry();

const FIVE = { event: { maxDuration: 5 } };

describe('5. maxDuration', () => {
  test('aborts the signal, then answers TIMED_OUT; no hook runs, middleware is not continued', async () => {
    const trace = new Trace();
    const host = new FakeHost();
    tasks.middleware('outer', trace.middleware('outer'));
    task({
      id: 'demo',
      ...allHooks(trace),
      run: async (_, { signal }) => {
        await host.sleep(60_000, signal).catch((reason) => trace.add(`aborted: ${(reason as Error).name}`));
        throw signal.reason;
      },
    });
    const outcome = await attempt('demo', { host, ...FIVE });
    expect(outcome).toEqual({
      status: 'TIMED_OUT',
      error: { name: 'MAX_DURATION_EXCEEDED', message: 'the attempt exceeded its maxDuration of 5 s' },
    });
    expect(trace.steps).toEqual([
      ...['outer before', 'task init', 'task onStart', 'task onStartAttempt'],
      'aborted: TaskRunExceededMaxDuration',
    ]);
    expect(host.elapsed).toBe(5000);
  });

  test('a run that does not react has one second, and that it goes on is said', async () => {
    const host = new FakeHost();
    task({ id: 'demo', run: () => host.work(60_000) });
    const outcome = await attempt('demo', { host, ...FIVE });
    expect(outcome).toMatchObject({ status: 'TIMED_OUT', warnings: [UNSTOPPED] });
    expect(host.elapsed).toBe(6000);
  });

  test('waits are not counted, pauses are', async () => {
    const host = new FakeHost();
    task({
      id: 'demo',
      run: async () => {
        await host.work(4000);
        await wait.for({ seconds: 100 });
        await host.work(900);
        return 'in time';
      },
    });
    task({ id: 'pauses', run: () => wait.for({ seconds: 5 }) });
    expect(await attempt('demo', { host, ...FIVE })).toMatchObject({ status: 'COMPLETED', waitedMs: 100_000 });
    expect(await attempt('pauses', { host, ...FIVE })).toMatchObject({ status: 'TIMED_OUT' });
  });

  test('what is left after a wait is what was left before it', async () => {
    const host = new FakeHost();
    task({
      id: 'demo',
      run: async () => {
        await host.work(4000);
        await wait.for({ seconds: 100 });
        await host.work(1100);
      },
    });
    expect(await attempt('demo', { host, ...FIVE })).toMatchObject({ status: 'TIMED_OUT' });
    expect(host.elapsed).toBe(105_100);
  });

  test('covers the hooks as well', async () => {
    const host = new FakeHost();
    task({ id: 'demo', run: () => 1, onSuccess: () => host.work(20_000) });
    const outcome = await attempt('demo', { host, ...FIVE });
    expect(outcome).toMatchObject({ status: 'TIMED_OUT' });
    expect(outcome.result).toBeUndefined();
  });

  test('without any hook after run, middleware is not continued either', async () => {
    const trace = new Trace();
    const host = new FakeHost();
    const run = (_: unknown, { signal }: { signal: AbortSignal }) => host.sleep(60_000, signal).catch(() => 'stopped');
    task({ id: 'demo', middleware: trace.middleware('own'), run });
    expect(await attempt('demo', { host, ...FIVE })).toMatchObject({ status: 'TIMED_OUT' });
    await host.run(host.work(10_000));
    expect(trace.steps).toEqual(['own before']);
  });

  test('a hook that ends by its signal is the last one', async () => {
    const trace = new Trace();
    const host = new FakeHost();
    const onSuccess = ({ signal }: { signal: AbortSignal }) => {
      trace.add('onSuccess');
      return host.sleep(20_000, signal);
    };
    task({ id: 'demo', run: () => 1, onSuccess, onComplete: trace.hook('onComplete'), cleanup: trace.hook('cleanup') });
    expect(await attempt('demo', { host, ...FIVE })).toMatchObject({ status: 'TIMED_OUT' });
    expect([trace.steps, host.elapsed]).toEqual([['onSuccess'], 5000]);
  });

  test('waits that overlap are not counted at all', async () => {
    const host = new FakeHost();
    task({
      id: 'demo',
      run: async () => {
        const first = wait.for({ seconds: 20 });
        await host.work(4000);
        await Promise.all([first, wait.for({ seconds: 20 })]);
        await host.work(4000);
      },
    });
    expect(await attempt('demo', { host, ...FIVE })).toMatchObject({ status: 'COMPLETED', waitedMs: 24_000 });
  });

  test('is measured per attempt, and without one nothing ends the run', async () => {
    const host = new FakeHost();
    task({ id: 'demo', run: () => host.work(4000) });
    expect(await attempt('demo', { host, ...FIVE })).toMatchObject({ status: 'COMPLETED' });
    expect(await attempt('demo', { host, ...FIVE })).toMatchObject({ status: 'COMPLETED' });
    task({ id: 'long', run: () => host.work(800_000) });
    expect(await attempt('long', { host })).toMatchObject({ status: 'COMPLETED' });
  });

  test('timeout.signal is the signal of the attempt; timeout.None is a number', async () => {
    let same: boolean | undefined;
    task({
      id: 'demo',
      run: (_, { signal }) => {
        same = timeout.signal === signal;
      },
    });
    await attempt('demo');
    expect(same).toBe(true);
    expect(timeout.signal).toBeUndefined();
    expect(timeout.None).toBe(2_147_483_647);
  });
});
