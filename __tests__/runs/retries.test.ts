import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { ActionError } from '../../src/errors.ts';
import type { Machine, TaskBehaviour } from '../../src/project/types.ts';
import type { AttemptStart } from '../../src/runs/attempt.ts';
import type { PlannedRun } from '../../src/runs/run-task.ts';
import { RunsStopped, type RunTasksOptions, runTasks } from '../../src/runs/run-tasks.ts';
import type { RunResult } from '../../src/runs/types.ts';
import { UNCAUGHT } from '../../src/runtime/protocol.ts';
import { envelope, InvokeServer, MemoryRunner, projectTask } from './helpers.ts';

const RETRY = { maxAttempts: 3, factor: 2, minTimeoutInMs: 100, maxTimeoutInMs: 1000, randomize: false };
const SMALL: Machine = { name: 'small-1x', cpu: 0.5, memory: 885 };
const LARGE: Machine = { name: 'large-1x', cpu: 4.63, memory: 8192 };
const HOOKS = ['middleware', 'onStart', 'catchError', 'onFailure', 'onComplete', 'cleanup'];
const ERROR = { name: 'TypeError', message: 'boom' };

let server: InvokeServer;
let runner: MemoryRunner;
/** Requests under way, and the most there ever were. */
let open: number;
let peak: number;
/** What was invoked, with the version. */
let invoked: string[];

beforeEach(async () => {
  server = await new InvokeServer().start();
  runner = new MemoryRunner();
  [open, peak, invoked] = [0, 0, []];
});
afterEach(() => server.close());

type Answer = { payload: string; error?: true; report?: string; afterMs?: number };

/** The answers of each function, attempt after attempt; the last one stays. */
function script(functions: Record<string, Answer[]>): void {
  const made = new Map<string, number>();
  server.replies = [
    async ({ functionName, qualifier }, response) => {
      invoked.push(`${functionName}:${qualifier}`);
      open += 1;
      peak = Math.max(peak, open);
      const number = made.get(functionName) ?? 0;
      made.set(functionName, number + 1);
      const answers = functions[functionName] ?? [];
      const {
        payload,
        error,
        report = '',
        afterMs = 0,
      } = answers[number] ?? answers.at(-1) ?? { payload: envelope(functionName) };
      await delay(afterMs);
      open -= 1;
      response.writeHead(200, {
        'x-amz-executed-version': qualifier ?? '$LATEST',
        ...(error && { 'x-amz-function-error': 'Unhandled' }),
        'x-amz-log-result': Buffer.from(report).toString('base64'),
      });
      response.end(payload);
    },
  ];
}

/** Answers of a lifecycle task `a`. */
const done = (result: unknown = { n: 1 }): Answer => ({ payload: envelope('a', { result }) });
const failed = (changes: object = {}): Answer => ({
  payload: envelope('a', { status: 'FAILED', result: undefined, error: ERROR, ...changes }),
});
const retried = (delayMs = 100, changes: object = {}): Answer => failed({ retry: { delayMs }, ...changes });
const died = (message: string, type = 'Runtime.ExitError', report = ''): Answer => ({
  payload: JSON.stringify({ errorType: type, errorMessage: message }),
  error: true,
  report,
});
const exited = died('RequestId: 1 Error: Runtime exited with error: exit status 3');
const killed = died(
  'RequestId: 1 Error: Runtime exited with error: signal: killed',
  'Runtime.ExitError',
  'REPORT RequestId: 1\tMemory Size: 885 MB\tMax Memory Used: 880 MB\t',
);

interface Setup {
  behaviour?: Partial<TaskBehaviour>;
  name?: string;
  existing?: boolean;
  starts?: AttemptStart[];
}

function planned({ behaviour, name = 'a', existing = false, starts = [] }: Setup = {}): PlannedRun {
  const lifecycle = { dialect: 'lifecycle' as const, retry: RETRY, machine: SMALL, hooks: HOOKS };
  return {
    task: projectTask(name, {}, { ...lifecycle, ...behaviour }),
    skip: undefined,
    target: { functionName: name, qualifier: '7', existing },
    event: (start) => {
      starts.push(start);
      return { number: start.number };
    },
  };
}

