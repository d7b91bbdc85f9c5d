import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ChannelAddress, ChannelClaim, ChannelResult } from '../../../src/runtime/protocol.ts';
import { temporaryFolder } from '../../local/harness.ts';
import { createWorkshop, invokeEvent, type Lambda, type LambdaOptions } from '../lambda.ts';
import { type ChannelObjects, type Objects, startObjects } from './objects.ts';

const TASK = `import { appendFileSync } from 'node:fs';
  export const run = async () => {
    if (process.env.LEDGER) appendFileSync(process.env.LEDGER, 'ran\\n');
    console.log('the body');
    return { success: true, message: 'done' };
  };`;
const RAN = { status: 'COMPLETED', logs: [{ text: 'the body' }] };

let workshop: Awaited<ReturnType<typeof createWorkshop>>;
let objects: Objects;
const started: Lambda[] = [];

beforeAll(async () => {
  workshop = await createWorkshop();
  objects = await startObjects();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((lambda) => lambda.close()));
});
afterAll(() => workshop.remove());

async function start(options: Partial<LambdaOptions> = {}): Promise<Lambda> {
  const lambda = await workshop.start({ task: TASK, ...options });
  started.push(lambda);
  return lambda;
}

async function run({ address }: Pick<ChannelObjects, 'address'>, options?: Partial<LambdaOptions>) {
  const lambda = await start(options);
  return lambda.run(invokeEvent({ channel: address }));
}

