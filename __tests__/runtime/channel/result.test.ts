import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openChannel } from '../../../src/runtime/channel/index.ts';
import { LineBuffer } from '../../../src/runtime/line-buffer.ts';
import type { ChannelClaim, ChannelResult, Envelope } from '../../../src/runtime/protocol.ts';
import { temporaryFolder } from '../../local/harness.ts';
import { createWorkshop, invokeEvent, type Lambda } from '../lambda.ts';
import { eventually, type Objects, startObjects } from './objects.ts';

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

async function start(body: string): Promise<Lambda> {
  const lambda = await workshop.start({ task: `export const run = async () => { ${body} };` });
  started.push(lambda);
  return lambda;
}

const OK = `console.log('a line'); return { success: true, message: 'done' };`;

describe('the result', () => {
  test('is the whole envelope, there before the answer is', async () => {
    const channel = await objects.channel();
    const envelope = await (await start(OK)).run(invokeEvent({ channel: channel.address }));
    const result = await channel.read<ChannelResult>('result');
    expect(envelope).toMatchObject({ status: 'COMPLETED', channel: { state: 'open' }, logs: [{ text: 'a line' }] });
    expect(result).toEqual({
      lumo: 1,
      nonce: channel.address.nonce,
      execution: (await channel.read<ChannelClaim>('claim'))?.execution,
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      envelope,
    });
  });

  test.each([
    ['that failed', `throw new RangeError('x');`, 'FAILED'],
    ['that can never settle', 'await new Promise(() => {});', 'FAILED'],
    ['of 6 MB', `return { success: true, message: 'big', data: { text: 'x'.repeat(6_200_000) } };`, 'COMPLETED'],
  ])('of a run %s is written too', async (_, body, status) => {
    const channel = await objects.channel();
    const envelope = await (await start(body)).run(invokeEvent({ channel: channel.address }));
    expect(envelope.status).toBe(status);
    expect((await channel.read<ChannelResult>('result'))?.envelope).toEqual(envelope);
  });

  test('says so when there is no such task', async () => {
    const channel = await objects.channel();
    const lambda = await start(OK);
    const envelope = await lambda.run(invokeEvent({ task: 'other', channel: channel.address }));
    expect(envelope).toMatchObject({ status: 'SYSTEM_FAILURE', channel: { state: 'open' } });
    expect((await channel.read<ChannelResult>('result'))?.envelope).toEqual(envelope);
  });

  test.each([
    ['a passing error', { status: 503, code: 'SlowDown', message: 'slow down' }, 2],
    ['a reset', 'drop' as const, 2],
    ['silence', { delayMs: 6000 }, 2],
    ['a refusal', { status: 403, code: 'AccessDenied', message: 'no' }, 1],
  ])('that cannot be written changes nothing about the answer: %s', async (_, effect, tries) => {
    const channel = await objects.channel();
    channel.spoil('PutObject', 'result', { times: 9, effect });
    const envelope = await (await start(OK)).run(invokeEvent({ channel: channel.address }));
    expect(envelope).toMatchObject({ status: 'COMPLETED', channel: { state: 'open' } });
    expect(channel.requests('PutObject', 'result')).toHaveLength(tries);
  });

  test('is written at the second try', async () => {
    const channel = await objects.channel();
    channel.spoil('PutObject', 'result', { effect: 'drop' });
    const envelope = await (await start(OK)).run(invokeEvent({ channel: channel.address }));
    expect((await channel.read<ChannelResult>('result'))?.envelope).toEqual(envelope);
  });

  test('of the next attempt in the same process goes to its own channel', async () => {
    const [first, second] = [await objects.channel(), await objects.channel()];
    const lambda = await start(OK);
    await lambda.run(invokeEvent({ channel: first.address }));
    await lambda.run(invokeEvent({ channel: second.address }));
    expect(await lambda.run()).not.toHaveProperty('channel');
    const [one, two] = [await first.read<ChannelResult>('result'), await second.read<ChannelResult>('result')];
    expect([one?.nonce, two?.nonce]).toEqual([first.address.nonce, second.address.nonce]);
    expect(one?.execution).not.toBe(two?.execution);
  });
});

