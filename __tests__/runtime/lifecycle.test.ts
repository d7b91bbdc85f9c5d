import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CRASH_LINE_PREFIX, UNSTOPPED } from '../../src/runtime/protocol.ts';
import { createWorkshop, invokeEvent, type Lambda, type LambdaOptions } from './lambda.ts';

/** The main flows as they are deployed: bundled and minified, inside AWS's own runtime client. */
let workshop: Awaited<ReturnType<typeof createWorkshop>>;
const started: Lambda[] = [];

beforeAll(async () => {
  workshop = await createWorkshop();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((lambda) => lambda.close()));
});
afterAll(() => workshop.remove());

async function start(task: string, options: Omit<LambdaOptions, 'task'> = {}): Promise<Lambda> {
  const lambda = await workshop.start({ task, ...options });
  started.push(lambda);
  return lambda;
}

const retry = { maxAttempts: 3, factor: 1.8, minTimeoutInMs: 500, maxTimeoutInMs: 30_000, randomize: false };
const attemptOf = (task: string, number = 1, maxAttempts = 3) =>
  invokeEvent({ task, attempt: { number, maxAttempts }, retry: { ...retry, maxAttempts } });

const texts = (logs: { text: string }[]) => logs.map(({ text }) => text);

/** As its documentation shows it: a database opened in middleware, closed after, and opened again around waits. */
const DATABASE = `
import { locals, logger, tasks } from "@trigger.dev/sdk";

const DbLocal = locals.create<{ connect: () => Promise<void>; disconnect: () => Promise<void> }>("db");

export function getDb() {
  return locals.getOrThrow(DbLocal);
}

tasks.middleware("db", async ({ ctx, payload, next, task }) => {
  const db = locals.set(DbLocal, {
    connect: async () => { logger.info("Connecting to the database"); },
    disconnect: async () => { logger.info("Disconnecting from the database"); },
  });
  await db.connect();
  await next();
  await db.disconnect();
});

tasks.onWait("db", async ({ ctx, payload, task }) => { await getDb().disconnect(); });
tasks.onResume("db", async ({ ctx, payload, task }) => { await getDb().connect(); });
tasks.onStart("db", ({ task }) => { console.log("starting " + task, typeof getDb()); });
`;

describe('a file as it is published for the reference system', () => {
  const file = `
    import { AbortTaskRunError, task } from "@trigger.dev/sdk/v3";

    const hello = task({
      id: "hello-world",
      run: async (payload: { name?: string }, { ctx }) => {
        return { hello: payload.name ?? "world", attempt: ctx.attempt.number, first: ctx.deployment.isFirstDeploy };
      },
    });

    export const flaky = task({
      id: "flaky",
      retry: { maxAttempts: 3, factor: 1.8, minTimeoutInMs: 500, maxTimeoutInMs: 30_000, randomize: false },
      init: async () => ({ opened: true }),
      run: async (_payload: unknown, { ctx, init }) => {
        class QuotaError extends Error { name = "QuotaError"; }
        console.log("run", init);
        throw new QuotaError("attempt " + ctx.attempt.number);
      },
      onFailure: async ({ error }) => { console.log("gave up", (error as Error).name); },
      cleanup: async () => { console.log("cleanup"); },
    });

    export const never = task({
      id: "never",
      run: async () => { throw new AbortTaskRunError("not like this"); },
    });

    export const run = async (ctx: { deployment: { environment: string } }) => ({
      success: true, message: "plain in " + ctx.deployment.environment,
    });
  `;

  test('every task of it runs from the one bundle, the plain one too', async () => {
    const lambda = await start(file, { init: DATABASE });
    const connects = ['Connecting to the database', 'Disconnecting from the database'];
    const hello = await lambda.run(invokeEvent({ task: 'hello-world', payload: { name: 'ada' } }));
    expect(hello).toMatchObject({ task: 'hello-world', status: 'COMPLETED' });
    expect(hello.result).toEqual({ hello: 'ada', attempt: 1, first: true });
    expect(texts(hello.logs)).toEqual([connects[0], 'starting hello-world object', connects[1]]);

    const plain = await lambda.run(invokeEvent({ task: 'demo' }));
    expect(plain).toMatchObject({ status: 'COMPLETED', result: { success: true, message: 'plain in dev' } });
    expect(texts(plain.logs)).toEqual([connects[0], 'starting demo object', connects[1]]);

    expect(await lambda.run(attemptOf('nobody'))).toMatchObject({
      status: 'SYSTEM_FAILURE',
      error: { message: expect.stringContaining('functions/tasks/task.ts holds no task "nobody"') },
    });
  });

  test('attempts until the last one', async () => {
    const lambda = await start(file);
    const first = await lambda.run(attemptOf('flaky'));
    expect(first).toMatchObject({
      status: 'FAILED',
      error: { name: 'QuotaError', message: 'attempt 1', stack: expect.stringContaining('index.mjs') },
      retry: { delayMs: 500 },
    });
    expect(texts(first.logs)).toEqual(['run { opened: true }', 'cleanup']);
    expect(await lambda.run(attemptOf('flaky', 2))).toMatchObject({ retry: { delayMs: 900 } });
    const last = await lambda.run(attemptOf('flaky', 3));
    expect(last.retry).toBeUndefined();
    expect(texts(last.logs)).toEqual(['run { opened: true }', 'gave up QuotaError', 'cleanup']);
    expect(await lambda.run(attemptOf('never'))).not.toHaveProperty('retry');
  });

  test('hooks of trigger.config come before those of init, and its level of logging counts', async () => {
    const lambda = await start(file, {
      init: `import { tasks } from "@trigger.dev/sdk"; tasks.onStart(() => console.log("init file"));`,
      config: `import { defineConfig, logger } from "@trigger.dev/sdk";
        export default defineConfig({ project: "p", logLevel: "debug", onStart: async () => { logger.debug("config"); } });
        export const handleError = async () => ({ retryDelayInMs: 42 });`,
    });
    const { logs, retry: again } = await lambda.run(attemptOf('flaky'));
    expect(texts(logs).slice(0, 2)).toEqual(['config', 'init file']);
    expect(again).toEqual({ delayMs: 42 });
  });
});