describe('a claim', () => {
  test('is written before the body runs, and signs what the execution says', async () => {
    const channel = await objects.channel();
    expect(await run(channel)).toMatchObject({ ...RAN, channel: { state: 'open' } });
    const claim = await channel.read<ChannelClaim>('claim');
    expect(claim).toEqual({
      lumo: 1,
      nonce: channel.address.nonce,
      execution: expect.stringMatching(/^[0-9a-f-]{36}$/),
      claimedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      deadline: channel.address.deadline,
    });
    expect((await channel.read<ChannelResult>('result'))?.execution).toBe(claim?.execution);
  });

  test.each([
    ['another execution', (nonce: string) => ({ lumo: 1, nonce, execution: 'other' })],
    ['nobody known', () => 'not a claim'],
  ])('of %s stands: the attempt runs nothing here and says nothing about it', async (_, claimOf) => {
    const channel = await objects.channel();
    await channel.write('claim', claimOf(channel.address.nonce));
    const { logs, ...envelope } = await run(channel);
    expect(envelope).toEqual({
      lumo: 1,
      task: 'demo',
      status: 'SYSTEM_FAILURE',
      error: { name: 'AttemptClaimed', message: expect.stringContaining('this one ran nothing') },
      channel: { state: 'claimed' },
      droppedLines: 0,
    });
    expect(logs).toEqual([]);
    expect([await channel.read('result'), await channel.read('status')]).toEqual([undefined, undefined]);
  });

  test('comes before the payload is looked at and before middleware', async () => {
    const channel = await objects.channel();
    await channel.write('claim', {});
    const task = `import { schemaTask, tasks } from '@lumo-framework/tasks';
      tasks.middleware(async ({ next }) => { console.log('middleware'); await next(); });
      schemaTask({ id: 'demo', schema: (payload) => { console.log('schema'); return payload; }, run: async () => undefined });`;
    expect(await run(channel, { task })).toMatchObject({ channel: { state: 'claimed' }, logs: [] });
  });

  test('whose answer was lost is recognised', async () => {
    const channel = await objects.channel();
    channel.spoil('PutObject', 'claim', { when: 'after', effect: 'drop' });
    expect(await run(channel)).toMatchObject({ ...RAN, channel: { state: 'open' } });
    expect(channel.requests('PutObject', 'claim')).toHaveLength(2);
    expect(channel.requests('GetObject', 'claim')).toHaveLength(1);
  });

  test('that was stored although no try was ever answered is seen before S3 is called unreachable', async () => {
    const channel = await objects.channel();
    channel.spoil('PutObject', 'claim', { when: 'after', times: 9, effect: { delayMs: 8000 } });
    expect(await run(channel)).toMatchObject({ ...RAN, channel: { state: 'open' } });
    expect(channel.requests('GetObject', 'claim')).toHaveLength(1);
  });

  test('that was lost on the way, and of which only another one can be seen, runs nothing', async () => {
    const channel = await objects.channel();
    await channel.write('claim', { nonce: channel.address.nonce, execution: 'other' });
    channel.spoil('PutObject', 'claim', { times: 9, effect: 'drop' });
    expect(await run(channel)).toMatchObject({ channel: { state: 'claimed' }, logs: [] });
  });

  test('that cannot be read after a refusal is taken for that of another', async () => {
    const channel = await objects.channel();
    await channel.write('claim', {});
    const denied = { status: 403, code: 'AccessDenied', message: 'no' };
    channel.spoil('GetObject', 'claim', { effect: denied });
    expect(await run(channel)).toMatchObject({ channel: { state: 'claimed' }, logs: [] });
  });

  test.each([
    ['409', { status: 409, code: 'ConditionalRequestConflict', message: 'conflict' }],
    ['503', { status: 503, code: 'SlowDown', message: 'slow down' }],
    ['a reset', 'drop' as const],
  ])('is made again after %s', async (_, effect) => {
    const channel = await objects.channel();
    channel.spoil('PutObject', 'claim', { times: 2, effect });
    expect(await run(channel)).toMatchObject({ ...RAN, channel: { state: 'open' } });
    expect(channel.requests('PutObject', 'claim')).toHaveLength(3);
  });

  test('is made again over a connection of its own when one hangs', async () => {
    const channel = await objects.channel();
    channel.spoil('PutObject', 'claim', { effect: { delayMs: 8000 } });
    expect(await run(channel)).toMatchObject({ ...RAN, channel: { state: 'open' } });
    expect(channel.requests('PutObject', 'claim')).toHaveLength(2);
    expect(channel.requests('GetObject', 'claim')).toHaveLength(0);
  });

  test('lets the body of two deliveries of one event run once', async () => {
    const ledger = path.join(await temporaryFolder(), 'ledger');
    const channel = await objects.channel();
    const lambdas = await Promise.all([1, 2, 3].map(() => start({ env: { LEDGER: ledger } })));
    const event = invokeEvent({ channel: channel.address });
    const envelopes = await Promise.all(lambdas.map((lambda) => lambda.run(event)));
    expect(await readFile(ledger, 'utf8')).toBe('ran\n');
    const states = envelopes.map(({ status, channel: outcome }) => `${status} ${outcome?.state}`);
    expect(states.sort()).toEqual(['COMPLETED open', 'SYSTEM_FAILURE claimed', 'SYSTEM_FAILURE claimed']);
    expect(await channel.read('result')).toMatchObject({ envelope: { status: 'COMPLETED' } });
  });

  test('is refused to a second delivery in the same process', async () => {
    const ledger = path.join(await temporaryFolder(), 'ledger');
    const channel = await objects.channel();
    const lambda = await start({ env: { LEDGER: ledger } });
    const event = invokeEvent({ channel: channel.address });
    expect((await lambda.run(event)).channel).toEqual({ state: 'open' });
    expect((await lambda.run(event)).channel).toEqual({ state: 'claimed' });
    expect(await readFile(ledger, 'utf8')).toBe('ran\n');
  });
});

