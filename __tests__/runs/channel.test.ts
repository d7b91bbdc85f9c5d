import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { type AttemptOptions, type EndedAttempt, makeAttempt } from '../../src/runs/attempt.ts';
import { Channels } from '../../src/runs/channel/channels.ts';
import { createRunPrinter } from '../../src/runs/run-log.ts';
import type { InvokeEvent, LogLine } from '../../src/runtime/protocol.ts';
import { channelKeys, channelPrefix } from '../../src/state/keys.ts';
import { MemoryStore } from '../helpers/memory-store.ts';
import { answer, envelope, InvokeServer, MemoryRunner, projectTask, refuse } from './helpers.ts';

const PREFIX = channelPrefix('shop', 'dev', '1-1-abc');
const keys = channelKeys(PREFIX, 'seed', 1);

/** Time passes twenty times as fast, for the action as for its clock. */
function fastClock(): Clock {
  const start = Date.now();
  return {
    now: () => start + (Date.now() - start) * 20,
    random: () => 0.5,
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, milliseconds / 20);
        signal?.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(signal.reason);
        });
      });
    },
  };
}

let server: InvokeServer;
let runner: MemoryRunner;
let store: MemoryStore;
let channels: Channels;
const presigner = {
  get: async (key: string, seconds: number) => `get ${key} for ${seconds}`,
  put: async (key: string, seconds: number) => `put ${key} for ${seconds}`,
  create: async (key: string, seconds: number) => `create ${key} for ${seconds}`,
};

beforeEach(async () => {
  server = await new InvokeServer().start();
  runner = new MemoryRunner();
  store = new MemoryStore({ now: Date.now });
  channels = new Channels({ store, presigner, prefix: PREFIX, required: false, clock: fastClock() });
});
afterEach(() => server.close());

function attempt(changes: Partial<AttemptOptions> = {}): Promise<EndedAttempt> {
  const clock = fastClock();
  const task = projectTask('seed', { timeout: 5 });
  return makeAttempt({
    task,
    target: { functionName: 'shop--dev--seed', qualifier: '7', existing: false },
    start: { number: 1, runStartedAt: '', machine: task.behaviour.machine },
    event: ({ channel }) => ({ ...(channel && { channel }) }),
    invoker: server.client(),
    channels,
    clock,
    log: runner,
    printer: createRunPrinter(runner, clock),
    signal: new AbortController().signal,
    beforeSend: async ({ deadline }) => deadline,
    translate: async (error) => error,
    ...changes,
  });
}

/** What the function was told about its channel. */
function told(): NonNullable<InvokeEvent['channel']> {
  return (JSON.parse(server.requests[0]?.body ?? '{}') as Pick<InvokeEvent, 'channel'>).channel as never;
}

const message = (more: object) => ({ lumo: 1, nonce: told().nonce, execution: 'x', at: '', ...more });
const put = (key: string, value: object) => store.put(key, JSON.stringify(value));
const line = (number: number, text = `line ${number}`): LogLine => ({ number, stream: 'stdout', text });
const putResult = (changes: Record<string, unknown> = {}) =>
  put(keys.result, message({ envelope: JSON.parse(envelope('seed', changes)) as unknown }));

test('the event offers the channel until a minute after the deadline, and a retried request a new one', async () => {
  server.replies = [refuse(429, 'TooManyRequestsException'), answer(envelope('seed'))];
  await attempt();
  const offered = server.requests.map(({ body }) => (JSON.parse(body) as { channel: object }).channel);
  expect(offered[1]).toMatchObject({
    nonce: told().nonce,
    required: false,
    urls: {
      claim: `create ${keys.claim} for 95`,
      claimed: `get ${keys.claim} for 95`,
      status: `put ${keys.status} for 95`,
      cancel: `get ${keys.cancel} for 95`,
      result: `put ${keys.result} for 95`,
    },
  });
  expect(told().nonce).toMatch(/^[0-9a-f]{32}$/);
  expect(offered[0]).not.toEqual(offered[1]);
});

test('lines and progress are printed while the task runs, and each line once', async () => {
  const all = [1, 2, 3, 4, 5].map((number) => line(number));
  server.replies = [
    async (request, response) => {
      await put(keys.status, message({ lines: all.slice(1, 3), metadata: { done: 3, state: 'busy' } }));
      await until(() => runner.lines.some((text) => text.includes('line 3')));
      expect(runner.lines).toEqual([
        '  seed │ … 1 line left out',
        '  seed │ line 2',
        '  seed │ line 3',
        'seed … done: 3, state: busy',
      ]);
      await answer(envelope('seed', { logs: all }))(request, response);
    },
  ];
  const ended = await attempt();
  expect(ended.unprinted.lines.map(({ number }) => number)).toEqual([4, 5]);
  expect(ended.verdict.log.lines).toHaveLength(5);
});

test('of a process that died, only what comes after the last line that was printed', async () => {
  server.replies = [
    async (request, response) => {
      await put(keys.status, message({ lines: [line(1), line(2)] }));
      await until(() => runner.lines.some((text) => text.includes('line 2')));
      const tail = 'START RequestId: 1\nline 1\nline 2\nline 3\n';
      const headers = { 'x-amz-function-error': 'Unhandled', 'x-amz-log-result': Buffer.from(tail).toString('base64') };
      await answer('{"errorType":"Runtime.ExitError"}', headers)(request, response);
    },
  ];
  expect((await attempt()).unprinted.lines.map(({ text }) => text)).toEqual(['line 3']);
});

