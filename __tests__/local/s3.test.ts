import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import zlib from 'node:zlib';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  paginateListObjectsV2,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { AwsClient } from 'aws4fetch';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { crc32ByTable } from '../../src/local/crc32.ts';
import { BUCKET, type Cloud, startCloud } from './harness.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud({ bucketOwners: { 'somebody-elses': '111111111111' } });
});

function put(
  Key: string,
  Body: NonNullable<PutObjectCommandInput['Body']>,
  changes: Partial<PutObjectCommandInput> = {},
) {
  return cloud.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body, ...changes }));
}

async function get(Key: string): Promise<string | undefined> {
  return (await cloud.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }))).Body?.transformToString();
}

async function failure(promise: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  const error = await promise.then(
    () => expect.fail('the call should have failed'),
    (reason: S3ServiceException) => reason,
  );
  return { name: error.name, status: error.$metadata.httpStatusCode };
}

const preconditionFailed = { name: 'PreconditionFailed', status: 412 };

describe('objects', () => {
  it('come back with bytes, ETag, metadata, checksum and times', async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const Metadata = { owner: 'me', note: 'two words' };
    const { ETag } = await put('a/b.json', '{"ä":1}', {
      Metadata,
      ContentType: 'application/json',
      CacheControl: 'no-store',
    });
    expect(ETag).toBe(`"${createHash('md5').update('{"ä":1}').digest('hex')}"`);
    const Key = 'a/b.json';
    const object = await cloud.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key, ChecksumMode: 'ENABLED' }));
    expect(await object.Body?.transformToString()).toBe('{"ä":1}');
    expect(object).toMatchObject({
      ETag,
      Metadata,
      ContentType: 'application/json',
      CacheControl: 'no-store',
      ContentLength: 8,
    });
    expect(object.ChecksumCRC32).toMatch(/^.{8}$/);
    expect(object.LastModified?.getTime()).toBeGreaterThanOrEqual(before);
    const head = await cloud.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key }));
    expect(head).toMatchObject({ ETag, ContentLength: 8, Metadata, LastModified: object.LastModified });
  });

  it('are replaced and deleted; deleting what is not there succeeds', async () => {
    await put('x', '1');
    await put('x', '22');
    expect(await get('x')).toBe('22');
    const remove = () => cloud.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'x' }));
    expect((await remove()).$metadata.httpStatusCode).toBe(204);
    expect(await failure(get('x'))).toEqual({ name: 'NoSuchKey', status: 404 });
    expect(await failure(cloud.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'x' })))).toEqual({
      name: 'NotFound',
      status: 404,
    });
    await remove();
  });

  it('keep any key and any bytes', async () => {
    const key = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .filter((text) => !/[\p{Cc}\p{Cn}]|^\.{1,2}$|(^|\/)\.{1,2}(\/|$)|^\//u.test(text));
    await fc.assert(
      fc.asyncProperty(key, fc.uint8Array({ maxLength: 300 }), async (suffix, bytes) => {
        const Key = `any/${suffix}`;
        await put(Key, bytes);
        const { Body } = await cloud.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
        expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(Buffer.from(bytes))).toBe(true);
        const { Contents } = await cloud.s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: Key }));
        expect(Contents?.map((object) => object.Key)).toContain(Key);
      }),
      { numRuns: 40 },
    );
  });

  it('are taken out of the framing of a streamed upload', async () => {
    const bytes = Buffer.alloc(200_000, 'stream ');
    await put('streamed', Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]), {
      ContentLength: bytes.length,
    });
    const { Body, ChecksumCRC32, ContentEncoding } = await cloud.s3.send(
      new GetObjectCommand({ Bucket: BUCKET, Key: 'streamed', ChecksumMode: 'ENABLED' }),
    );
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
    expect(ChecksumCRC32).toBeDefined();
    expect(ContentEncoding).toBeUndefined();
  });

  it.each<[string, Partial<PutObjectCommandInput>]>([
    ['CRC32', { ChecksumCRC32: 'AAAAAA==' }],
    ['SHA-256', { ChecksumSHA256: createHash('sha256').update('other').digest('base64') }],
    ['MD5', { ContentMD5: createHash('md5').update('other').digest('base64') }],
  ])('are refused when the %s does not match', async (_, checksum) => {
    expect(await failure(put('bad', 'bytes', checksum))).toEqual({ name: 'BadDigest', status: 400 });
    expect((await failure(get('bad'))).name).toBe('NoSuchKey');
  });
});

