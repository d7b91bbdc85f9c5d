import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsClients, createClients } from '../../src/aws/clients.ts';
import type { Clock } from '../../src/clock.ts';
import { ActionError } from '../../src/errors.ts';
import { createFunctionsApi } from '../../src/functions/api.ts';
import { DEADLINE_MARGIN_SECONDS, invokeFunction } from '../../src/runs/invoke.ts';
import { serve, type TestServer } from '../aws/helpers.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { damaged, deep, hold, json, text } from './arbitraries.ts';

let server: TestServer;
let clients: AwsClients;
/** What the server in Lambda's place answers. */
let answer: { status: number; body: string; headers: Record<string, string> };

beforeAll(async () => {
  server = await serve((_request, response) => response.writeHead(answer.status, answer.headers).end(answer.body));
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
  clients = createClients({ region: 'eu-west-1', endpoint: server.url, credentials, env: {} });
});
afterAll(async () => {
  clients.close();
  await server.close();
});

/** Waiting takes no time. */
function hastyClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    random: () => 0,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
  };
}

const header = text.map((value) => value.replace(/[^\t\x20-\x7e\x80-\xff]/g, ''));
const answers = fc.record({
  status: fc.constantFrom(200, 204, 301, 400, 403, 404, 409, 413, 429, 500, 502, 504),
  body: fc.oneof(
    text,
    json.map((value) => JSON.stringify(value) ?? ''),
    damaged('{"Configuration":{"FunctionArn":"arn:a","State":"Active"},"Tags":{"lumo:task":"seed"}}'),
    damaged('{"Type":"User","message":"Rate exceeded","Versions":[{"Version":"1"}],"NextMarker":null}'),
    fc.constant(`{"message":${deep(20)}}`),
  ),
  headers: fc.record(
    {
      'x-amzn-errortype': fc.oneof(header, fc.constantFrom('__proto__', 'ResourceConflictException', 'constructor:x')),
      'x-amz-function-error': fc.constantFrom('Unhandled', ''),
      'x-amz-log-result': header,
      'retry-after': fc.constantFrom('1', '-1', '1e9', 'soon'),
    },
    { requiredKeys: [] },
  ),
});

test('whatever stands in the place of Lambda says, it is an answer or an error for people', async () => {
  await hold(
    fc.asyncProperty(answers, fc.nat(2), async (said, index) => {
      answer = said;
      const api = createFunctionsApi({
        lambda: clients.lambda,
        region: 'eu-west-1',
        clock: hastyClock(),
        log: new MemoryLog(),
      });
      const calls = [() => api.get('f'), () => api.tags('arn:f'), () => api.delete('f')];
      const error = await calls[index]?.().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error !== undefined) expect(error).toBeInstanceOf(ActionError);
    }),
    0.3,
  );
});

test('an Invoke that was not refused is sent once, and comes to one of the four ends', async () => {
  await hold(
    fc.asyncProperty(answers, async (said) => {
      answer = said;
      const before = server.requests.length;
      const outcome = await invokeFunction({
        client: clients.invoker,
        functionName: 'f',
        qualifier: '1',
        event: async () => ({}),
        timeoutSeconds: 1,
        clock: clockBefore(ANSWER_LIMIT_MS),
        log: new MemoryLog(),
        signal: new AbortController().signal,
        abandon: new AbortController().signal,
      });
      expect(['answered', 'refused', 'unknown']).toContain(outcome.kind);
      if (outcome.kind !== 'refused') expect(server.requests.length).toBe(before + 1);
      if (outcome.kind === 'refused') expect(outcome.error).toBeInstanceOf(ActionError);
    }),
    0.3,
  );
});

/** Of one second of Timeout, and of what it may take besides. */
const ANSWER_LIMIT_MS = (1 + DEADLINE_MARGIN_SECONDS) * 1000;

/** Pauses take no time, and the limit for the answer is not reached. */
function clockBefore(limitMs: number): Clock {
  const clock = hastyClock();
  return { ...clock, sleep: (ms, signal) => (ms === limitMs ? untilAborted(signal) : clock.sleep(ms)) };
}

function untilAborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}
