import { readFile, writeFile } from 'node:fs/promises';
import { GetFunctionCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BUCKET, type Cloud, createFunction, startCloud } from './harness.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud();
  const source = `import { appendFileSync, readFileSync } from 'node:fs';
    export const handler = async (event) => { if (event.mark) appendFileSync(process.env.MARKS, 'x'); return readFileSync(process.env.MARKS, 'utf8'); };`;
  const settings = { Environment: { Variables: { MARKS: `${cloud.stateDir}/marks` } }, Publish: true };
  await createFunction(cloud, 'marks', source, settings);
});
beforeEach(() => {
  cloud.aws.faults.length = 0;
});

function put(Key: string, Body = 'x') {
  return cloud.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
}

async function keys(prefix: string): Promise<(string | undefined)[]> {
  const { Contents = [] } = await cloud.s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
  return Contents.map(({ Key }) => Key);
}

async function mark(send = true): Promise<string> {
  const Payload = JSON.stringify({ mark: send });
  const answer = await cloud.lambda.send(new InvokeCommand({ FunctionName: 'marks', Qualifier: '1', Payload }));
  return JSON.parse(answer.Payload?.transformToString() ?? '""') as string;
}

describe('an error', () => {
  it('is answered in the shape of the service, as often as asked, and the operation does not happen', async () => {
    cloud.aws.faults.push({
      operation: 'PutObject',
      times: 2,
      effect: { status: 503, code: 'SlowDown', message: 'Reduce <your> rate' },
    });
    for (let time = 0; time < 2; time++) {
      await expect(put('error/a')).rejects.toMatchObject({
        name: 'SlowDown',
        message: 'Reduce <your> rate',
        $metadata: { httpStatusCode: 503 },
      });
    }
    expect(await keys('error/')).toEqual([]);
    await put('error/a');
    cloud.aws.faults.push({
      operation: 'GetFunction',
      effect: { status: 403, code: 'AccessDeniedException', message: 'not authorized' },
    });
    const read = () => cloud.lambda.send(new GetFunctionCommand({ FunctionName: 'marks' }));
    await expect(read()).rejects.toMatchObject({ name: 'AccessDeniedException', message: 'not authorized' });
    await read();
  });

  it('can come after the operation took effect', async () => {
    cloud.aws.faults.push({
      operation: 'PutObject',
      when: 'after',
      effect: { status: 500, code: 'InternalError', message: 'oops' },
    });
    await expect(put('after/a')).rejects.toMatchObject({ name: 'InternalError' });
    expect(await keys('after/')).toEqual(['after/a']);
  });

  it('hits only the resource it is for', async () => {
    const effect = { status: 500, code: 'InternalError', message: 'oops' };
    cloud.aws.faults.push({ operation: 'PutObject', resource: /lock\.json$/, effect });
    await put('only/marker.json');
    await expect(put('only/lock.json')).rejects.toMatchObject({ name: 'InternalError' });
    cloud.aws.faults.push({ operation: 'GetObject', resource: `${BUCKET}/only/marker`, effect });
    const read = cloud.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'only/marker.json' }));
    await expect(read).rejects.toMatchObject({ name: 'InternalError' });
  });
});

describe('a dropped connection', () => {
  it.each([
    ['before', ''],
    ['during', 'x'],
    ['after', 'x'],
  ] as const)('%s the invocation', async (when, effect) => {
    await writeFile(`${cloud.stateDir}/marks`, '');
    cloud.aws.faults.push({ operation: 'Invoke', resource: 'marks:1', when, effect: 'drop' });
    await expect(mark()).rejects.toThrow(/socket hang up|ECONNRESET/);
    await expect.poll(() => readFile(`${cloud.stateDir}/marks`, 'utf8')).toBe(effect);
    expect(await mark(false)).toBe(effect);
  });
});

it('delays an answer', async () => {
  cloud.aws.faults.push({ operation: 'PutObject', effect: { delayMs: 150 } });
  const begin = performance.now();
  await put('delayed');
  expect(performance.now() - begin).toBeGreaterThan(140);
  expect(cloud.aws.requests.at(-1)).toMatchObject({
    operation: 'PutObject',
    resource: `${BUCKET}/delayed`,
    at: expect.any(Number),
  });
});
