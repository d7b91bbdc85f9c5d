import { readFile } from 'node:fs/promises';
import {
  CreateFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/local/faults.ts';
import type { Operation } from '../../src/local/http.ts';
import {
  DEFAULT_RATES,
  type FaultKind,
  type FaultRates,
  type OperationClass,
  randomFaults,
} from '../../src/local/random-faults.ts';
import { BUCKET, createFunction, handlerZip, ROLE, startCloud } from './harness.ts';

const NONE: FaultRates = { invoke: {}, read: {}, change: {}, object: {} };

function operation(name: string, resource: string, conditional = false): Operation {
  return { name, resource, conditional, run: () => Promise.reject(new Error('not run')) };
}

function always(category: OperationClass, kind: FaultKind): FaultRates {
  return { ...NONE, [category]: { [kind]: 1 } };
}

/** What the first `count` requests of each meet. */
function fates(seed: number, operations: Operation[], count = 300): (Fault | undefined)[][] {
  const { next } = randomFaults(seed);
  return operations.map((each) => Array.from({ length: count }, () => next(each)));
}

const INVOKE = operation('Invoke', 'shop--dev--seed:1');
const PUT = operation('PutObject', 'bucket/lock.json', true);

describe('the seed', () => {
  it('decides, and nothing else', () => {
    expect(fates(7, [INVOKE, PUT])).toEqual(fates(7, [INVOKE, PUT]));
    expect(fates(7, [INVOKE])).not.toEqual(fates(8, [INVOKE]));
    const [met = []] = fates(7, [INVOKE]);
    expect(new Set(met.map((fault) => JSON.stringify(fault?.effect))).size).toBeGreaterThan(5);
  });

  it('decides for each operation on each resource alone, in whatever order they come', () => {
    const [invoke, put] = fates(7, [INVOKE, PUT]);
    const { next } = randomFaults(7);
    const mixed = Array.from({ length: 300 }, () => [next(PUT), next(INVOKE)]);
    expect(mixed.map(([, each]) => each)).toEqual(invoke);
    expect(mixed.map(([each]) => each)).toEqual(put);
    expect(fates(7, [operation('PutObject', 'bucket/marker.json', true)])).not.toEqual([put]);
  });
});

describe('the rates', () => {
  it('are kept', () => {
    const { next, counts } = randomFaults(3, { ...NONE, invoke: { throttled: 0.2, 'reset-after': 0.1 } });
    const met = Array.from({ length: 5000 }, (_, index) => next(operation('Invoke', `task-${index}`)));
    expect(met.filter((fault) => fault !== undefined).length / 5000).toBeCloseTo(0.3, 1);
    expect((counts.get('throttled') ?? 0) / 5000).toBeCloseTo(0.2, 1);
    expect(next(PUT)).toBeUndefined();
  });

  it('leave most requests alone, and know every kind that is not asked for on purpose', () => {
    for (const rates of Object.values(DEFAULT_RATES)) {
      const sum = Object.values(rates).reduce((all, rate) => all + rate, 0);
      expect(sum).toBeGreaterThan(0.05);
      expect(sum).toBeLessThan(0.25);
    }
    const kinds = new Set(Object.values(DEFAULT_RATES).flatMap((rates) => Object.keys(rates)));
    expect([...kinds].sort()).toEqual(
      [
        'conflict',
        'latency',
        'reset-after',
        'reset-before',
        'reset-during',
        'server-error',
        'slow-state',
        'throttled',
        'unavailable',
      ].sort(),
    );
  });
});

describe('what AWS would answer', () => {
  const effectOf = (category: OperationClass, kind: FaultKind, asked: Operation) =>
    randomFaults(1, always(category, kind)).next(asked)?.effect;

  it.each<[string, OperationClass, FaultKind, Operation, object]>([
    ['Invoke', 'invoke', 'throttled', INVOKE, { status: 429, code: 'TooManyRequestsException' }],
    ['Invoke', 'invoke', 'unavailable', INVOKE, { status: 502 }],
    ['Invoke', 'invoke', 'conflict', INVOKE, { status: 409, code: 'ResourceConflictException' }],
    ['a change', 'change', 'unavailable', operation('CreateFunction', 'a'), { status: 503 }],
    ['a change', 'change', 'conflict', operation('TagResource', 'a'), { code: 'ResourceConflictException' }],
    ['a read', 'read', 'server-error', operation('GetFunction', 'a'), { status: 500, code: 'ServiceException' }],
    ['S3', 'object', 'throttled', PUT, { status: 503, code: 'SlowDown' }],
    ['S3', 'object', 'server-error', PUT, { status: 500, code: 'InternalError' }],
    ['S3', 'object', 'conflict', PUT, { status: 409, code: 'ConditionalRequestConflict' }],
  ])('%s, %s: %s', (_name, category, kind, asked, answer) => {
    expect(effectOf(category, kind, asked)).toMatchObject(answer);
  });

  it('is a conflict only for a write that has a condition, and a slow state only where there is one', () => {
    expect(effectOf('object', 'conflict', operation('PutObject', 'bucket/x'))).toBeUndefined();
    expect(effectOf('change', 'slow-state', operation('TagResource', 'a'))).toBeUndefined();
    expect(effectOf('change', 'slow-state', operation('CreateFunction', 'a'))).toMatchObject({
      stateMs: expect.any(Number),
    });
  });

  it('is nothing for requests that are no business of a deployment', () => {
    expect(effectOf('read', 'reset-before', operation('GetParameter', 'x'))).toBeUndefined();
    expect(effectOf('read', 'reset-before', operation('GetCallerIdentity', 'x'))).toBeUndefined();
  });
});

describe('in the embedded AWS', () => {
  it('a source is asked for each request, after the single faults', async () => {
    const asked: string[] = [];
    const cloud = await startCloud({
      faults: [{ operation: 'PutObject', effect: { status: 500, code: 'InternalError', message: 'single' } }],
      faultSource: ({ name, conditional }) => {
        asked.push(`${name}${conditional ? ' if' : ''}`);
        return name === 'GetObject' ? { operation: name, effect: 'drop' } : undefined;
      },
    });
    const put = new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: 'x', IfNoneMatch: '*' });
    await expect(cloud.s3.send(put)).rejects.toThrow('single');
    await cloud.s3.send(put);
    await expect(cloud.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a' }))).rejects.toThrow(/hang up|RESET/);
    expect(asked).toEqual(['PutObject if', 'GetObject']);
  });

  it('a slow state lasts: the change and the version made of it', async () => {
    const cloud = await startCloud();
    await createFunction(cloud, 'slow', 'export const handler = async () => 1;', { Publish: true });
    cloud.aws.faults.push({ operation: 'UpdateFunctionConfiguration', when: 'after', effect: { stateMs: 60_000 } });
    await cloud.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'slow', Timeout: 9 }));
    const read = (Qualifier?: string) => cloud.lambda.send(new GetFunctionCommand({ FunctionName: 'slow', Qualifier }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await read()).Configuration).toMatchObject({ LastUpdateStatus: 'InProgress' });
    expect((await read('1')).Configuration).toMatchObject({ State: 'Active' });

    cloud.aws.faults.push({ operation: 'CreateFunction', when: 'after', effect: { stateMs: 60_000 } });
    const code = { Code: { ZipFile: handlerZip('export const handler = async () => 1;') }, Handler: 'index.handler' };
    const settings = { ...code, Role: ROLE, Runtime: 'nodejs24.x' as const, Publish: true };
    await cloud.lambda.send(new CreateFunctionCommand({ ...settings, FunctionName: 'slower' }));
    const invoke = cloud.lambda.send(new InvokeCommand({ FunctionName: 'slower', Qualifier: '1' }));
    await expect(invoke).rejects.toMatchObject({ name: 'ResourceConflictException' });
  });

  it('a request that is delivered twice runs twice, and is answered once', async () => {
    const cloud = await startCloud();
    const source = `import { appendFileSync, existsSync } from 'node:fs';
      export const handler = async () => { appendFileSync(process.env.MARKS, 'x'); return 1; };`;
    const marks = `${cloud.stateDir}/marks`;
    await createFunction(cloud, 'twice', source, { Environment: { Variables: { MARKS: marks } } });
    cloud.aws.faults.push({ operation: 'Invoke', effect: 'twice' });
    const { Payload } = await cloud.lambda.send(new InvokeCommand({ FunctionName: 'twice' }));
    expect(Payload?.transformToString()).toBe('1');
    await expect.poll(() => readFile(marks, 'utf8')).toBe('xx');
  });

  it('the clock may differ: the server dates everything by its own', async () => {
    const cloud = await startCloud({ clockSkewMs: 600_000 });
    await cloud.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: 'x' }));
    const response = await fetch(`${cloud.aws.endpoint}/${BUCKET}/a`);
    const { LastModified } = await cloud.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'a' }));
    await createFunction(cloud, 'dated', 'export const handler = async () => 1;');
    const { Configuration } = await cloud.lambda.send(new GetFunctionCommand({ FunctionName: 'dated' }));
    const times = [response.headers.get('date'), LastModified?.toISOString(), Configuration?.LastModified];
    for (const time of times) {
      const ahead = Date.parse(time ?? '') - Date.now();
      expect(ahead).toBeGreaterThan(590_000);
      expect(ahead).toBeLessThan(601_000);
    }
  });
});