describe('conditional requests', () => {
  it('create only what does not exist', async () => {
    const create = () => put('lock', 'mine', { IfNoneMatch: '*' });
    await create();
    expect(await failure(create())).toEqual(preconditionFailed);
  });

  it('replace and delete only what was seen', async () => {
    const first = (await put('seen', '1')).ETag;
    const second = (await put('seen', '2', { IfMatch: first })).ETag;
    expect(await failure(put('seen', '3', { IfMatch: first }))).toEqual(preconditionFailed);
    const remove = (IfMatch: string | undefined) =>
      cloud.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'seen', IfMatch }));
    expect(await failure(remove(first))).toEqual(preconditionFailed);
    expect(await get('seen')).toBe('2');
    await remove(second);
    expect(await failure(put('seen', '3', { IfMatch: second }))).toEqual({ name: 'NoSuchKey', status: 404 });
    expect((await remove(second)).$metadata.httpStatusCode).toBe(204);
  });

  it('let one of eight racing creators win, and lose no update', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => put('race', String(index), { IfNoneMatch: '*' })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await put('counter', '0');
    const increment = async (): Promise<void> => {
      for (;;) {
        const object = await cloud.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'counter' }));
        const next = Number(await object.Body?.transformToString()) + 1;
        const outcome = await put('counter', String(next), { IfMatch: object.ETag }).then(
          () => 'done',
          (error: Error) => error.name,
        );
        if (outcome === 'done') return;
        expect(outcome).toBe('PreconditionFailed');
      }
    };
    await Promise.all(Array.from({ length: 8 }, increment));
    expect(await get('counter')).toBe('8');
  });
});

describe('buckets', () => {
  it('of ours exist by themselves, others have to be created', async () => {
    await cloud.s3.send(new HeadBucketCommand({ Bucket: BUCKET }));
    const Bucket = 'my-own-bucket';
    expect(await failure(cloud.s3.send(new HeadBucketCommand({ Bucket })))).toEqual({ name: 'NotFound', status: 404 });
    const write = () => cloud.s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'b' }));
    expect(await failure(write())).toEqual({ name: 'NoSuchBucket', status: 404 });
    await cloud.s3.send(new CreateBucketCommand({ Bucket }));
    await write();
    expect((await failure(cloud.s3.send(new CreateBucketCommand({ Bucket })))).name).toBe('BucketAlreadyOwnedByYou');
    expect((await cloud.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(1);
  });

  it('are refused when they belong to somebody else', async () => {
    const denied = { name: 'AccessDenied', status: 403 };
    expect(await failure(put('k', 'v', { ExpectedBucketOwner: '222222222222' }))).toEqual(denied);
    await put('k', 'v', { ExpectedBucketOwner: '000000000000' });
    const foreign = { Bucket: 'somebody-elses', Key: 'k', ExpectedBucketOwner: '000000000000' };
    expect(await failure(cloud.s3.send(new GetObjectCommand(foreign)))).toEqual(denied);
    expect((await failure(cloud.s3.send(new CreateBucketCommand({ Bucket: 'somebody-elses' })))).name).toBe(
      'BucketAlreadyExists',
    );
  });

  it('are listed by prefix, in order, page by page', async () => {
    const keys = ['list/ä', 'list/a&b', 'list/b/1', 'list/b/2', 'list/c/1', 'list2'];
    await Promise.all(keys.map((key) => put(key, key)));
    const pages: (string | undefined)[][] = [];
    for await (const page of paginateListObjectsV2(
      { client: cloud.s3, pageSize: 2 },
      { Bucket: BUCKET, Prefix: 'list/' },
    )) {
      pages.push((page.Contents ?? []).map(({ Key }) => Key));
    }
    expect(pages).toEqual([['list/a&b', 'list/b/1'], ['list/b/2', 'list/c/1'], ['list/ä']]);
    const folders: unknown[] = [];
    for await (const page of paginateListObjectsV2(
      { client: cloud.s3, pageSize: 1 },
      { Bucket: BUCKET, Prefix: 'list/', Delimiter: '/' },
    )) {
      folders.push(page.CommonPrefixes?.[0]?.Prefix ?? page.Contents?.[0]?.Key);
    }
    expect(folders).toEqual(['list/a&b', 'list/b/', 'list/c/', 'list/ä']);
  });

  it('refuse what is not there', async () => {
    const response = await fetch(`${cloud.aws.endpoint}/${BUCKET}?versioning`, {
      headers: { authorization: 'AWS4-HMAC-SHA256 x' },
    });
    expect([response.status, await response.text()]).toEqual([
      501,
      expect.stringContaining('<Code>NotImplemented</Code>'),
    ]);
  });
});

