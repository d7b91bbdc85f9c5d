import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChannelCancel, ChannelClaim, ChannelStatus, Envelope } from '../../../src/runtime/protocol.ts';
import { temporaryFolder } from '../../local/harness.ts';
import { createWorkshop, invokeEvent, type Lambda } from '../lambda.ts';
import { type ChannelObjects, eventually, type Objects, startObjects } from './objects.ts';

const SECRET = 'correct-horse-battery';

/** A task that can be held up until the test lets it go on. */
const PRELUDE = `
  import { existsSync } from 'node:fs';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { secrets } from '@lumo-framework/core';
  import { locals, logger, metadata, task, tasks } from '@lumo-framework/tasks';
  const gate = async () => { while (!existsSync(process.env.GATE)) await sleep(20); };`;

let workshop: Awaited<ReturnType<typeof createWorkshop>>;
let objects: Objects;
const started: Lambda[] = [];

beforeAll(async () => {
  workshop = await createWorkshop();
  objects = await startObjects({ PASSWORD: SECRET });
});
afterAll(async () => {
  await Promise.all(started.map((lambda) => lambda.close()));
  await workshop.remove();
});

interface Running {
  lambda: Lambda;
  channel: ChannelObjects;
  envelope: Promise<Envelope>;
  /** Lets the task go on. */
  open(): Promise<void>;
}

/** `prepare`: what goes wrong with its channel. */
async function run(source: string, prepare: (channel: ChannelObjects) => void = () => undefined): Promise<Running> {
  const gate = path.join(await temporaryFolder(), 'gate');
  const lambda = await workshop.start({
    task: `${PRELUDE}\n${source}`,
    env: {
      GATE: gate,
      AWS_ENDPOINT_URL: objects.endpoint,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      LUMO_PROJECT_NAME: 'shop',
      LUMO_ENVIRONMENT: 'dev',
    },
  });
  started.push(lambda);
  const channel = await objects.channel();
  prepare(channel);
  const envelope = lambda.run(invokeEvent({ channel: channel.address }));
  return { lambda, channel, envelope, open: () => writeFile(gate, '') };
}

/** A plain task with this body. */
function plain(body: string): string {
  return `export const run = async () => { ${body}; return { success: true, message: 'done' }; };`;
}

function statusWith(channel: ChannelObjects, holds: (status: ChannelStatus) => boolean): Promise<ChannelStatus> {
  return eventually(async () => {
    const status = await channel.read<ChannelStatus>('status');
    return status !== undefined && holds(status) ? status : undefined;
  });
}

const lastLine = ({ lines }: ChannelStatus) => lines.at(-1)?.text;

function cancelOf({ address }: ChannelObjects, changes: Partial<ChannelCancel> = {}): ChannelCancel {
  return { lumo: 1, nonce: address.nonce, reason: 'superseded', at: new Date(0).toISOString(), ...changes };
}

