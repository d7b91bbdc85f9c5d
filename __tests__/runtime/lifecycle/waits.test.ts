import { afterEach, describe, expect, test, vi } from 'vitest';
import { task, tasks, type WaitPeriod, wait } from '../../../src/sdk/tasks/index.ts';
import { attempt, FakeHost, freshRegistry, start, Trace } from './helpers.ts';

freshRegistry();
const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
afterEach(() => warn.mockClear());

const DAY = 86_400_000;

function waits(run: () => Promise<unknown>, trace = new Trace()): Trace {
  task({ id: 'demo', onWait: trace.hook('onWait'), onResume: trace.hook('onResume'), run });
  return trace;
}

describe('7. Waits', () => {
  test.each<[WaitPeriod, number]>([
    [{ seconds: 7 }, 7000],
    [{ minutes: 2 }, 120_000],
    [{ hours: 1 }, 3_600_000],
    [{ days: 1 }, DAY],
    [{ weeks: 1 }, 7 * DAY],
    [{ months: 1 }, 30 * DAY],
    [{ years: 1 }, 365 * DAY],
  ])('wait.for(%j)', async (period, milliseconds) => {
    const host = new FakeHost();
    host.deadline += 400 * DAY;
    const trace = waits(() => wait.for(period));
    expect(await attempt('demo', { host })).toMatchObject({ status: 'COMPLETED', waitedMs: milliseconds });
    expect(host.elapsed).toBe(milliseconds);
    expect(trace.steps).toEqual(['onWait', 'onResume']);
  });

  test('up to 5 s: a plain pause without hooks, which counts as work, and a warning once per attempt', async () => {
    const trace = waits(async () => {
      await wait.for({ seconds: 5 });
      await wait.for({ seconds: 1 });
    });
    const host = new FakeHost();
    const outcome = await attempt('demo', { host });
    expect(outcome).toEqual({ status: 'COMPLETED' });
    expect(host.elapsed).toBe(6000);
    expect(trace.steps).toEqual([]);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  test.each([{ seconds: 0 }, { seconds: -5 }])('zero or negative returns at once: %j', async (period) => {
    const host = new FakeHost();
    const trace = waits(() => wait.for(period));
    await attempt('demo', { host });
    expect([host.elapsed, trace.steps]).toEqual([0, []]);
  });

  test('without a period, or with an invalid date, it is an error that says so', async () => {
    waits(() => wait.for({} as WaitPeriod));
    expect(await attempt('demo')).toMatchObject({
      error: { message: expect.stringContaining('wait.for needs one of') },
    });
    waits(() => wait.until({ date: new Date('never') }));
    expect(await attempt('demo')).toMatchObject({ error: { message: 'wait.until needs a valid date' } });
  });

  test('wait.until a date; a past one returns, or throws when asked to', async () => {
    const host = new FakeHost();
    const past = new Date(host.now() - 1);
    waits(async () => {
      await wait.until({ date: past, throwIfInThePast: false });
      await wait.until({ date: new Date(host.now() + 60_000) });
      await wait.until({ date: past, throwIfInThePast: true });
    });
    const outcome = await attempt('demo', { host });
    expect(outcome).toMatchObject({ waitedMs: 60_000, error: { message: expect.stringContaining('is in the past') } });
  });

  test('sequence and payload: globals first, the same `wait` in both', async () => {
    const seen: unknown[] = [];
    const note = (name: string) => (params: { wait: unknown; init?: unknown }) =>
      void seen.push(name, params.wait, params.init);
    tasks.onWait('global', note('global onWait'));
    tasks.onResume('global', note('global onResume'));
    const host = new FakeHost();
    task({
      id: 'demo',
      init: () => ({ a: 1 }),
      onWait: note('own onWait'),
      onResume: note('own onResume'),
      run: async () => {
        await wait.for({ seconds: 10 });
        seen.push('returned');
      },
    });
    await attempt('demo', { host });
    const info = { type: 'duration', date: new Date(host.now()) };
    const each = (name: string) => [name, info, { a: 1 }];
    expect(seen).toEqual([
      ...['global onWait', 'own onWait', 'global onResume', 'own onResume'].flatMap(each),
      'returned',
    ]);
  });

  test('in parallel: each with its hooks, the time counted once', async () => {
    const host = new FakeHost();
    const trace = waits(() => Promise.all([wait.for({ seconds: 10 }), wait.for({ seconds: 20 })]));
    expect(await attempt('demo', { host })).toMatchObject({ status: 'COMPLETED', waitedMs: 20_000 });
    expect(host.elapsed).toBe(20_000);
    expect(trace.steps).toEqual(['onWait', 'onWait', 'onResume', 'onResume']);
  });

  test('one that does not fit: a named error before sleeping, without hooks, final', async () => {
    const host = new FakeHost();
    const trace = waits(() => wait.for({ minutes: 15 }));
    const outcome = await attempt('demo', { host });
    expect(outcome).toEqual({
      status: 'FAILED',
      error: expect.objectContaining({
        name: 'WaitDoesNotFitError',
        message: expect.stringContaining('a wait of 900 s does not fit: the function ends in 900 s'),
      }),
    });
    expect([host.elapsed, trace.steps]).toEqual([0, []]);
  });

  test('a pause that does not fit is refused as well', async () => {
    const host = new FakeHost();
    host.deadline = host.now() + 3000;
    waits(() => wait.for({ seconds: 3 }));
    expect(await attempt('demo', { host })).toMatchObject({ error: { name: 'WaitDoesNotFitError' } });
  });

  test('hooks of a wait may wait themselves', async () => {
    const trace = new Trace();
    const host = new FakeHost();
    task({
      id: 'demo',
      onWait: async () => {
        trace.add('onWait');
        await wait.for({ seconds: 6 });
      },
      run: () => wait.for({ seconds: 30 }),
    });
    expect(await attempt('demo', { host })).toMatchObject({ status: 'COMPLETED', waitedMs: 24_000 });
    expect([host.elapsed, trace.steps]).toEqual([30_000, ['onWait']]);
  });

  test('a cancelled run stops waiting', async () => {
    const trace = waits(() => wait.for({ minutes: 10 }));
    const { running, host } = start('demo');
    host.alarm(20_000, () => running.cancel());
    expect(await host.run(running.outcome)).toMatchObject({ status: 'CANCELED' });
    expect([host.elapsed, trace.steps]).toEqual([20_000, ['onWait']]);
  });

  test('outside of a run it says so', async () => {
    await expect(wait.for({ seconds: 1 })).rejects.toThrow('wait.for is available inside a run only');
    await expect(wait.until({ date: new Date() })).rejects.toThrow('inside a run only');
  });
});
