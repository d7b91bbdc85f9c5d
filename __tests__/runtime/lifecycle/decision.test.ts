import { describe, expect, test } from 'vitest';
import { setConfig } from '../../../src/runtime/config.ts';
import {
  AbortTaskRunError,
  type CatchErrorResult,
  OutOfMemoryError,
  task,
  tasks,
} from '../../../src/sdk/tasks/index.ts';
import { attempt, FakeHost, freshRegistry, Trace } from './helpers.ts';

freshRegistry();

const failing = () => {
  throw new Error('no');
};

function taskThat(answer: (params: unknown) => unknown, run: () => unknown = failing): void {
  task({ id: 'demo', catchError: answer as () => CatchErrorResult, run });
}

describe('2.3 Decision order for a thrown error', () => {
  test('1: a wait that does not fit is final, catchError is not called', async () => {
    const trace = new Trace();
    const { wait } = await import('../../../src/sdk/tasks/index.ts');
    taskThat(trace.hook('catchError'), () => wait.for({ hours: 1 }));
    const outcome = await attempt('demo');
    expect(outcome).toEqual({ status: 'FAILED', error: expect.objectContaining({ name: 'WaitDoesNotFitError' }) });
    expect(trace.steps).toEqual([]);
  });

  test.each(['AbortTaskRunError', 'TaskPayloadParsedError'])('2: %s is final by its name alone', async (name) => {
    const trace = new Trace();
    taskThat(trace.hook('catchError'), trace.thrower('run', Object.assign(new Error('x'), { name })));
    expect((await attempt('demo')).retry).toBeUndefined();
    expect(trace.steps).toEqual(['run']);
  });

  test.each([
    [400, false],
    [404, false],
    [408, true],
    [429, true],
    [500, true],
  ])('3: an API error of status %i is tried again: %s', async (status, again) => {
    const error = Object.assign(new Error('api'), { name: 'TriggerApiError', status });
    const trace = new Trace();
    taskThat(trace.hook('catchError'), trace.thrower('run', error));
    expect((await attempt('demo')).retry !== undefined).toBe(again);
    expect(trace.steps).toEqual(again ? ['run', 'catchError'] : ['run']);
  });

  test('4: an API error 429 waits for the time its headers name, and up to 2 s', async () => {
    const host = new FakeHost();
    host.chance = 0.5;
    const headers = { 'x-ratelimit-reset': String(host.now() + 30_000) };
    taskThat(
      () => undefined,
      () => {
        throw Object.assign(new Error('slow down'), { name: 'TriggerApiError', status: 429, headers });
      },
    );
    expect(await attempt('demo', { host })).toMatchObject({ retry: { delayMs: 31_000 } });
  });

  test('6: without catchError the default', async () => {
    task({ id: 'demo', run: failing });
    expect(await attempt('demo', { number: 2 })).toMatchObject({ retry: { delayMs: 2000 } });
    expect((await attempt('demo', { number: 3 })).retry).toBeUndefined();
  });

  test('7: the task is asked first, then globals; the first answer ends the round', async () => {
    const trace = new Trace();
    tasks.catchError('one', trace.hook('one'));
    tasks.catchError('two', () => {
      trace.add('two');
      return { retryDelayInMs: 5 };
    });
    tasks.catchError('three', trace.hook('three'));
    taskThat(trace.hook('own'));
    expect(await attempt('demo')).toMatchObject({ retry: { delayMs: 5 } });
    expect(trace.steps).toEqual(['own', 'one', 'two']);
  });

  test('catchError is told the default decision; on the last attempt there is none', async () => {
    const seen: unknown[] = [];
    const host = new FakeHost();
    taskThat((params) => {
      const { retry, retryAt, retryDelayInMs, error } = params as Record<string, unknown>;
      seen.push({ retry, retryAt, retryDelayInMs, error });
    });
    await attempt('demo', { host });
    await attempt('demo', { host, number: 3 });
    const retry = { maxAttempts: 3, factor: 2, minTimeoutInMs: 1000, maxTimeoutInMs: 60_000, randomize: false };
    const error = expect.objectContaining({ message: 'no' });
    expect(seen).toEqual([
      { retry, error, retryAt: new Date(host.now() + 1000), retryDelayInMs: 1000 },
      { retry, error, retryAt: undefined, retryDelayInMs: undefined },
    ]);
  });
});

