import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createWorkshop, invokeEvent, type Lambda } from './lambda.ts';

/** Runs that wait for something which does not keep the event loop busy, inside AWS's own runtime client. */
let workshop: Awaited<ReturnType<typeof createWorkshop>>;
const started: Lambda[] = [];

beforeAll(async () => {
  workshop = await createWorkshop();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((lambda) => lambda.close()));
});
afterAll(() => workshop.remove());

async function start(run: string): Promise<Lambda> {
  const task = `import { task, timeout, wait } from "@lumo-framework/tasks";
    const aborted = (signal) => new Promise((resolve) => signal.addEventListener("abort", resolve));
    const never = () => new Promise(() => undefined);
    task({ id: "demo", run: ${run} });`;
  const lambda = await workshop.start({ task });
  started.push(lambda);
  return lambda;
}

const LIMIT = { maxDuration: 0.3 };
const NEVER = {
  status: 'FAILED',
  error: { name: 'NeverSettled', message: expect.stringContaining('run never settled') },
};

describe('a run that waits for its signal lasts until maxDuration', () => {
  test.each([
    ['a listener', 'async (_, { signal }) => { await aborted(signal); }'],
    ['timeout.signal', 'async () => { await aborted(timeout.signal); }'],
    [
      'AbortSignal.any of it',
      'async (_, { signal }) => { await aborted(AbortSignal.any([AbortSignal.any([signal])])); }',
    ],
    [
      'a listener, after a wait',
      'async (_, { signal }) => { await wait.for({ seconds: 0.01 }); await aborted(signal); }',
    ],
  ])('by %s', async (_, run) => {
    const lambda = await start(run);
    const { status, error, retry, warnings } = await lambda.run({ ...invokeEvent(), ...LIMIT });
    expect([status, error?.name, retry, warnings]).toEqual([
      'TIMED_OUT',
      'MAX_DURATION_EXCEEDED',
      undefined,
      undefined,
    ]);
  });
});

describe('a run that waits for a timer without a reference goes on when it fires', () => {
  test.each([
    ['AbortSignal.timeout', 'aborted(AbortSignal.timeout(120))'],
    [
      'AbortSignal.any with a timeout',
      'aborted(AbortSignal.any([new AbortController().signal, AbortSignal.timeout(120)]))',
    ],
    ['setTimeout().unref()', 'new Promise((resolve) => setTimeout(resolve, 120).unref())'],
    ['setInterval().unref()', 'new Promise((resolve) => setInterval(resolve, 120).unref())'],
  ])('%s', async (_, wait) => {
    const lambda = await start(`async () => { await ${wait}; return "awake"; }`);
    expect(await lambda.run()).toMatchObject({ status: 'COMPLETED', result: 'awake' });
  });

  test('but not longer than maxDuration', async () => {
    const lambda = await start('async () => { await aborted(AbortSignal.timeout(30_000)); }');
    expect(await lambda.invoke({ ...invokeEvent(), ...LIMIT })).toEqual({ exitCode: 1 });
    expect(lambda.log()).toContain('"status":"TIMED_OUT"');
  });
});

describe('a run that nothing can wake ends at once', () => {
  test.each([
    ['a listener of a signal that nobody aborts', 'async (_, { signal }) => { await aborted(signal); }', {}],
    [
      'a listener of another signal',
      'async () => { await aborted(AbortSignal.any([new AbortController().signal])); }',
      { maxDuration: 60 },
    ],
    [
      'a timer that has fired',
      'async () => { await new Promise((r) => setTimeout(r, 5).unref()); await never(); }',
      {},
    ],
    ['a timer that was cleared', 'async () => { clearTimeout(setTimeout(never, 60_000).unref()); await never(); }', {}],
    [
      'a long wait that is over',
      'async () => { await wait.for({ seconds: 5.01 }); await never(); }',
      { maxDuration: 60 },
    ],
  ])(
    '%s',
    async (_, run, changes) => {
      const lambda = await start(run);
      expect(await lambda.run({ ...invokeEvent(), ...changes })).toMatchObject(NEVER);
    },
    10_000,
  );

  test('what an earlier attempt has left behind keeps nothing alive', async () => {
    const lambda = await start(`async (_, { ctx, signal }) => {
      if (ctx.attempt.number === 1) { setInterval(() => undefined, 5).unref(); AbortSignal.timeout(60_000); aborted(signal); return; }
      await never();
    }`);
    await lambda.run({ ...invokeEvent(), maxDuration: 60 });
    const second = invokeEvent({ attempt: { number: 2, maxAttempts: 2 }, maxDuration: 60 });
    expect(await lambda.run(second)).toMatchObject(NEVER);
  });
});

test('a run that may be woken for ever ends while the function has time left to answer', async () => {
  const lambda = await start('async () => { setInterval(() => console.log("tick"), 20).unref(); await never(); }');
  const envelope = await lambda.run(invokeEvent(), 2300);
  expect(envelope).toMatchObject(NEVER);
  expect(envelope.logs[0]?.text).toBe('tick');
});
