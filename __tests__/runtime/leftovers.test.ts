import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createWorkshop, invokeEvent, type Lambda } from './lambda.ts';

/** What one attempt leaves behind in a sandbox that is used again, inside AWS's own runtime client. */
let workshop: Awaited<ReturnType<typeof createWorkshop>>;
const started: Lambda[] = [];

beforeAll(async () => {
  workshop = await createWorkshop();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((lambda) => lambda.close()));
});
afterAll(() => workshop.remove());

async function start(source: string): Promise<Lambda> {
  const task = `import { locals, metadata, task, tasks, timeout, wait, waitUntil } from "@lumo-framework/tasks";
    const until = async (condition) => { while (!condition()) await new Promise((r) => setTimeout(r, 2)); };
    const isOver = () => { try { void timeout.signal; return false; } catch { return true; } };
    const shared = {};
    ${source}`;
  const lambda = await workshop.start({ task });
  started.push(lambda);
  return lambda;
}

const attempt = (number: number) => invokeEvent({ attempt: { number, maxAttempts: 3 } });
const OVER = 'From an attempt that is over: ';

describe('an error of an attempt that is over', () => {
  const leave = (failure: string) =>
    `until(isOver).then(() => setTimeout(() => { shared.thrown = true; ${failure} }));`;
  const THROW = leave('throw new RangeError("left over");');
  const REJECT = leave('Promise.reject(new RangeError("left over"));');
  const LATER =
    '(async () => { await until(() => shared.second); shared.thrown = true; throw new RangeError("left over"); })()';

  test.each([
    ['thrown in a timer', THROW],
    ['rejected in a timer', REJECT],
    ['of a promise nobody awaited', LATER],
  ])('%s does not touch the next one', async (_, left) => {
    const lambda = await start(`
      task({ id: "demo", run: async (_, { ctx }) => {
        if (ctx.attempt.number === 1) { ${left}; return; }
        shared.second = true;
        await until(() => shared.thrown);
        await new Promise((r) => setTimeout(r, 20));
        return "undisturbed";
      } });`);
    await lambda.run(attempt(1));
    const second = await lambda.run(attempt(2));
    expect(second).toMatchObject({ status: 'COMPLETED', result: 'undisturbed', logs: [] });
    expect(second.warnings).toBeUndefined();
    expect(lambda.log()).toContain(`${OVER}RangeError: left over\n    at `);
  });

  test('does not end the process between two attempts either', async () => {
    const lambda = await start(
      `task({ id: "demo", run: (_, { ctx }) => { if (ctx.attempt.number === 1) ${THROW}; } });`,
    );
    await lambda.run(attempt(1));
    await vi.waitFor(() => expect(lambda.log()).toContain(`${OVER}RangeError: left over`));
    expect((await lambda.run(attempt(2))).status).toBe('COMPLETED');
  });
});

describe('an error of nobody else ends the process', () => {
  test.each([
    ['of the present attempt', '', 'Promise.reject(new RangeError("mine"))'],
    [
      'of no attempt',
      'setInterval(() => { if (shared.now) throw new RangeError("mine"); }, 2).unref()',
      'shared.now = true',
    ],
  ])('one %s, also after an attempt with leftovers', async (_, load, crash) => {
    const lambda = await start(`${load};
      task({ id: "demo", run: async (_, { ctx }) => {
        if (ctx.attempt.number === 1) { setInterval(() => undefined, 5); return; }
        ${crash};
        await new Promise((r) => setTimeout(r, 20_000));
      } });`);
    await lambda.run(attempt(1));
    expect(await lambda.invoke(attempt(2))).toEqual({ exitCode: 1 });
    expect(lambda.log()).toMatch(/^LUMO-ENVELOPE .*"name":"RangeError","message":"mine"/m);
  });
});