describe('a warm sandbox carries nothing from one attempt into the next', () => {
  test('locals, metadata, hooks registered in run, warnings', async () => {
    const lambda = await start(`
      import { locals, metadata, task, tasks } from "@lumo-framework/tasks";
      const Seen = locals.create<number>("seen");
      task({
        id: "demo",
        run: async (_, { ctx }) => {
          const before = [locals.get(Seen), metadata.get("seen")];
          locals.set(Seen, 1);
          metadata.set("seen", 1);
          const number = ctx.attempt.number;
          tasks.onSuccess("late", () => { console.log("registered in attempt " + number); throw new Error("x"); });
          if (number === 2) throw new Error("no");
          return before;
        },
      });`);
    const first = await lambda.run(attemptOf('demo', 1));
    expect(first).toMatchObject({ result: [null, null], metadata: { seen: 1 }, hooks: [{ hook: 'onSuccess' }] });
    const second = await lambda.run(attemptOf('demo', 2));
    expect(second).not.toHaveProperty('hooks');
    const third = await lambda.run(attemptOf('demo', 3));
    expect(third).toMatchObject({ result: [null, null] });
    expect(texts(third.logs)).toEqual(['registered in attempt 3']);
  });
});

describe('limits', () => {
  test('maxDuration aborts the signal and answers TIMED_OUT with what was logged', async () => {
    const lambda = await start(`
      import { task } from "@lumo-framework/tasks";
      task({
        id: "demo",
        run: async (_, { signal }) => {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          console.log("aborted", signal.reason.name);
        },
        cleanup: () => console.log("cleanup"),
      });`);
    const { status, error, logs, warnings } = await lambda.run({ ...attemptOf('demo'), maxDuration: 0.2 });
    expect([status, error?.name]).toEqual(['TIMED_OUT', 'MAX_DURATION_EXCEEDED']);
    expect(texts(logs)).toEqual(['aborted TaskRunExceededMaxDuration']);
    expect(warnings).toBeUndefined();
  });

  test('a run that goes on after maxDuration ends with its process, so that no later attempt runs beside it', async () => {
    const lambda = await start(`
      import { task } from "@lumo-framework/tasks";
      task({ id: "demo", run: () => new Promise((resolve) => setTimeout(resolve, 60_000)) });`);
    expect(await lambda.invoke({ ...attemptOf('demo'), maxDuration: 0.2 })).toEqual({ exitCode: 1 });
    const line = lambda
      .log()
      .split('\n')
      .find((text) => text.startsWith(CRASH_LINE_PREFIX));
    expect(JSON.parse(line?.slice(CRASH_LINE_PREFIX.length) ?? '')).toMatchObject({
      status: 'TIMED_OUT',
      error: { name: 'MAX_DURATION_EXCEEDED' },
      warnings: [UNSTOPPED],
    });
  });

  test("a wait is measured by the platform's deadline", async () => {
    const lambda = await start(`
      import { task, wait } from "@lumo-framework/tasks";
      task({ id: "demo", run: async () => { await wait.for({ minutes: 2 }); } });
      task({ id: "long", onWait: ({ wait }) => console.log(wait.type), run: async () => { await wait.for({ seconds: 5.3 }); } });`);
    expect(await lambda.run(attemptOf('demo'))).toMatchObject({
      status: 'FAILED',
      error: {
        name: 'WaitDoesNotFitError',
        message: expect.stringMatching(/a wait of 120 s does not fit.* in (60|59) s/),
      },
    });
    const long = await lambda.run(attemptOf('long'));
    expect(long.status).toBe('COMPLETED');
    expect(long.waitedMs).toBeGreaterThan(5200);
    expect(texts(long.logs)).toEqual(['duration']);
  }, 15_000);

  test('an output over 6 MB is left out, and that is said', async () => {
    const lambda = await start(`
      import { task } from "@lumo-framework/tasks";
      task({ id: "demo", run: async () => "x".repeat(7_000_000) });`);
    const envelope = await lambda.run(attemptOf('demo'));
    expect(envelope).toMatchObject({ status: 'COMPLETED', warnings: [expect.stringContaining('The result was cut')] });
    expect(envelope).not.toHaveProperty('result');
  });
});

