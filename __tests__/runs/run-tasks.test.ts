import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { ActionError } from '../../src/errors.ts';
import type { TaskSettings } from '../../src/project/types.ts';
import type { PlannedRun } from '../../src/runs/run-task.ts';
import { RunsStopped, type RunTasksOptions, runTasks } from '../../src/runs/run-tasks.ts';
import type { RunResult } from '../../src/runs/types.ts';
import { envelope, InvokeServer, MemoryRunner, projectTask } from './helpers.ts';

let server: InvokeServer;
let runner: MemoryRunner;
let calls: string[];

beforeEach(async () => {
  server = await new InvokeServer().start();
  runner = new MemoryRunner();
  calls = [];
});
afterEach(() => server.close());

type Script = Record<string, { payload?: string; afterMs?: number; drop?: boolean }>;

/** What each function answers; `done` by default. */
function script(functions: Script = {}): void {
  server.replies = [
    async ({ functionName, socket }, response) => {
      calls.push(`invoke ${functionName}`);
      const { payload = envelope(functionName), afterMs = 0, drop = false } = functions[functionName] ?? {};
      await delay(afterMs);
      if (drop) {
        socket.destroy();
        return;
      }
      const report = 'REPORT RequestId: 1\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB\t';
      response.writeHead(200, {
        'x-amz-executed-version': '7',
        'x-amzn-requestid': `request-${functionName}`,
        'x-amz-log-result': Buffer.from(report).toString('base64'),
      });
      response.end(payload);
    },
  ];
}

function planned(name: string, settings: Partial<TaskSettings> = {}, changes: Partial<PlannedRun> = {}): PlannedRun {
  return {
    task: projectTask(name, settings),
    skip: undefined,
    target: { functionName: name, qualifier: '7', existing: false },
    event: () => ({}),
    ...changes,
  };
}

function run(runs: PlannedRun[], changes: Partial<RunTasksOptions> = {}): Promise<RunResult[]> {
  return runTasks({
    runs,
    satisfied: new Set(),
    maxParallel: 1,
    failFast: true,
    channels: undefined,
    invoker: server.client(),
    clock: systemClock,
    runner,
    signal: new AbortController().signal,
    beforeAttempt: async ({ task, deadline }) => {
      calls.push(`before ${task}`);
      return deadline;
    },
    afterRun: async ({ task }) => void calls.push(`after ${task}`),
    translate: async (error) => error,
    enlarge: () => Promise.reject(new Error('nothing runs out of memory here')),
    ...changes,
  });
}

const states = (results: RunResult[]) =>
  results.map(({ task, status, reason }) => `${task} ${status}${reason ? `: ${reason}` : ''}`);
const FAILS = (name: string) => ({
  payload: envelope(name, { status: 'FAILED', result: { success: false, message: 'no' } }),
});

test('runs the tasks in order and answers everything that is known of them', async () => {
  script();
  const results = await run([planned('a'), planned('b')]);
  expect(results[0]).toEqual({
    task: 'a',
    file: 'functions/tasks/a.ts',
    status: 'COMPLETED',
    message: 'a done',
    attempts: [
      {
        number: 1,
        status: 'COMPLETED',
        requestId: 'request-a',
        startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        durationMs: expect.any(Number),
        billedMs: 13,
        maxMemoryMb: 70,
      },
    ],
    startedAt: expect.any(String),
    durationMs: expect.any(Number),
    billedMs: 13,
    maxMemoryMb: 70,
    function: 'a',
    version: '7',
    warnings: [],
    memoryMb: 1024,
    cpu: 0.58,
  });
  expect(calls).toEqual(['before a', 'invoke a', 'after a', 'before b', 'invoke b', 'after b']);
});

test('prints the output of each task once, in a group of its own', async () => {
  script({ a: { afterMs: 30 }, c: { payload: envelope('c', { logs: [], droppedLines: 0 }) } });
  await run([planned('a'), planned('b'), planned('c')], { maxParallel: 3 });
  const untimed = runner.lines.map((line) => line.replace(/in [\d.]+ m?s/, 'in 5 ms'));
  expect(untimed.filter((line) => !line.includes('…')).sort()).toEqual(
    [
      '> a COMPLETED in 5 ms',
      '  hello from a',
      '<',
      '> b COMPLETED in 5 ms',
      '  hello from b',
      '<',
      'c COMPLETED in 5 ms',
    ].sort(),
  );
  for (const [index, line] of runner.lines.entries()) {
    if (line.startsWith('> ')) {
      expect(runner.lines.slice(index + 1, index + 3)).toEqual([expect.stringMatching(/^ {2}hello/), '<']);
    }
  }
});

test('shows that a task is still running', async () => {
  script({ a: { afterMs: 300 } });
  let now = 0;
  // A hundred times as fast.
  const clock = {
    now: () => now,
    random: () => 0,
    async sleep(milliseconds: number, signal?: AbortSignal) {
      await systemClock.sleep(milliseconds / 100, signal);
      now += milliseconds;
    },
  };
  await run([planned('a')], { clock });
  const ticks = runner.lines.filter((line) => / … \d+ s$/.test(line));
  expect(ticks[0]).toBe('a … 10 s');
  expect(ticks.length).toBeGreaterThanOrEqual(2);
  expect(ticks.length).toBeLessThanOrEqual(3);
});