async function run(runs: PlannedRun[], changes: Partial<RunTasksOptions> = {}): Promise<RunResult[]> {
  return await runTasks({
    runs,
    satisfied: new Set(),
    maxParallel: 1,
    failFast: true,
    channels: undefined,
    invoker: server.client(),
    clock: fastClock(),
    runner,
    signal: new AbortController().signal,
    beforeAttempt: async ({ deadline }) => deadline,
    afterRun: async () => undefined,
    translate: async (error) => error,
    enlarge: async () => '8',
    ...changes,
  });
}

async function runOne(setup: Setup = {}, changes: Partial<RunTasksOptions> = {}): Promise<RunResult> {
  const [result] = await run([planned(setup)], changes);
  if (result === undefined) throw new Error('no result');
  return result;
}

/** A hundred times as fast. */
function fastClock(onSleep: (milliseconds: number) => void = () => undefined): Clock {
  return {
    now: () => Date.now(),
    random: () => 0,
    sleep: (milliseconds, signal) => {
      onSleep(milliseconds);
      return systemClock.sleep(milliseconds / 100, signal);
    },
  };
}

const statuses = ({ attempts }: RunResult) => attempts.map(({ status }) => status);

describe('attempts', () => {
  test('one after another until one succeeds; each has its number, its machine and the start of the run', async () => {
    script({ a: [retried(100), retried(200), done()] });
    const starts: AttemptStart[] = [];
    const sent: string[] = [];
    const result = await runOne(
      { starts },
      {
        beforeAttempt: async ({ task, attempt, deadline }) => {
          sent.push(`${task} ${attempt}`);
          return deadline;
        },
      },
    );
    expect(result).toMatchObject({ status: 'COMPLETED', message: 'completed after 3 attempts', data: { n: 1 } });
    expect(result.attempts).toMatchObject([
      { number: 1, status: 'FAILED', error: ERROR, retryDelayMs: 100 },
      { number: 2, status: 'FAILED', error: ERROR, retryDelayMs: 200 },
      { number: 3, status: 'COMPLETED' },
    ]);
    expect(result.attempts[2]).not.toHaveProperty('retryDelayMs');
    expect(starts.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(new Set(starts.map(({ runStartedAt }) => runStartedAt))).toEqual(new Set([result.startedAt]));
    expect(starts[0]?.machine).toEqual(SMALL);
    expect(sent).toEqual(['a 1', 'a 2', 'a 3']);
    expect(result).toMatchObject({ machine: 'small-1x', memoryMb: 885, cpu: 0.5 });
  });

  test('the delays of the settings are waited here, and nothing runs in Lambda meanwhile', async () => {
    const retry = { maxAttempts: 10, factor: 1.8, minTimeoutInMs: 500, maxTimeoutInMs: 30_000, randomize: false };
    const delays = [500, 900, 1620, 2916, 5249, 9448, 17006, 30_000, 30_000];
    const openDuring: number[] = [];
    const clock = fastClock((milliseconds) => {
      if (delays.includes(milliseconds)) openDuring.push(open);
    });
    script({ a: [exited] });
    const result = await runOne({ behaviour: { retry } }, { clock });
    expect(result.attempts.map(({ retryDelayMs }) => retryDelayMs)).toEqual([...delays, undefined]);
    expect(openDuring).toEqual(delays.map(() => 0));
    expect(result.durationMs).toBeGreaterThanOrEqual(delays.reduce((sum, each) => sum + each, 0) / 100 - 20);
    expect(runner.lines).toContain(
      'a … next attempt in 900 ms; Crashed: The process ended (exit code 3) before the task returned a result. Return or throw instead of calling process.exit().',
    );
  });

  test('never more than maxAttempts, whatever the attempt asks for', async () => {
    script({ a: [retried(0)] });
    const result = await runOne();
    expect(statuses(result)).toEqual(['FAILED', 'FAILED', 'FAILED']);
    expect(result.error?.message).toBe('boom. These hooks did not run: onFailure, onComplete.');
  });

  test('the last decision of the attempt is final, and its message is the error', async () => {
    script({ a: [retried(0), failed()] });
    expect(await runOne()).toMatchObject({ status: 'FAILED', message: 'boom', error: ERROR, warnings: [] });
    expect(invoked).toEqual(['a:7', 'a:7']);
  });

  test('the output of each attempt is in a group of its own, the delay beside it', async () => {
    script({ a: [retried(900), done()] });
    await runOne();
    expect(runner.lines.map((line) => line.replace(/in \d+ ms,/, 'in 5 ms,'))).toEqual([
      'a … invoking a:7',
      '> a FAILED in 5 ms, attempt 1 of 3',
      '  hello from a',
      '<',
      'a … next attempt in 900 ms; TypeError: boom',
      'a … invoking a:7, attempt 2 of 3',
      '> a COMPLETED in 5 ms, attempt 2 of 3',
      '  hello from a',
      '<',
    ]);
  });

  test('hooks that threw, and metadata, are kept', async () => {
    const hooks = [{ hook: 'onStart', scope: 'global', error: { name: 'Error', message: 'slack', stack: 'raw' } }];
    script({ a: [retried(0, { hooks }), { payload: envelope('a', { result: 3, metadata: { step: 2 } }) }] });
    const result = await runOne({}, { translate: async (error) => ({ ...error, stack: 'own', file: 'a.ts' }) });
    expect(result).toMatchObject({ data: 3, metadata: { step: 2 } });
    expect(result.attempts[0]?.hooks).toEqual([
      { hook: 'onStart', scope: 'global', error: { name: 'Error', message: 'slack', stack: 'own', file: 'a.ts' } },
    ]);
  });
});

describe('who is tried again', () => {
  const maxDuration = { name: 'MaxDurationExceeded', message: 'over 5 s' };
  const uncaught = died(
    'exit status 1',
    'Runtime.ExitError',
    `LUMO-ENVELOPE ${failed({ warnings: [UNCAUGHT] }).payload}\n`,
  );
  const pastTimeOut = died('RequestId: 1 Error: Task timed out after 3.00 seconds', 'Sandbox.Timedout');

  test.each<[what: string, answer: Answer, status: string, attempts: number]>([
    ['a process that ended', exited, 'CRASHED', 3],
    ['an uncaught exception', uncaught, 'FAILED', 3],
    ['a promise that never settled', died('Runtime exited with error: exit status 13'), 'FAILED', 3],
    ['a hard time-out', pastTimeOut, 'TIMED_OUT', 1],
    ['maxDuration', failed({ status: 'TIMED_OUT', error: maxDuration, retry: { delayMs: 1 } }), 'TIMED_OUT', 1],
    ['a task that could not be loaded', died('x', 'Runtime.ImportModuleError'), 'SYSTEM_FAILURE', 1],
    ['SYSTEM_FAILURE', failed({ status: 'SYSTEM_FAILURE', retry: { delayMs: 1 } }), 'SYSTEM_FAILURE', 1],
    ['catchError that threw', failed({ status: 'CRASHED', retry: { delayMs: 1 } }), 'CRASHED', 1],
    ['a cancelled attempt', { payload: envelope('a', { status: 'CANCELED', result: undefined }) }, 'CANCELED', 1],
    ['out of memory', killed, 'CRASHED', 1],
    ['OutOfMemoryError', retried(0, { outOfMemory: true }), 'FAILED', 1],
    ['no envelope', { payload: 'null' }, 'FAILED', 1],
  ])('%s', async (_, answer, status, attempts) => {
    script({ a: [answer] });
    const result = await runOne();
    expect({ status: result.status, attempts: result.attempts.length }).toEqual({ status, attempts });
  });

  test('a lost connection never: the attempt may have run', async () => {
    server.replies = [({ socket }) => void socket.destroy()];
    expect(statuses(await runOne())).toEqual(['UNKNOWN']);
    expect(server.requests).toHaveLength(1);
  });

  test('a Lumo task once, unless it is configured; never when it returned success: false', async () => {
    const lumo = { dialect: 'lumo' as const };
    script({ a: [exited] });
    expect((await runOne({ behaviour: { ...lumo, retry: { ...RETRY, maxAttempts: 1 } } })).attempts).toHaveLength(1);
    expect((await runOne({ behaviour: lumo })).attempts).toHaveLength(3);
    script({ a: [{ payload: envelope('a', { status: 'FAILED', result: { success: false, message: 'no' } }) }] });
    expect(await runOne({ behaviour: lumo })).toMatchObject({ message: 'no', attempts: [{}] });
  });

  test('a Lambda of the user by its settings, when it threw', async () => {
    script({ a: [died('broken', 'KeyError'), { payload: '{"applied":1}' }] });
    const result = await runOne({ existing: true, behaviour: { dialect: 'lumo' } });
    expect(statuses(result)).toEqual(['FAILED', 'COMPLETED']);
    expect(result).not.toHaveProperty('memoryMb');
  });
});

describe('what did not run is said', () => {
  const missed = 'These hooks did not run: ';
  const middleware = 'middleware (after next())';

  test.each<[what: string, answer: Answer, expected: string]>([
    ['crash', exited, `${missed}catchError, onFailure, onComplete, cleanup, ${middleware}.`],
    [
      'maxDuration',
      failed({ status: 'TIMED_OUT' }),
      `${missed}catchError, onFailure, onComplete, cleanup, ${middleware}.`,
    ],
    ['catchError threw', failed({ status: 'CRASHED' }), `${missed}onFailure, onComplete, cleanup.`],
    ['refused retry', retried(0, { outOfMemory: true }), `${missed}onFailure, onComplete.`],
  ])('%s', async (_, answer, expected) => {
    script({ a: [answer] });
    const result = await runOne({ behaviour: { retry: { ...RETRY, maxAttempts: 1 } } });
    expect(result.message?.endsWith(expected)).toBe(true);
    expect(result.error?.message).toBe(result.message);
  });

  test('of earlier attempts as a warning, without the hooks that only the last one has', async () => {
    script({ a: [exited, done()] });
    expect((await runOne()).warnings).toEqual([`attempt 1: ${missed}catchError, cleanup, ${middleware}.`]);
  });

  test('only hooks the task has', async () => {
    script({ a: [exited] });
    const result = await runOne({ behaviour: { hooks: ['onStart'], retry: { ...RETRY, maxAttempts: 1 } } });
    expect(result.message).toMatch(/process\.exit\(\)\.$/);
  });
});

describe('out of memory', () => {
  const behaviour = { outOfMemoryMachine: LARGE };
  const asked: string[] = [];
  const enlarge: RunTasksOptions['enlarge'] = async (task, { memory }) => {
    asked.push(`${task} ${memory}`);
    return '8';
  };
  beforeEach(() => void asked.splice(0));

  test('the next attempt runs on the larger machine, and so do those after it', async () => {
    script({ a: [killed, retried(0), done()] });
    const starts: AttemptStart[] = [];
    const result = await runOne({ behaviour, starts }, { enlarge });
    expect(result).toMatchObject({ status: 'COMPLETED', version: '8', machine: 'large-1x', memoryMb: 8192, cpu: 4.63 });
    expect(result.attempts.map(({ memoryMb, retryDelayMs }) => ({ memoryMb, retryDelayMs }))).toEqual([
      { memoryMb: undefined, retryDelayMs: 100 },
      { memoryMb: 8192, retryDelayMs: 0 },
      { memoryMb: 8192, retryDelayMs: undefined },
    ]);
    expect(invoked).toEqual(['a:7', 'a:8', 'a:8']);
    expect(asked).toEqual(['a 8192']);
    expect(starts.map(({ machine }) => machine.name)).toEqual(['small-1x', 'large-1x', 'large-1x']);
    expect(runner.lines.some((line) => line.startsWith('a … next attempt in 100 ms on large-1x (8192 MB)'))).toBe(true);
  });

  test('once: on the larger machine it is final', async () => {
    script({ a: [killed] });
    expect(statuses(await runOne({ behaviour }, { enlarge }))).toEqual(['CRASHED', 'CRASHED']);
  });

  test('a machine that cannot be had is said, and the crash stays the result', async () => {
    script({ a: [killed] });
    const refusal = new ActionError('AWS_FAILED', "'MemorySize' must be at most 3008.", {
      advice: 'Ask AWS for more.',
    });
    const result = await runOne({ behaviour }, { enlarge: () => Promise.reject(refusal) });
    expect(result).toMatchObject({ status: 'CRASHED', attempts: [{ number: 1 }] });
    expect(result.message).toContain(
      "It could not be tried again on large-1x (8192 MB): 'MemorySize' must be at most 3008. Ask AWS for more. These hooks did not run: catchError, onFailure",
    );
  });
});

describe('together', () => {
  test('twenty tasks on a queue of one never overlap with max-parallel 8, without it they do', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `t${index}`);
    const answers = Object.fromEntries(
      names.map((name) => [
        name,
        [
          {
            payload: envelope(name, { status: 'FAILED', result: undefined, error: ERROR, retry: { delayMs: 10 } }),
            afterMs: 2,
          },
          { payload: envelope(name), afterMs: 2 },
        ],
      ]),
    );
    const all = (concurrencyLimit: number | undefined) =>
      names.map((name) => planned({ name, behaviour: { queue: { name: 'db', concurrencyLimit } } }));
    script(answers);
    const results = await run(all(1), { maxParallel: 8 });
    expect(results.every(({ status, attempts }) => status === 'COMPLETED' && attempts.length === 2)).toBe(true);
    expect(peak).toBe(1);
    script(answers);
    await run(all(undefined), { maxParallel: 8 });
    expect(peak).toBeGreaterThan(1);
    expect(peak).toBeLessThanOrEqual(8);
  });

  test('others go ahead of a task that waits for its next attempt, except one at a time', async () => {
    const order = async (maxParallel: number): Promise<string[]> => {
      script({ a: [retried(20_000), done()] });
      invoked = [];
      const [queue, name] = [{ name: 'db', concurrencyLimit: 1 }, 'b'];
      await run([planned({ behaviour: { queue } }), planned({ name, behaviour: { queue } })], { maxParallel });
      return invoked;
    };
    expect(await order(2)).toEqual(['a:7', 'b:7', 'a:7']);
    expect(await order(1)).toEqual(['a:7', 'a:7', 'b:7']);
  });

  test('a paused queue takes nothing, and nobody waits for it', async () => {
    script({});
    const paused = planned({ behaviour: { queue: { name: 'later', concurrencyLimit: 0 } } });
    const [a, b] = await run([paused, planned({ name: 'b' })]);
    expect(a).toMatchObject({ status: 'SKIPPED', reason: 'its queue later is paused: concurrencyLimit 0' });
    expect(b?.status).toBe('COMPLETED');
  });

  test('fail-fast counts final failures only, and lets those under way have their attempts', async () => {
    script({
      a: [failed()],
      b: [{ payload: retried(5000).payload.replaceAll('"a"', '"b"'), afterMs: 150 }, { payload: envelope('b') }],
    });
    const results = await run([planned({ name: 'b' }), planned(), planned({ name: 'c' })], { maxParallel: 2 });
    expect(results.map(({ task, status }) => `${task} ${status}`)).toEqual(['b COMPLETED', 'a FAILED', 'c SKIPPED']);
  });
});