describe('2.3 Result fields of catchError', () => {
  const host = new FakeHost();
  test.each<[string, CatchErrorResult | null | undefined, number | undefined]>([
    ['nothing', undefined, 1000],
    ['null', null, 1000],
    ['{}: the default decision', {}, 1000],
    ['skipRetrying', { skipRetrying: true, retryDelayInMs: 5 }, undefined],
    ['skipRetrying: false decides nothing', { skipRetrying: false }, 1000],
    ['retryAt', { retryAt: new Date(host.now() + 7000) }, 7000],
    ['retryAt in the past', { retryAt: new Date(0) }, 0],
    ['retryAt before retryDelayInMs', { retryAt: new Date(host.now() + 7000), retryDelayInMs: 5 }, 7000],
    ['retryDelayInMs', { retryDelayInMs: 300 }, 300],
    ['retryDelayInMs: 0', { retryDelayInMs: 0 }, 0],
    ['retryDelayInMs below 0', { retryDelayInMs: -5 }, 0],
    ['retryDelayInMs before retry', { retryDelayInMs: 5, retry: { minTimeoutInMs: 9000 } }, 5],
    ['retry, over the defaults', { retry: { minTimeoutInMs: 9000, randomize: false } }, 9000],
    ['retry that allows no more', { retry: { maxAttempts: 1 } }, undefined],
  ])('%s', async (_, answer, delayMs) => {
    taskThat(() => answer);
    const outcome = await attempt('demo', { host });
    expect(outcome.retry).toEqual(delayMs === undefined ? undefined : { delayMs });
  });

  test('retry is merged over the built-in defaults, not over those of the task', async () => {
    taskThat(() => ({ retry: { minTimeoutInMs: 10, randomize: false } }));
    expect((await attempt('demo', { number: 2, maxAttempts: 10 })).retry).toEqual({ delayMs: 20 });
    expect((await attempt('demo', { number: 3, maxAttempts: 10 })).retry).toBeUndefined();
  });

  test('{error} alone is the default decision with the replaced error', async () => {
    const reported: unknown[] = [];
    const better = new Error('better');
    task({
      id: 'demo',
      catchError: () => ({ error: better }),
      onFailure: ({ error }) => void reported.push(error),
      onComplete: ({ result }) => void reported.push(result),
      run: failing,
    });
    expect(await attempt('demo')).toMatchObject({ error: { message: 'better' }, retry: { delayMs: 1000 } });
    expect(reported).toEqual([]);
    expect(await attempt('demo', { number: 3 })).toMatchObject({ error: { message: 'better' } });
    expect(reported).toEqual([better, { ok: false, error: better }]);
  });

  test.each([{ retryAt: new Date(Date.now() + 1e9) }, { retryDelayInMs: 1 }, { retry: { maxAttempts: 99 } }])(
    'on the last attempt %j is refused, so that onFailure does run',
    async (answer) => {
      const trace = new Trace();
      task({ id: 'demo', catchError: () => answer, onFailure: trace.hook('onFailure'), run: failing });
      const outcome = await attempt('demo', { number: 3 });
      expect(outcome.retry).toBeUndefined();
      expect(outcome.warnings).toEqual([expect.stringContaining('(3 of 3): refused')]);
      expect(trace.steps).toEqual(['onFailure']);
    },
  );

  test.each([{ retryAt: new Date(Number.NaN) }, { retryDelayInMs: Number.NaN }])(
    '%j is an error of catchError',
    async (answer) => {
      taskThat(() => answer);
      expect(await attempt('demo')).toMatchObject({ status: 'CRASHED', error: { name: 'HANDLE_ERROR_ERROR' } });
    },
  );
});

describe('2.5 Out of memory, thrown', () => {
  const outOfMemory = () => {
    throw new OutOfMemoryError();
  };
  const larger = { outOfMemory: { machine: 'large-1x' } } as const;

  test('without a larger machine it is final although attempts are left, and onFailure runs', async () => {
    const trace = new Trace();
    task({
      id: 'demo',
      onFailure: trace.hook('onFailure'),
      catchError: () => ({ retryDelayInMs: 5 }),
      run: outOfMemory,
    });
    const outcome = await attempt('demo');
    expect(outcome).toEqual({
      status: 'FAILED',
      outOfMemory: true,
      error: expect.objectContaining({ name: 'OutOfMemoryError' }),
    });
    expect(trace.steps).toEqual(['onFailure']);
  });

  test.each([
    ['the task', () => task({ id: 'demo', retry: larger, run: outOfMemory }), {}],
    ['the configuration', () => task({ id: 'demo', run: outOfMemory }), { config: { retry: larger } }],
    [
      'trigger.config',
      () => {
        setConfig({ retries: { default: larger } });
        task({ id: 'demo', run: outOfMemory });
      },
      {},
    ],
  ])('with a larger machine of %s it is tried again', async (_, define, event) => {
    define();
    const outcome = await attempt('demo', { event });
    expect(outcome).toMatchObject({ outOfMemory: true, retry: { delayMs: 1000 } });
  });

  test('on that machine already it is final', async () => {
    task({ id: 'demo', retry: larger, run: outOfMemory });
    const machine = { name: 'large-1x', cpu: 4, memory: 8192 };
    expect((await attempt('demo', { event: { machine } })).retry).toBeUndefined();
  });

  test('a child process that was killed counts', async () => {
    task({ id: 'demo', run: () => Promise.reject(new Error('ffmpeg was killed with signal SIGKILL')) });
    expect(await attempt('demo')).toMatchObject({ outOfMemory: true });
  });
});

test('AbortTaskRunError says what it was given', () => {
  expect(new AbortTaskRunError('stop')).toMatchObject({ name: 'AbortTaskRunError', message: 'stop' });
});
