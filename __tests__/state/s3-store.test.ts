import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createClients } from '../../src/aws/clients.ts';
import { type LocalAws, startLocalAws } from '../../src/local/index.ts';
import { loadState } from '../../src/state/documents.ts';
import { openEnvironment } from '../../src/state/environment.ts';
import { stateKeys } from '../../src/state/keys.ts';
import { acquireLock } from '../../src/state/lock.ts';
import { createS3Store } from '../../src/state/s3-store.ts';
import { testConditions } from '../../src/state/self-test.ts';
import type { ObjectStore } from '../../src/state/types.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { VirtualTime } from '../helpers/virtual-time.ts';
import { marker, OWNER, RUN } from './samples.ts';

const ACCOUNT = '000000000000';
const BUCKET = `lumo-tasks-${ACCOUNT}-eu-central-1`;
const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

function storeAt(endpoint: string, bucket = BUCKET, bucketOwner: string | undefined = ACCOUNT): ObjectStore {
  const clients = createClients({ region: 'eu-central-1', endpoint, credentials: CREDENTIALS, env: {} });
  // Waiting is not what is looked at here.
  const clock = { ...new VirtualTime(Date.now()).clock(), sleep: () => Promise.resolve() };
  return createS3Store({ client: clients.s3, bucket, bucketOwner, clock });
}

describe('against the embedded S3', () => {
  let stateDir: string;
  let aws: LocalAws;
  let store: ObjectStore;

  beforeAll(async () => {
    stateDir = await mkdtemp(path.join(os.tmpdir(), 'lumo-state-'));
    aws = await startLocalAws({ stateDir, runtimeClient: 'unused', bucketOwners: { theirs: '999999999999' } });
    store = storeAt(aws.endpoint);
  });

  afterAll(async () => {
    await aws.close();
    await rm(stateDir, { recursive: true, force: true });
  });

  test('objects are written, read, listed and deleted', async () => {
    await store.check();
    expect(await store.get('lumo-tasks/none.json')).toBeUndefined();
    expect(await store.exists('lumo-tasks/none.json')).toBe(false);
    const before = Date.now();
    const written = await store.put('lumo-tasks/a b%2F.json', Buffer.from([0, 1, 255]));
    const read = await store.get('lumo-tasks/a b%2F.json');
    expect(read?.body).toEqual(Buffer.from([0, 1, 255]));
    expect(written).toEqual({ ok: true, etag: read?.etag, serverNow: expect.any(Number) });
    expect(Math.abs((read?.serverNow ?? 0) - before)).toBeLessThan(5_000);
    expect(Math.abs((read?.lastModified ?? 0) - before)).toBeLessThan(5_000);
    expect(await store.exists('lumo-tasks/a b%2F.json')).toBe(true);
    expect(await store.list('lumo-tasks/a')).toEqual(['lumo-tasks/a b%2F.json']);
    expect(await store.delete('lumo-tasks/a b%2F.json')).toBe(true);
    expect(await store.delete('lumo-tasks/a b%2F.json')).toBe(true);
    expect(await store.list('lumo-tasks/a')).toEqual([]);
  });

  test('conditions hold: of 8 creators one wins, an old ETag writes and deletes nothing', async () => {
    const key = 'lumo-tasks/race.json';
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => store.put(key, `{"writer":${index}}`, { ifNoneMatch: '*' })),
    );
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    const first = await store.get(key);
    if (!first) throw new Error('nobody won');
    expect((await store.put(key, '{"writer":"next"}', { ifMatch: first.etag })).ok).toBe(true);
    expect(await store.put(key, '{"writer":"late"}', { ifMatch: first.etag })).toEqual({ ok: false });
    expect(await store.delete(key, { ifMatch: first.etag })).toBe(false);
    expect(await store.delete(key)).toBe(true);
    expect(await store.put(key, '{"writer":"late"}', { ifMatch: first.etag })).toEqual({ ok: false });
  });

  test('lock and documents work, and the self test passes without leaving anything', async () => {
    await testConditions(store, stateKeys('shop', 'dev'));
    expect(await store.list('lumo-tasks/state/')).toEqual([]);
    const keys = stateKeys('shop', 'production');
    const clock = new VirtualTime(Date.now()).clock();
    const options = {
      store,
      key: keys.lock,
      run: RUN,
      actor: 'ada',
      deployment: '41-1-abc',
      timeoutSeconds: 0,
      clock,
      log: new MemoryLog(),
    };
    const lock = await acquireLock(options);
    await expect(acquireLock(options)).rejects.toMatchObject({ code: 'LOCK_HELD' });
    await lock.release();
    const state = await openEnvironment({ ...options, keys, owner: OWNER });
    await state.record(marker());
    expect((await loadState(store, keys)).marker?.value).toEqual(marker({ generation: 2 }));
    await state.remove();
    expect(await store.list(keys.prefix)).toEqual([]);
  });

  test('a bucket that is not there, or not ours, is named', async () => {
    const none = storeAt(aws.endpoint, 'nobody-made-this');
    await expect(none.check()).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
    await expect(none.get('k')).rejects.toMatchObject({
      code: 'BUCKET_NOT_FOUND',
      advice: expect.stringContaining('`command: policy`'),
    });
    const theirs = storeAt(aws.endpoint, 'theirs');
    const calls = [
      () => theirs.check(),
      () => theirs.get('k'),
      () => theirs.put('k', '{}'),
      () => theirs.delete('k'),
      () => theirs.list(''),
      () => theirs.exists('k'),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ code: 'BUCKET_FOREIGN', message: expect.stringContaining(ACCOUNT) });
    }
    await storeAt(aws.endpoint, 'theirs', '999999999999').check();
  });
});