test('status of another attempt, and what is none at all, is left alone', async () => {
  server.replies = [
    async (request, response) => {
      await put(keys.status, { ...message({ lines: [line(1, 'forged')] }), nonce: 'other' });
      await new Promise((resolve) => setTimeout(resolve, 100));
      await put(keys.status, message({ lines: 'forged' }));
      await new Promise((resolve) => setTimeout(resolve, 100));
      await answer(envelope('seed'))(request, response);
    },
  ];
  await attempt();
  expect(runner.lines.join()).not.toContain('forged');
});

const losses = {
  'the connection breaks': (_: unknown, response: { destroy(): void }) => response.destroy(),
  'Lambda fails': refuse(500, 'ServiceException'),
  'another delivery was answered': answer(
    envelope('seed', {
      status: 'SYSTEM_FAILURE',
      result: undefined,
      error: { name: 'AlreadyClaimed', message: 'no' },
      channel: { state: 'claimed' },
    }),
  ),
} as const;

for (const [loss, reply] of Object.entries(losses)) {
  test(`${loss}: the result comes from the channel, and nothing is invoked again`, async () => {
    server.replies = [
      async (request, response) => {
        await reply(request as never, response as never);
        setTimeout(() => void putResult(), 80);
      },
    ];
    const { attempt: ended, verdict } = await attempt();
    expect(ended.status).toBe('COMPLETED');
    expect(verdict).toMatchObject({
      message: 'seed done',
      warnings: [expect.stringContaining('read from the channel')],
    });
    expect(server.requests).toHaveLength(1);
    expect(runner.lines.some((text) => text.includes('looking for its result in the channel'))).toBe(true);
  });

  test(`${loss}, and there is no result until the deadline: UNKNOWN, with what is known`, async () => {
    server.replies = [
      async (request, response) => {
        await put(keys.claim, message({ claimedAt: '2026-01-01T00:00:00Z' }));
        await reply(request as never, response as never);
      },
    ];
    const { verdict } = await attempt();
    expect(verdict).toMatchObject({ status: 'UNKNOWN', reason: expect.stringContaining('started and left no result') });
    expect(server.requests).toHaveLength(1);
  });
}

test('a result of another attempt is not taken for this one', async () => {
  server.replies = [
    async (_, response) => {
      await put(keys.result, { ...message({ envelope: JSON.parse(envelope('seed')) as unknown }), nonce: 'other' });
      response.destroy();
    },
  ];
  expect((await attempt()).verdict).toMatchObject({
    status: 'UNKNOWN',
    reason: expect.stringContaining('nothing shows that it has started'),
  });
});

test('a bucket that fails for a while does not lose the result', async () => {
  const get = store.get.bind(store);
  let failures = 3;
  store.get = async (key) => {
    if (failures > 0) {
      failures -= 1;
      throw new Error('SlowDown');
    }
    return await get(key);
  };
  server.replies = [
    async (_, response) => {
      await putResult();
      response.destroy();
    },
  ];
  expect((await attempt()).attempt.status).toBe('COMPLETED');
  expect(channels.warnings()).toEqual([expect.stringContaining('SlowDown')]);
});

test('a process that died may have left its result in the channel', async () => {
  const died = answer('{"errorType":"Runtime.ExitError"}', { 'x-amz-function-error': 'Unhandled' });
  server.replies = [
    async (request, response) => {
      await putResult();
      await died(request, response);
    },
  ];
  expect((await attempt()).attempt.status).toBe('COMPLETED');
});

test('a cancel reaches the attempt, whose answer is waited for', async () => {
  const cancel = new AbortController();
  server.replies = [
    async (request, response) => {
      cancel.abort();
      await until(() => store.objects.has(keys.cancel));
      expect(store.json(keys.cancel)).toMatchObject({ lumo: 1, nonce: told().nonce, reason: 'Canceled by user' });
      const error = { name: 'TASK_RUN_CANCELLED', message: 'Canceled by user' };
      await answer(envelope('seed', { status: 'CANCELED', result: undefined, error }))(request, response);
    },
  ];
  const { verdict } = await attempt({ signal: cancel.signal });
  expect(verdict).toMatchObject({ status: 'CANCELED', message: 'Canceled by user' });
});

test('a cancel that nobody confirms: UNKNOWN after a few seconds, and says so', async () => {
  const cancel = new AbortController();
  server.replies = [() => cancel.abort()];
  const { verdict } = await attempt({ signal: cancel.signal });
  expect(verdict).toMatchObject({
    status: 'UNKNOWN',
    reason: expect.stringContaining('cancel was requested, not confirmed'),
  });
  expect(store.objects.has(keys.cancel)).toBe(true);
});

test('tasks that could not reach S3 are named in one warning', async () => {
  server.replies = [answer(envelope('seed', { channel: { state: 'unreachable', reason: 'timed out' } }))];
  expect((await attempt()).attempt.status).toBe('COMPLETED');
  const [warning, ...more] = channels.warnings();
  expect(more).toEqual([]);
  expect(warning).toContain('seed: timed out');
  expect(warning).toContain('S3 gateway endpoint');
});

test('a Lambda of the user has no channel', async () => {
  server.replies = [answer('{"success":true,"message":"ok"}')];
  await attempt({ target: { functionName: 'migrate', qualifier: undefined, existing: true } });
  expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({});
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