describe('interrupted before the next attempt', () => {
  test('by the user: nothing more starts, and the run is CANCELED', async () => {
    script({ a: [retried(60_000_000)] });
    const cancel = new AbortController();
    const startedAt = Date.now();
    const running = runOne({}, { signal: cancel.signal });
    setTimeout(() => cancel.abort(), 200);
    const result = await running;
    expect(Date.now() - startedAt).toBeLessThan(2000);
    expect(result).toMatchObject({
      status: 'CANCELED',
      reason: 'cancelled while it waited for attempt 2 of 3',
      message: 'cancelled while it waited for attempt 2 of 3. These hooks did not run: onFailure, onComplete.',
      attempts: [{ status: 'FAILED', error: ERROR }],
    });
    expect(result).not.toHaveProperty('error');
    expect(result.attempts[0]).not.toHaveProperty('retryDelayMs');
  });

  test('by an error of ours: what ran is reported, and the error surfaces', async () => {
    script({ a: [retried(0)] });
    const lost = new ActionError('LOCK_LOST', 'The lock was lost.', { advice: 'x' });
    let attempts = 0;
    const ended: string[] = [];
    const error = await run([planned(), planned({ name: 'b' })], {
      beforeAttempt: async ({ deadline }) => {
        attempts += 1;
        if (attempts === 2) throw lost;
        return deadline;
      },
      afterRun: async ({ task }) => void ended.push(task),
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RunsStopped);
    expect(error).toMatchObject({
      cause: lost,
      results: [{ status: 'FAILED', attempts: [{ number: 1 }] }, { status: 'SKIPPED' }],
    });
    expect((error as RunsStopped).results[0]?.message).toContain('boom. It was not tried again: The lock was lost.');
    expect(ended).toEqual(['a']);
  });

  test('by an error elsewhere', async () => {
    script({ a: [retried(60_000_000)] });
    const lost = new ActionError('LOCK_LOST', 'The lock was lost.', { advice: 'x' });
    const error = await run([planned(), planned({ name: 'b' })], {
      maxParallel: 2,
      afterRun: async ({ task }) => {
        if (task === 'b') throw lost;
      },
    }).catch((reason: unknown) => reason);
    const [a] = (error as RunsStopped).results;
    expect(a?.status).toBe('FAILED');
    expect(a?.message).toContain('It was not tried again: the deployment was stopped by an error.');
  });
});