describe('an error while the answer is written', () => {
  const until = '.then(async () => { while (!existsSync(process.env.SIGNAL)) await pause(2); })';
  const left = (failure: string) => `void pause(0)${until}.then(() => { ${failure} });`;

  test.each([
    ['thrown in a timer', '', left(`setTimeout(() => { throw new RangeError('left over'); });`)],
    ['of a promise nobody awaited', '', left(`throw new RangeError('left over');`)],
    ['of no attempt', left(`throw new RangeError('left over');`), ''],
  ])("is nobody's any more: %s", async (_, load, body) => {
    const signal = path.join(await temporaryFolder(), 'signal');
    const channel = await objects.channel();
    channel.spoil('PutObject', 'result', { effect: { delayMs: 8000 } });
    const lambda = await workshop.start({
      task: `import { existsSync } from 'node:fs'; import { setTimeout as pause } from 'node:timers/promises';
        ${load} export const run = async () => { ${body} ${OK} };`,
      env: { SIGNAL: signal },
    });
    started.push(lambda);
    const answer = lambda.run(invokeEvent({ channel: channel.address }));
    await eventually(async () => channel.requests('PutObject', 'result')[0]);
    await writeFile(signal, '');
    const envelope = await answer;
    expect(envelope).toMatchObject({ status: 'COMPLETED', channel: { state: 'open' } });
    expect(lambda.log()).toContain('From an attempt that is over: RangeError: left over');
    expect(await channel.read('result')).toMatchObject({ envelope });
  });
});

describe('the last words of a process that dies', () => {
  const around = { lines: new LineBuffer(), remainingMs: () => Number.POSITIVE_INFINITY };
  const envelope = (status: Envelope['status']): Envelope => ({
    lumo: 1,
    task: 'demo',
    status,
    logs: [],
    droppedLines: 0,
  });

  test('are the result, and nothing is written over them', async () => {
    const objectsOfOne = await objects.channel();
    const channel = await openChannel(objectsOfOne.address, around);
    await channel.lastWords(envelope('FAILED'));
    await channel.close(envelope('COMPLETED'));
    expect(await objectsOfOne.read('result')).toMatchObject({ envelope: { status: 'FAILED' } });
    expect(objectsOfOne.requests('PutObject', 'result')).toHaveLength(1);
  });

  test('come too late once the outcome is told', async () => {
    const objectsOfOne = await objects.channel();
    const channel = await openChannel(objectsOfOne.address, around);
    await Promise.all([channel.close(envelope('COMPLETED')), channel.lastWords(envelope('FAILED'))]);
    expect(await objectsOfOne.read('result')).toMatchObject({ envelope: { status: 'COMPLETED' } });
  });

  test('are not heard where another execution has the attempt, or where there is no channel', async () => {
    const objectsOfOne = await objects.channel();
    await objectsOfOne.write('claim', {});
    for (const address of [objectsOfOne.address, undefined]) {
      const channel = await openChannel(address, around);
      await channel.lastWords(envelope('FAILED'));
    }
    expect(await objectsOfOne.read('result')).toBeUndefined();
  });

  test('end within a second when nobody listens', async () => {
    const objectsOfOne = await objects.channel();
    const channel = await openChannel(objectsOfOne.address, around);
    objectsOfOne.spoil('PutObject', 'result', { effect: { delayMs: 5000 } });
    const begin = performance.now();
    await channel.lastWords(envelope('FAILED'));
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});

test('without a channel in the event, nothing that speaks HTTP is loaded for one', async () => {
  const lambda = await start(`const loaded = process.moduleLoadList.filter((name) => /^NativeModule https$/.test(name));
    return { success: true, message: loaded.join() };`);
  expect(await lambda.run()).toMatchObject({ result: { message: '' } });
});
