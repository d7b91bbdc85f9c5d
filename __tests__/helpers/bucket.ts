import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { LocalAws } from '../../src/local/index.ts';
import type { LockBody } from '../../src/state/types.ts';

/** The bucket as somebody else sees it: what lies there, and how to put something else there. */
export interface TestBucket {
  /** JSON; `undefined` when there is no such object. */
  read<T = Record<string, unknown>>(key: string): Promise<T | undefined>;
  write(key: string, value: object): Promise<void>;
  delete(key: string): Promise<void>;
  keys(prefix?: string): Promise<string[]>;
}

export function openBucket(
  aws: Pick<LocalAws, 'endpoint'>,
  bucket = 'lumo-tasks-000000000000-eu-central-1',
): TestBucket {
  const client = new S3Client({
    region: 'eu-central-1',
    endpoint: aws.endpoint,
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const target = (key: string) => ({ Bucket: bucket, Key: key });
  return {
    async read<T>(key: string): Promise<T | undefined> {
      try {
        const { Body } = await client.send(new GetObjectCommand(target(key)));
        return JSON.parse((await Body?.transformToString()) ?? '') as T;
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async write(key, value) {
      await client.send(new PutObjectCommand({ ...target(key), Body: Buffer.from(JSON.stringify(value)) }));
    },
    async delete(key) {
      await client.send(new DeleteObjectCommand(target(key)));
    },
    async keys(prefix = 'lumo-tasks/') {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
      return Contents.flatMap(({ Key }) => Key ?? []);
    },
  };
}

/** Key of one of the documents of an environment of the project `shop`. */
export function stateKey(environment: string, document: string): string {
  return `lumo-tasks/state/shop/${environment}/${document}.json`;
}

/** A lock of somebody whose runner is gone: it ends by itself a second after it was written. */
export function abandonedLock(change: Partial<LockBody> = {}): LockBody {
  return {
    schema: 1,
    state: 'held',
    owner: '7d4f6a0e-0000-4000-8000-000000000000',
    run: { id: '77', attempt: 2, url: 'https://github.com/acme/shop/actions/runs/77' },
    actor: 'mallory',
    acquiredAt: '2026-03-01T10:00:00.000Z',
    ttlSeconds: 1,
    busyUntil: null,
    inFlight: [],
    generation: 7,
    revision: 3,
    ...change,
  };
}
