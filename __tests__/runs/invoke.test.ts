import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { type InvokeOptions, type InvokeOutcome, invokeFunction } from '../../src/runs/invoke.ts';
import { answer, InvokeServer, impatientClock, MemoryRunner, refuse } from './helpers.ts';

let server: InvokeServer;
let runner: MemoryRunner;

beforeEach(async () => {
  server = await new InvokeServer().start();
  runner = new MemoryRunner();
});
afterEach(() => server.close());

function invoke(changes: Partial<InvokeOptions> = {}): Promise<InvokeOutcome> {
  return invokeFunction({
    client: server.client(),
    functionName: 'shop--dev--seed',
    qualifier: '7',
    event: async () => ({ hello: 'wörld' }),
    timeoutSeconds: 300,
    clock: impatientClock(),
    log: runner,
    signal: new AbortController().signal,
    abandon: new AbortController().signal,
    ...changes,
  });
}

test('sends one synchronous request to the version, and reads the whole answer', async () => {
  server.replies = [answer('{"a":"é"}', { 'x-amz-log-result': Buffer.from('REPORT é').toString('base64') })];
  expect(await invoke()).toEqual({
    kind: 'answered',
    payload: '{"a":"é"}',
    functionError: undefined,
    logTail: 'REPORT é',
    requestId: 'request-1',
    version: '7',
  });
  expect(server.requests).toHaveLength(1);
  expect(server.requests[0]).toMatchObject({
    functionName: 'shop--dev--seed',
    qualifier: '7',
    body: '{"hello":"wörld"}',
    headers: { 'x-amz-invocation-type': 'RequestResponse', 'x-amz-log-type': 'Tail', connection: 'close' },
  });
});

test('uses a fresh connection every time', async () => {
  server.replies = [answer('null')];
  const client = server.client();
  await invoke({ client });
  await invoke({ client });
  expect(server.requests[0]?.socket).not.toBe(server.requests[1]?.socket);
});

test('hands on what Lambda calls a failure', async () => {
  server.replies = [answer('{"errorType":"X"}', { 'x-amz-function-error': 'Unhandled' })];
  expect(await invoke()).toMatchObject({ kind: 'answered', functionError: 'Unhandled', payload: '{"errorType":"X"}' });
});

describe('after the request was sent it is never sent again', () => {
  test.each([
    ['reset', (socket: { destroy(): void; resetAndDestroy(): void }) => socket.resetAndDestroy()],
    ['closed', (socket: { destroy(): void; resetAndDestroy(): void }) => socket.destroy()],
  ])('connection %s', async (_, end) => {
    server.replies = [({ socket }) => end(socket)];
    expect(await invoke()).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('connection was lost') });
    expect(server.requests).toHaveLength(1);
  });

  test('connection closed within the answer', async () => {
    server.replies = [
      ({ socket }, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"half":');
        setTimeout(() => socket.destroy(), 20);
      },
    ];
    expect(await invoke()).toMatchObject({ kind: 'unknown' });
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    [500, 'ServiceException'],
    [503, 'ServiceUnavailable'],
    [502, ''],
  ])('status %i %s', async (status, code) => {
    server.replies = [refuse(status, code)];
    expect(await invoke()).toMatchObject({ kind: 'unknown' });
    expect(server.requests).toHaveLength(1);
  });

  test('no answer until the deadline', async () => {
    server.replies = [() => undefined];
    const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 1000, signal) };
    const outcome = await invoke({ clock, timeoutSeconds: 1 });
    expect(outcome).toMatchObject({ kind: 'unknown', reason: 'there was no answer within 31.0 s' });
    expect(server.requests).toHaveLength(1);
  });

  test('cancelled', async () => {
    const cancel = new AbortController();
    server.replies = [() => cancel.abort()];
    expect(await invoke({ abandon: cancel.signal })).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('cancelled'),
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe('refused before it ran it is sent again', () => {
  test.each([
    [429, 'TooManyRequestsException', 'Rate Exceeded.'],
    [
      409,
      'ResourceConflictException',
      'The operation cannot be performed at this time. The function is currently in the following state: Pending',
    ],
    [502, 'ResourceNotReadyException', 'The function is inactive'],
  ])('%i %s', async (status, code, message) => {
    server.replies = [refuse(status, code, message), refuse(status, code, message), answer('null')];
    const clock = impatientClock();
    expect(await invoke({ clock })).toMatchObject({ kind: 'answered' });
    expect(server.requests).toHaveLength(3);
    expect(clock.slept).toEqual([750, 1500]);
    expect(runner.lines).toEqual([
      `shop--dev--seed was not started, again in 750 ms: ${code}: ${message}`,
      `shop--dev--seed was not started, again in 1.5 s: ${code}: ${message}`,
    ]);
  });

  test('as late as Lambda asks', async () => {
    server.replies = [refuse(429, 'TooManyRequestsException', 'slow', { 'retry-after': '9' }), answer('null')];
    const clock = impatientClock();
    await invoke({ clock });
    expect(clock.slept).toEqual([9000]);
  });

  test('as long as nobody listens, and for five minutes', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const address = closed.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await new Promise((resolve) => closed.close(resolve));
    const clock = impatientClock();
    const outcome = await invoke({ clock, client: server.client(port) });
    expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'AWS_FAILED' } });
    const total = clock.slept.reduce((sum, each) => sum + each, 0);
    expect(total).toBeGreaterThan(4.5 * 60_000);
    expect(total).toBeLessThanOrEqual(5 * 60_000);
    expect(runner.lines).toHaveLength(clock.slept.length);
  });

  test('not when it was cancelled meanwhile', async () => {
    const cancel = new AbortController();
    server.replies = [
      (request, response) => {
        cancel.abort();
        return refuse(429, 'TooManyRequestsException')(request, response);
      },
    ];
    expect((await invoke({ signal: cancel.signal, abandon: cancel.signal })).kind).toMatch(/canceled|unknown/);
    expect(server.requests).toHaveLength(1);
    expect(await invoke({ signal: cancel.signal })).toEqual({ kind: 'canceled' });
    expect(server.requests).toHaveLength(1);
  });
});

test.each([
  [403, 'AccessDeniedException', 'ACCESS_DENIED'],
  [404, 'ResourceNotFoundException', 'FUNCTION_NOT_FOUND'],
  [413, 'RequestTooLargeException', 'AWS_FAILED'],
  [502, 'KMSAccessDeniedException', 'AWS_FAILED'],
  [502, 'InvalidSubnetIDException', 'AWS_FAILED'],
  [403, 'ExpiredTokenException', 'CREDENTIALS_EXPIRED'],
])('a lasting refusal is reported at once: %i %s', async (status, name, code) => {
  server.replies = [refuse(status, name)];
  expect(await invoke()).toMatchObject({ kind: 'refused', error: { code } });
  expect(server.requests).toHaveLength(1);
});

test('the event is made for each request with its deadline, and stops everything by rejecting', async () => {
  server.replies = [refuse(429, 'TooManyRequestsException'), answer('null')];
  const clock = impatientClock();
  const start = clock.now();
  const deadlines: number[] = [];
  await invoke({ clock, event: async (deadline) => ({ at: deadlines.push(deadline.getTime() - start) }) });
  expect(deadlines).toEqual([330_000, 330_750]);
  const lost = new Error('lock lost');
  await expect(invoke({ event: () => Promise.reject(lost) })).rejects.toBe(lost);
  expect(server.requests).toHaveLength(2);
});