describe('presigned URLs', () => {
  const signer = new AwsClient({
    accessKeyId: 'local',
    secretAccessKey: 'local',
    service: 's3',
    region: 'eu-central-1',
  });

  async function presign(
    method: string,
    key: string,
    headers: Record<string, string> = {},
    seconds = 60,
  ): Promise<string> {
    const url = `${cloud.aws.endpoint}/${BUCKET}/${key}?X-Amz-Expires=${seconds}&x-id=Test`;
    return (await signer.sign(url, { method, headers, aws: { signQuery: true, allHeaders: true } })).url;
  }

  it('may be used as they were signed', async () => {
    const conditions = { 'if-none-match': '*' };
    const url = await presign('PUT', 'pre/a%20b%2Bc(*)', conditions);
    expect((await fetch(url, { method: 'PUT', headers: conditions, body: 'presigned' })).status).toBe(200);
    expect((await fetch(url, { method: 'PUT', headers: conditions, body: 'presigned' })).status).toBe(412);
    expect(await (await fetch(await presign('GET', 'pre/a%20b%2Bc(*)'))).text()).toBe('presigned');
  });

  it('may not be changed, used for something else, or used too late', async () => {
    const url = await presign('PUT', 'pre/locked', { 'if-none-match': '*' });
    const upload = async (address: string, headers: Record<string, string> = { 'if-none-match': '*' }) => {
      const response = await fetch(address, { method: 'PUT', headers, body: 'x' });
      return [response.status, /<Code>(.*)<\/Code>/.exec(await response.text())?.[1]];
    };
    const mismatch = [403, 'SignatureDoesNotMatch'];
    expect(await upload(url.replace('pre/locked', 'pre/other'))).toEqual(mismatch);
    expect(await upload(url.replace('X-Amz-Expires=60', 'X-Amz-Expires=61'))).toEqual(mismatch);
    expect(await upload(`${url}&x-amz-acl=public-read`)).toEqual(mismatch);
    expect(await upload(url, {})).toEqual(mismatch);
    expect(await upload(url, { 'if-none-match': '*', 'x-amz-meta-a': 'b' })).toEqual([403, 'AccessDenied']);
    expect(await upload(url.replace(/&X-Amz-Signature=.*/, ''))).toEqual([403, 'AccessDenied']);
    expect((await fetch(url)).status).toBe(403);
    const expiring = await presign('PUT', 'pre/late', {}, 0);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await upload(expiring, {})).toEqual([403, 'AccessDenied']);
    expect(await upload(url)).toEqual([200, undefined]);
  });

  it('carry the checksum of the body in their query', async () => {
    const url = `${cloud.aws.endpoint}/${BUCKET}/pre/checksum?x-amz-checksum-crc32=AAAAAA%3D%3D&X-Amz-Expires=60`;
    const signed = await signer.sign(url, { method: 'PUT', aws: { signQuery: true } });
    expect((await fetch(signed.url, { method: 'PUT', body: 'not empty' })).status).toBe(400);
    expect((await fetch(signed.url, { method: 'PUT', body: '' })).status).toBe(200);
  });
});

it.runIf('crc32' in zlib)('computes CRC-32 without the help of Node', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => crc32ByTable(Buffer.from(bytes)) === zlib.crc32(bytes)));
});
