import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClients } from '../../src/aws/clients.ts';
import { ActionError } from '../../src/errors.ts';
import { AwsError } from '../../src/local/aws-error.ts';
import { type AwsRequest, escapeXml } from '../../src/local/http.ts';
import { readUpload } from '../../src/local/s3/upload.ts';
import { createS3Store } from '../../src/state/s3-store.ts';
import { damaged, hold, text } from './arbitraries.ts';

const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
let server: Server;
let endpoint: string;
/** What the server in S3's place answers. */
let answer: { status: number; body: string | Buffer; headers: Record<string, string> };

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(answer.status, answer.headers).end(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const LISTING =
  '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>b</Name><KeyCount>1</KeyCount><IsTruncated>false' +
  '</IsTruncated><Contents><Key>lumo-tasks/a</Key><ETag>&quot;e&quot;</ETag><Size>1</Size></Contents></ListBucketResult>';
const REFUSAL = '<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>1</RequestId></Error>';
const BOMB = `<!DOCTYPE a [<!ENTITY b "${'x'.repeat(50)}"><!ENTITY c "${'&b;'.repeat(50)}">]><Error><Code>&c;</Code></Error>`;

test('whatever stands in the place of S3 says, it is an answer or an error for people', async () => {
  const clients = createClients({ region: 'eu-central-1', endpoint, credentials: CREDENTIALS, env: {} });
  const store = createS3Store({
    client: clients.s3,
    bucket: 'bucket',
    bucketOwner: '000000000000',
    clock: { now: () => 0, random: () => 0, sleep: async () => undefined },
  });
  const body = fc.oneof(
    text,
    damaged(LISTING),
    damaged(REFUSAL),
    fc.constantFrom(
      BOMB,
      '<a'.repeat(5_000),
      '<a>'.repeat(5_000),
      '{"Code":"__proto__"}',
      '<Error><Code>__proto__</Code></Error>',
    ),
  );
  const status = fc.constantFrom(200, 204, 301, 400, 403, 404, 409, 412);
  const calls = [
    () => store.get('k'),
    () => store.list('p'),
    () => store.put('k', 'x', { ifNoneMatch: '*' }),
    () => store.delete('k', { ifMatch: '"e"' }),
    () => store.exists('k'),
    () => store.check(),
  ];
  await hold(
    fc.asyncProperty(status, body, fc.nat(calls.length - 1), async (code, said, index) => {
      answer = { status: code, body: said, headers: { 'content-type': 'application/xml', etag: '"e"' } };
      const error = await calls[index]?.().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error !== undefined) expect(error).toBeInstanceOf(ActionError);
    }),
    0.5,
  );
  clients.close();
});

test('keys that XML can hold come back from a listing as they are', async () => {
  const client = new S3Client({ region: 'eu-central-1', endpoint, forcePathStyle: true, credentials: CREDENTIALS });
  // Control characters are in no XML; keys of ours have none, see `keySegment`.
  const name = text
    .map((each) => each.replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, ''))
    .filter((each) => each.trim() !== '');
  await hold(
    fc.asyncProperty(name, async (each) => {
      const written = `<ListBucketResult><Contents><Key>${escapeXml(each)}</Key></Contents></ListBucketResult>`;
      answer = { status: 200, body: written, headers: { 'content-type': 'application/xml' } };
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'b' }));
      expect(Contents.map(({ Key }) => Key)).toEqual([each]);
    }),
    0.5,
  );
  client.destroy();
});

function upload(body: Buffer, headers: Record<string, string> = {}): AwsRequest {
  return {
    method: 'PUT',
    path: '/b/k',
    rawQuery: '',
    query: new URLSearchParams(),
    headers: { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', ...headers },
    body,
    bodyBytes: body.length,
    region: 'eu-central-1',
    requestId: '1',
  };
}

function framed(chunks: readonly Uint8Array[], trailer = ''): Buffer {
  const frames = chunks.flatMap((chunk) => [`${chunk.length.toString(16)};chunk-signature=0\r\n`, chunk, '\r\n']);
  return Buffer.concat([...frames, `0\r\n${trailer}\r\n`].map((part) => Buffer.from(part as string)));
}

const chunk = fc.uint8Array({ minLength: 1, maxLength: 50 });

test('aws-chunked is taken apart into what was put in', async () => {
  await hold(
    fc.property(fc.array(chunk, { maxLength: 5 }), (chunks) => {
      expect(readUpload(upload(framed(chunks))).body).toEqual(Buffer.concat(chunks));
    }),
  );
});

test('broken framing is refused with an error of S3, never read beyond its end', async () => {
  const valid = framed([Buffer.from('hello'), Buffer.from('world')], 'x-amz-checksum-crc32:AAAAAA==\r\n').toString(
    'latin1',
  );
  const sizes = fc.constantFrom('ffffffffffffffff', '-5', '0x10', '1e9', '', ' 5', '5 5', 'g', '7fffffff', 'Infinity');
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    damaged(valid).map((each) => Buffer.from(each, 'latin1')),
    sizes.map((size) => Buffer.from(`${size}\r\nhello\r\n0\r\n\r\n`)),
  );
  await hold(
    fc.property(body, (bytes) => {
      try {
        expect(readUpload(upload(bytes)).body.length).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(AwsError);
      }
    }),
  );
});