describe('against a server that misbehaves', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.close();
    server?.closeAllConnections();
    server = undefined;
  });

  async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<ObjectStore> {
    server = createServer((request, response) => {
      request.resume().on('end', () => answer(request, response));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return storeAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  function refuse(response: ServerResponse, status: number, code: string, message = code): void {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
  }

  test('every request names the owner, and age is told by the server only', async () => {
    const owners: unknown[] = [];
    const store = await serve((request, response) => {
      owners.push(request.headers['x-amz-expected-bucket-owner']);
      response.writeHead(200, {
        etag: '"1"',
        date: 'Sun, 01 Mar 2026 10:05:00 GMT',
        'last-modified': 'Sun, 01 Mar 2026 10:00:00 GMT',
      });
      response.end();
    });
    const found = await store.get('k');
    expect(found?.serverNow).toBe(Date.parse('2026-03-01T10:05:00Z'));
    expect(found?.lastModified).toBe(Date.parse('2026-03-01T10:00:00Z'));
    await Promise.all([store.put('k', '{}'), store.delete('k'), store.exists('k'), store.check(), store.list('k')]);
    expect(owners).toEqual(Array.from({ length: 6 }, () => ACCOUNT));
  });

  test('long lists come page by page', async () => {
    const pages: Record<string, string> = {
      '': '<IsTruncated>true</IsTruncated><NextContinuationToken>2</NextContinuationToken><Contents><Key>k/1</Key></Contents>',
      2: '<IsTruncated>false</IsTruncated><Contents><Key>k/2</Key></Contents><Contents><Key>k/3</Key></Contents>',
    };
    const store = await serve((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://localhost');
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end(`<ListBucketResult>${pages[searchParams.get('continuation-token') ?? '']}</ListBucketResult>`);
    });
    expect(await store.list('k/')).toEqual(['k/1', 'k/2', 'k/3']);
  });

  test('409 is tried again, and given up at last', async () => {
    let left = 3;
    const store = await serve((_request, response) => {
      left -= 1;
      if (left >= 0) return refuse(response, 409, 'ConditionalRequestConflict');
      response.writeHead(200, { etag: '"1"' }).end();
    });
    expect(await store.put('k', '{}', { ifNoneMatch: '*' })).toMatchObject({ ok: true, etag: '"1"' });
    left = 1_000;
    await expect(store.put('k', '{}', { ifNoneMatch: '*' })).rejects.toMatchObject({ code: 'AWS_FAILED' });
    expect(1_000 - left).toBeLessThan(20);
  });

  test('a missing permission prints its statement, and what s3:ListBucket has to do with it', async () => {
    const store = await serve((_request, response) => refuse(response, 403, 'AccessDenied', 'Access Denied'));
    await expect(store.put('lumo-tasks/k', '{}')).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      advice: expect.stringContaining(`"Action":"s3:PutObject","Resource":"arn:aws:s3:::${BUCKET}/lumo-tasks/k"`),
    });
    const error = await store.get('lumo-tasks/k').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(JSON.stringify(error)).toContain('s3:ListBucket');
    await expect(store.check()).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      advice: expect.stringContaining('"Action":"s3:ListBucket"'),
    });
  });

  test('a bucket of another region is named with its region', async () => {
    const store = await serve((_request, response) => {
      response.setHeader('x-amz-bucket-region', 'us-west-2');
      refuse(response, 400, 'AuthorizationHeaderMalformed');
    });
    await expect(store.get('k')).rejects.toMatchObject({
      code: 'BUCKET_FOREIGN',
      message: expect.stringContaining('us-west-2'),
    });
  });

  test('a server that ignores conditions is found out', async () => {
    const store = await serve((_request, response) => response.writeHead(200, { etag: '"1"' }).end());
    await expect(testConditions(store, stateKeys('shop', 'dev'))).rejects.toMatchObject({
      code: 'BUCKET_UNCONDITIONAL',
    });
  });
});