test('the functions of the SDK refuse what an attempt has left running', async () => {
  const lambda = await start(`
    const Key = locals.create("key");
    const calls = {
      get: () => locals.get(Key), set: () => locals.set(Key, 1), metadata: () => metadata.set("a", 1),
      hook: () => tasks.onSuccess(() => undefined), signal: () => timeout.signal, waitUntil: () => waitUntil(Promise.resolve()),
      wait: () => wait.for({ seconds: 1 }), define: () => task({ id: "other", run: () => 1 }),
    };
    const tell = (what) => (error) => console.log(what, error.name, error.message);
    task({ id: "demo", run: async (_, { ctx }) => {
      locals.set(Key, ctx.attempt.number);
      if (ctx.attempt.number === 1) {
        until(() => shared.second).then(() => {
          for (const [what, call] of Object.entries(calls)) try { call()?.catch?.(tell(what)); } catch (error) { tell(what)(error); }
          shared.done = true;
        });
        return;
      }
      shared.second = true;
      await until(() => shared.done);
      return [locals.get(Key), metadata.get("a") ?? null];
    } });`);
  await lambda.run(attempt(1));
  expect(await lambda.run(attempt(2))).toMatchObject({ status: 'COMPLETED', result: [2, null], logs: [] });
  const refused = lambda.log().match(/(\w+) AttemptEndedError the attempt this code belongs to is over/g) ?? [];
  expect(refused.map((line) => line.split(' ')[0]).sort()).toEqual([
    'define',
    'get',
    'hook',
    'metadata',
    'set',
    'signal',
    'wait',
    'waitUntil',
  ]);
});

test('listeners that an attempt adds to the process end with it; those of the file stay', async () => {
  const lambda = await start(`
    const events = ["exit", "beforeExit", "SIGTERM", "uncaughtException", "unhandledRejection", "warning", "own"];
    const count = () => Object.fromEntries(events.map((event) => [event, process.listenerCount(event)]));
    const atLoad = () => { shared.heard = (shared.heard ?? 0) + 1; };
    process.on("own", atLoad);
    const before = count();
    task({ id: "demo", run: () => {
      const found = count();
      for (const event of events) { process.on(event, () => undefined); process.once(event, () => undefined); }
      process.on("own", atLoad);
      return { before, found };
    } });
    task({ id: "after", run: () => { process.emit("own"); return { before, found: count(), heard: shared.heard }; } });`);
  // The guard against runs that never settle is there while an attempt runs.
  const plusGuard = (counts: Record<string, number>) => ({ ...counts, beforeExit: (counts.beforeExit ?? 0) + 1 });
  for (const task of ['demo', 'demo', 'after']) {
    const { result } = await lambda.run(invokeEvent({ task }));
    const { before, found, heard } = result as {
      before: Record<string, number>;
      found: Record<string, number>;
      heard?: number;
    };
    expect(found).toEqual(plusGuard(before));
    expect(heard).toBe(task === 'after' ? 1 : undefined);
  }
});

test.each(['uncaughtException', 'unhandledRejection'])(
  'neither listeners of the file nor of the attempt for %s keep its answer from coming',
  async (event) => {
    const exit = `process.on("${event}", () => process.exit(9))`;
    const lambda = await start(`
      ${exit};
      task({ id: "demo", run: async () => {
        ${exit};
        ${event === 'uncaughtException' ? 'setTimeout(() => { throw new RangeError("late"); })' : 'Promise.reject(new RangeError("late"))'};
        await new Promise((r) => setTimeout(r, 20_000));
      } });`);
    expect(await lambda.invoke()).toEqual({ exitCode: 1 });
    expect(lambda.log()).toContain('LUMO-ENVELOPE ');
  },
);

test('an error in reaction to the signal does not turn TIMED_OUT into a failure that is tried again', async () => {
  const lambda = await start(`
    task({ id: "demo", run: async (_, { signal }) => {
      signal.addEventListener("abort", () => { throw new RangeError("aborted"); });
      await new Promise((r) => signal.addEventListener("abort", r));
    } });`);
  const { status, retry, warnings } = await lambda.run({ ...attempt(1), maxDuration: 0.1 });
  expect([status, retry]).toEqual(['TIMED_OUT', undefined]);
  expect(warnings).toContain('an error that nothing caught, after the signal had aborted: RangeError: aborted');
});