describe('S3 that cannot be reached', () => {
  /** The address of `channel` on another server. */
  function elsewhere({ address }: ChannelObjects, port: number): { address: ChannelAddress } {
    const moved = Object.entries(address.urls).map(([name, url]) => [name, url.replace(/:\d+\//, `:${port}/`)]);
    return { address: { ...address, urls: Object.fromEntries(moved) as ChannelAddress['urls'] } };
  }

  async function withServer(onSocket: (socket: Socket) => void, body: (port: number) => Promise<void>): Promise<void> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      onSocket(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      await body((server.address() as AddressInfo).port);
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  }

  async function closedPort(): Promise<number> {
    let free = 0;
    await withServer(
      () => undefined,
      async (port) => {
        free = port;
      },
    );
    return free;
  }

  test('at all: the task runs without a channel and says why', async () => {
    const channel = elsewhere(await objects.channel(), await closedPort());
    const envelope = await run(channel);
    expect(envelope).toMatchObject(RAN);
    expect(envelope.channel).toEqual({ state: 'unreachable', reason: expect.stringContaining('ECONNREFUSED') });
    expect(envelope.warnings).toBeUndefined();
  });

  test('because nothing ever answers: the task runs after about 3 s', async () => {
    const offered = await objects.channel();
    await withServer(
      () => undefined,
      async (port) => {
        const lambda = await start();
        const begin = performance.now();
        const envelope = await lambda.run(invokeEvent({ channel: elsewhere(offered, port).address }));
        expect(performance.now() - begin).toBeLessThan(5000);
        expect(envelope).toMatchObject({ ...RAN, channel: { state: 'unreachable', reason: 'no answer in time' } });
      },
    );
  });

  test('because it refuses: the task runs at once, and no part of the URL gets out', async () => {
    const channel = await objects.channel({}, 1);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const envelope = await run(channel);
    expect(envelope).toMatchObject({
      ...RAN,
      channel: { state: 'unreachable', reason: 'S3 answered 403 AccessDenied' },
    });
    expect(channel.requests('PutObject', 'claim')).toHaveLength(1);
    expect(channel.requests('GetObject', 'claim')).toHaveLength(0);
    expect(JSON.stringify(envelope)).not.toContain('X-Amz');
  });

  test.each([
    ['a closed port', closedPort, 'ECONNREFUSED'],
    ['a refusal', undefined, 'S3 answered 403 AccessDenied'],
  ])('and is required: nothing runs, and the error says what to do (%s)', async (_, port, reason) => {
    const offered = await objects.channel({ required: true });
    const channel = port === undefined ? offered : elsewhere(offered, await port());
    const denied = { status: 403, code: 'AccessDenied', message: 'no' };
    offered.spoil('PutObject', 'claim', { effect: denied });
    const envelope = await run(channel, { env: { AWS_REGION: 'eu-west-1' } });
    expect(envelope).toMatchObject({
      status: 'SYSTEM_FAILURE',
      error: {
        name: 'ChannelUnreachable',
        message: expect.stringContaining('gateway endpoint com.amazonaws.eu-west-1.s3'),
      },
      channel: { state: 'unreachable', reason: expect.stringContaining(reason) },
      logs: [],
    });
    expect(envelope.error?.message).toContain(reason);
    expect(await offered.read('result')).toBeUndefined();
  });

  test('takes no more than half of the time the function has', async () => {
    const offered = await objects.channel();
    await withServer(
      () => undefined,
      async (port) => {
        const task = `import { logger, task } from '@lumo-framework/tasks';
          task({ id: 'demo', run: async () => new Date().toISOString() });`;
        const lambda = await start({ task });
        const deadline = Date.now() + 2000;
        const { result } = await lambda.run(invokeEvent({ channel: elsewhere(offered, port).address }), 2000);
        expect(Date.parse(String(result))).toBeLessThan(deadline);
      },
    );
  });
});

describe('an attempt that comes late', () => {
  const deadline = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

  test('and could still run when somebody else may deploy: runs nothing', async () => {
    const channel = await objects.channel({ deadline: deadline(30) });
    const lambda = await start();
    const envelope = await lambda.run(invokeEvent({ channel: channel.address }), 60_000);
    expect(envelope).toMatchObject({ status: 'SYSTEM_FAILURE', error: { name: 'AttemptTooLate' } });
    expect(lambda.log()).not.toContain('the body');
  });

  test('but ends in time: runs', async () => {
    const channel = await objects.channel({ deadline: deadline(65) });
    const lambda = await start();
    expect(await lambda.run(invokeEvent({ channel: channel.address }), 60_000)).toMatchObject(RAN);
  });

  test('also when only a look shows that its claim was stored', async () => {
    const channel = await objects.channel({ deadline: deadline(30) });
    channel.spoil('PutObject', 'claim', { when: 'after', times: 9, effect: { delayMs: 8000 } });
    expect(await run(channel)).toMatchObject({
      error: { name: 'AttemptTooLate' },
      channel: { state: 'open' },
      logs: [],
    });
    expect(channel.requests('GetObject', 'claim')).toHaveLength(1);
  });

  test.each(['drop' as const, { status: 403, code: 'AccessDenied', message: 'Request has expired' }])(
    'also when it cannot be claimed any more: %j',
    async (effect) => {
      const channel = await objects.channel({ deadline: deadline(30) });
      channel.spoil('PutObject', 'claim', { times: 99, effect });
      channel.spoil('GetObject', 'claim', { times: 99, effect });
      expect(await run(channel)).toMatchObject({
        error: { name: 'AttemptTooLate' },
        channel: { state: 'unreachable' },
        logs: [],
      });
    },
  );
});