test('skips with the reason, and what counts as done is done', async () => {
  script();
  const runs = [
    planned('a', {}, { skip: 'runs on deploy only, this is phase update', target: undefined }),
    planned('b', { needs: ['a'] }),
  ];
  expect(states(await run(runs, { satisfied: new Set(['a']) }))).toEqual([
    'a SKIPPED: runs on deploy only, this is phase update',
    'b COMPLETED',
  ]);
  expect(runner.lines[0]).toBe('a SKIPPED: runs on deploy only, this is phase update');
});

test('stops after a failure with fail-fast, goes on without', async () => {
  script({ a: FAILS('a') });
  const runs = [planned('a'), planned('b', { needs: ['a'] }), planned('c')];
  expect(states(await run(runs))).toEqual([
    'a FAILED',
    'b SKIPPED: needs a, which FAILED',
    'c SKIPPED: not started: a FAILED',
  ]);
  expect(states(await run(runs, { failFast: false }))).toEqual([
    'a FAILED',
    'b SKIPPED: needs a, which FAILED',
    'c COMPLETED',
  ]);
});

test('never more than max-parallel at a time', async () => {
  let open = 0;
  let peak = 0;
  server.replies = [
    async ({ functionName }, response) => {
      open += 1;
      peak = Math.max(peak, open);
      await delay(20);
      open -= 1;
      response.end(envelope(functionName));
    },
  ];
  const results = await run(
    Array.from({ length: 9 }, (_, index) => planned(`t${index}`)),
    { maxParallel: 3 },
  );
  expect(results.every(({ status }) => status === 'COMPLETED')).toBe(true);
  expect(peak).toBe(3);
});

test('a lost connection is UNKNOWN and never tried again', async () => {
  script({ a: { drop: true } });
  const results = await run([planned('a'), planned('b')]);
  expect(results.map(({ status }) => status)).toEqual(['UNKNOWN', 'SKIPPED']);
  expect(calls.filter((call) => call.startsWith('invoke'))).toEqual(['invoke a']);
});

test('cancelling starts nothing more, and what is in flight is unknown', async () => {
  script({ a: { afterMs: 5000 } });
  const cancel = new AbortController();
  const startedAt = Date.now();
  setTimeout(() => cancel.abort(), 100);
  const results = await run([planned('a'), planned('b')], { signal: cancel.signal });
  expect(results[0]).toMatchObject({ status: 'UNKNOWN', reason: expect.stringContaining('cancelled') });
  expect(results[1]).toMatchObject({ status: 'SKIPPED', reason: 'not started: the deployment was cancelled' });
  expect(Date.now() - startedAt).toBeLessThan(2000);
});

describe('an existing Lambda', () => {
  test('is judged by what it returns, its stack is its own', async () => {
    script({ mine: { payload: '{"statusCode":200,"body":"migrated"}' } });
    const target = { functionName: 'mine', qualifier: undefined, existing: true };
    const task = { ...projectTask('a'), file: undefined };
    const [result] = await run([planned('a', {}, { target, task, event: () => ({ up: true }) })]);
    expect(result).toMatchObject({
      status: 'COMPLETED',
      message: 'migrated',
      file: null,
      function: 'mine',
      version: '7',
    });
    expect(server.requests[0]).toMatchObject({ functionName: 'mine', qualifier: null, body: '{"up":true}' });
  });
});

describe('stacks', () => {
  const error = { name: 'RangeError', message: 'x', stack: 'raw' };
  const payload = envelope('a', { status: 'FAILED', result: undefined, error });

  test('are translated', async () => {
    script({ a: { payload } });
    const [result] = await run([planned('a')], {
      translate: async (raw, task) => ({ ...raw, stack: task, file: 'a.ts', line: 3 }),
    });
    expect(result?.error).toEqual({ ...error, stack: 'a', file: 'a.ts', line: 3 });
    expect(result?.attempts[0]?.error).toEqual(result?.error);
  });

  test('stay raw when they cannot be', async () => {
    script({ a: { payload } });
    const [result] = await run([planned('a')], { translate: () => Promise.reject(new Error('no map')) });
    expect(result).toMatchObject({ error, warnings: ['The stack could not be translated: no map'] });
  });
});

describe('what goes wrong around the runs', () => {
  const lost = new ActionError('LOCK_LOST', 'The lock was lost.', { advice: 'x' });

  async function stopped(promise: Promise<unknown>): Promise<RunsStopped> {
    const error = await promise.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RunsStopped);
    return error as RunsStopped;
  }

  test('a failing beforeAttempt starts nothing more', async () => {
    script();
    const error = await stopped(
      run([planned('a'), planned('b'), planned('c')], {
        failFast: false,
        beforeAttempt: async ({ task, deadline }) => {
          if (task === 'b') throw lost;
          return deadline;
        },
      }),
    );
    expect(error.cause).toBe(lost);
    expect(states(error.results)).toEqual([
      'a COMPLETED',
      'b SKIPPED: not started: The lock was lost.',
      'c SKIPPED: not started: the deployment was stopped by an error',
    ]);
  });

  test('a failing afterRun surfaces when everything in flight has ended', async () => {
    script({ b: { afterMs: 100 } });
    const error = await stopped(
      run([planned('a'), planned('b'), planned('c')], {
        maxParallel: 2,
        afterRun: async ({ task }) => {
          calls.push(`after ${task}`);
          if (task === 'a') throw lost;
        },
      }),
    );
    expect(states(error.results)).toEqual([
      'a COMPLETED',
      'b COMPLETED',
      'c SKIPPED: not started: the deployment was stopped by an error',
    ]);
    expect(calls).toContain('after b');
  });
});