describe('what never settles', () => {
  test.each([
    ['run', 'run: () => new Promise(() => {})', 'FAILED'],
    ['init', 'init: () => new Promise(() => {}), run: () => 1', 'COMPLETED'],
    ['onSuccess', 'onSuccess: () => new Promise(() => {}), run: () => 1', 'COMPLETED'],
    ['middleware', 'middleware: () => new Promise(() => {}), run: () => 1', 'FAILED'],
  ])('%s is told, and everything else goes on', async (kind, body, status) => {
    const lambda = await start(`
      import { task } from "@lumo-framework/tasks";
      task({ id: "demo", onFailure: () => console.log("told"), ${body} });`);
    const { status: seen, error, hooks = [], logs } = await lambda.run({ ...attemptOf('demo', 1, 1), maxDuration: 60 });
    expect(seen).toBe(status);
    expect((error ?? hooks[0]?.error)?.message).toContain(`${kind} never settled`);
    expect(texts(logs)).toEqual(status === 'FAILED' ? ['told'] : []);
    expect(await lambda.run(attemptOf('demo'))).toMatchObject({ task: 'demo' });
  });

  test('middleware around a run that never settles still closes what it opened', async () => {
    const lambda = await start(`
      import { task } from "@lumo-framework/tasks";
      task({
        id: "demo",
        middleware: async ({ next }) => { await next(); console.log("closed"); },
        run: () => new Promise(() => {}),
      });`);
    expect(texts((await lambda.run(attemptOf('demo', 1, 1))).logs)).toEqual(['closed']);
  });
});

describe('1.5 an uncaught exception or unhandled rejection', () => {
  const crashing = (thrown: string) => `
    import { AbortTaskRunError, task, OutOfMemoryError } from "@lumo-framework/tasks";
    task({
      id: "demo",
      catchError: () => console.log("catchError"),
      onFailure: () => console.log("onFailure"),
      cleanup: () => console.log("cleanup"),
      run: async () => {
        setTimeout(() => { throw ${thrown} });
        await new Promise((resolve) => setTimeout(resolve, 10_000));
      },
    });`;

  async function crashOf(thrown: string, number = 1) {
    const lambda = await start(crashing(thrown));
    expect(await lambda.invoke(attemptOf('demo', number))).toEqual({ exitCode: 1 });
    const lines = lambda.log().split('\n');
    expect(lines.filter((line) => /catchError|onFailure|cleanup/.test(line))).toEqual([]);
    const line = lines.find((text) => text.startsWith('LUMO-ENVELOPE ')) ?? '';
    return JSON.parse(line.slice('LUMO-ENVELOPE '.length));
  }

  test("ends the process at once without any hook; the task's retry settings decide", async () => {
    expect(await crashOf('new RangeError("late")')).toMatchObject({
      task: 'demo',
      status: 'FAILED',
      error: { name: 'RangeError', message: 'late' },
      retry: { delayMs: 500 },
      warnings: [expect.stringMatching(/^TASK_RUN_UNCAUGHT_EXCEPTION: /)],
    });
    expect(await crashOf('new RangeError("late")', 3)).not.toHaveProperty('retry');
    expect(await crashOf('new AbortTaskRunError("stop")')).not.toHaveProperty('retry');
    expect(await crashOf('new OutOfMemoryError()')).toMatchObject({ outOfMemory: true });
  });
});