describe.concurrent('the status of a running task', () => {
  test('shows its lines within three seconds, numbered as in the envelope', async () => {
    const { channel, envelope, open } = await run(
      plain(`console.log('at ' + Date.now()); process.stderr.write('unfinished'); await gate(); console.log(' end')`),
    );
    const status = await statusWith(channel, ({ lines }) => lines.length > 0);
    expect(Date.now() - Number(status.lines[0]?.text.slice(3))).toBeLessThan(3000);
    expect(status).toEqual({
      lumo: 1,
      nonce: channel.address.nonce,
      execution: (await channel.read<ChannelClaim>('claim'))?.execution,
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      lines: [{ number: 1, stream: 'stdout', text: expect.stringMatching(/^at \d+$/) }],
    });
    await open();
    const { logs } = await envelope;
    expect(logs[0]).toEqual(status.lines[0]);
    expect(logs.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  test('holds the latest 64 KB of lines', async () => {
    const { channel, envelope, open } = await run(
      plain(`for (let i = 1; i <= 5000; i++) console.log('line ' + i + ' ' + 'x'.repeat(40)); await gate()`),
    );
    const { lines } = await statusWith(channel, (status) => lastLine(status)?.startsWith('line 5000 ') === true);
    expect(lines.map(({ number }) => number)).toEqual(lines.map((_, index) => 5000 - lines.length + 1 + index));
    const bytes = Buffer.byteLength(JSON.stringify(lines));
    expect(bytes).toBeGreaterThan(50 * 1024);
    expect(bytes).toBeLessThan(68 * 1024);
    await open();
    await envelope;
  });

  test('follows its metadata', async () => {
    const { channel, envelope, open } = await run(
      plain(`metadata.set('rows', 1); await gate(); metadata.increment('rows', 1); await sleep(2500)`),
    );
    expect((await statusWith(channel, ({ metadata }) => metadata?.rows !== undefined)).metadata).toEqual({ rows: 1 });
    await open();
    expect((await statusWith(channel, ({ metadata }) => metadata?.rows !== 1)).metadata).toEqual({ rows: 2 });
    expect((await envelope).metadata).toEqual({ rows: 2 });
  });

  test('hides secrets, in lines and in metadata', async () => {
    const { channel, envelope, open } = await run(
      plain(`const password = await secrets.getSecret('PASSWORD');
        console.log('as ' + password); process.stdout.write('raw ' + password + '\\n');
        metadata.set('url', 'postgres://me:' + password + '@db'); await gate()`),
    );
    const status = await statusWith(channel, ({ lines }) => lines.length === 2);
    expect(status.lines.map(({ text }) => text)).toEqual(['as ***', 'raw ***']);
    expect(status.metadata).toEqual({ url: 'postgres://me:***@db' });
    await open();
    await envelope;
    expect(JSON.stringify(await channel.read('result'))).not.toContain(SECRET);
  });

  test('is a sign of life every five seconds while nothing changes, and no more often', async () => {
    const { channel, envelope, open } = await run(plain('await gate()'));
    const times = await eventually(async () => {
      const puts = channel.requests('PutObject', 'status');
      return puts.length === 2 ? puts : undefined;
    });
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(4500);
    await open();
    await envelope;
  });

  test('is never written twice at a time', async () => {
    const { channel, envelope, open } = await run(
      plain(`const t = setInterval(() => console.log(Date.now()), 100); await gate(); clearInterval(t)`),
      ({ spoil }) => spoil('PutObject', 'status', { times: 2, effect: { delayMs: 2500 } }),
    );
    const times = await eventually(async () => {
      const puts = channel.requests('PutObject', 'status');
      return puts.length === 3 ? puts : undefined;
    });
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(2400);
    await open();
    await envelope;
  });

  test('is written again at once after a failure', async () => {
    const { channel, envelope, open } = await run(plain(`console.log('here'); await gate()`), ({ spoil }) => {
      spoil('PutObject', 'status', { effect: 'drop' });
      spoil('PutObject', 'status', { effect: { status: 503, code: 'SlowDown', message: 'slow down' } });
    });
    expect(lastLine(await statusWith(channel, ({ lines }) => lines.length > 0))).toBe('here');
    const [first = 0, , third] = channel.requests('PutObject', 'status');
    expect(third).toBeLessThan(first + 4500);
    await open();
    await envelope;
  });

  test('ends with the attempt', async () => {
    const { lambda, channel, envelope, open } = await run(
      `setInterval(() => console.log('left over'), 100);\n${plain('await gate()')}`,
    );
    await statusWith(channel, ({ lines }) => lines.length > 0);
    await open();
    await envelope;
    const count = () => channel.requests('PutObject', 'status').length + channel.requests('GetObject', 'cancel').length;
    const before = count();
    const next = await objects.channel();
    await lambda.run(invokeEvent({ channel: next.address }));
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(count()).toBe(before);
  });
});

describe.concurrent('a cancel', () => {
  const LIFECYCLE = `task({ id: 'demo',
    onCancel: async ({ runPromise }) => { console.log('onCancel'); await runPromise.catch(() => undefined); },
    run: async (_, { signal }) => {
      console.log('running');
      await new Promise((resolve) => { const t = setInterval(() => { if (signal.aborted) { clearInterval(t); resolve(); } }, 20); });
      console.log('aborted: ' + signal.reason);
    } });`;

  test('reaches a running task: its signal and its hook', async () => {
    const { channel, envelope } = await run(LIFECYCLE);
    await statusWith(channel, (status) => lastLine(status) === 'running');
    await channel.write('cancel', cancelOf(channel));
    const { status, error, logs } = await envelope;
    expect(status).toBe('CANCELED');
    expect(error).toMatchObject({ name: 'TASK_RUN_CANCELLED', message: 'superseded' });
    expect(logs.map(({ text }) => text)).toEqual(['running', 'onCancel', 'aborted: run cancelled']);
    expect(await channel.read('result')).toMatchObject({ envelope: { status: 'CANCELED' } });
  });

  test('is passed on once, and while the task reacts to it its lines still show', async () => {
    const { channel, envelope, open } = await run(`task({ id: 'demo',
      onCancel: async () => { console.log('onCancel'); await gate(); },
      run: async () => { console.log('running'); await gate(); } });`);
    await statusWith(channel, (status) => lastLine(status) === 'running');
    await channel.write('cancel', cancelOf(channel));
    await statusWith(channel, (status) => lastLine(status) === 'onCancel');
    const asked = channel.requests('GetObject', 'cancel').length;
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect(channel.requests('GetObject', 'cancel')).toHaveLength(asked);
    await open();
    const { status, logs } = await envelope;
    expect([status, logs.length]).toEqual(['CANCELED', 2]);
  });

  test.each([
    ['of another attempt', { nonce: 'other' }],
    ['without a reason', { reason: 5 as unknown as string }],
  ])('%s is none', async (_, changes) => {
    const { channel, envelope, open } = await run(plain(`console.log('running'); await gate()`));
    await statusWith(channel, (status) => lastLine(status) === 'running');
    await channel.write('cancel', cancelOf(channel, changes));
    const asked = channel.requests('GetObject', 'cancel').length;
    await eventually(async () => channel.requests('GetObject', 'cancel').length > asked + 1 || undefined);
    await open();
    expect(await envelope).toMatchObject({ status: 'COMPLETED' });
  });

  test('is still heard after one that is no JSON and an error of S3', async () => {
    const { channel, envelope } = await run(LIFECYCLE);
    const failure = { status: 500, code: 'InternalError', message: 'oops' };
    await statusWith(channel, (status) => lastLine(status) === 'running');
    await channel.write('cancel', 'null');
    const asked = channel.requests('GetObject', 'cancel').length;
    channel.spoil('GetObject', 'cancel', { times: 2, effect: failure });
    await eventually(async () => channel.requests('GetObject', 'cancel').length > asked + 2 || undefined);
    await channel.write('cancel', cancelOf(channel));
    expect(await envelope).toMatchObject({ status: 'CANCELED' });
  });
});

describe.concurrent('a run that never settles', () => {
  test.each([
    ['before the channel is used', '', 0],
    ['while the channel is in use', 'await sleep(1500);', 1],
  ])('is noticed %s, and the process serves the next attempt', async (_, before, asked) => {
    const { lambda, channel, envelope } = await run(plain(`${before} await new Promise(() => {})`));
    expect(await envelope).toMatchObject({ status: 'FAILED', error: { name: 'NeverSettled' } });
    expect(channel.requests('GetObject', 'cancel')).toHaveLength(asked);
    const next = await objects.channel();
    expect(await lambda.run(invokeEvent({ channel: next.address }))).toMatchObject({ error: { name: 'NeverSettled' } });
  });

  test('is noticed while S3 does not answer', async () => {
    const { envelope } = await run(
      plain(`console.log(Date.now()); await sleep(1500); await new Promise(() => {})`),
      ({ spoil }) => {
        spoil('PutObject', 'status', { times: 9, effect: { delayMs: 8000 } });
        spoil('GetObject', 'cancel', { times: 9, effect: { delayMs: 8000 } });
      },
    );
    const { error, logs } = await envelope;
    expect(error?.name).toBe('NeverSettled');
    expect(Date.now() - Number(logs[0]?.text)).toBeLessThan(3500);
  });
});
