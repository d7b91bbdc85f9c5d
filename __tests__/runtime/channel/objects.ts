import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll } from 'vitest';
import { type Fault, startLocalAws } from '../../../src/local/index.ts';
import type { ChannelAddress } from '../../../src/runtime/protocol.ts';
import { BUCKET, REGION, temporaryFolder } from '../../local/harness.ts';

type Operation = 'PutObject' | 'GetObject';
type Name = 'claim' | 'status' | 'cancel' | 'result';

/** The channel of one attempt as the action sees it. */
export interface ChannelObjects {
  address: ChannelAddress;
  read<T>(name: Name): Promise<T | undefined>;
  write(name: Name, value: unknown): Promise<void>;
  /** Milliseconds since the epoch, in the order of arrival. */
  requests(operation: Operation, name: Name): number[];
  /** Has this happen to the next requests, and to no other channel. */
  spoil(operation: Operation, name: Name, fault: Pick<Fault, 'effect' | 'times' | 'when'>): void;
}

export interface Objects {
  endpoint: string;
  channel(changes?: Partial<ChannelAddress>, expiresIn?: number): Promise<ChannelObjects>;
}

/** An S3 with channels in it. */
export async function startObjects(secrets: Record<string, string> = {}): Promise<Objects> {
  const aws = await startLocalAws({ stateDir: await temporaryFolder(), runtimeClient: 'none', secrets });
  const s3 = new S3Client({
    endpoint: aws.endpoint,
    region: REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    maxAttempts: 1,
  });
  afterAll(() => aws.close());
  let count = 0;
  return {
    endpoint: aws.endpoint,
    async channel(changes = {}, expiresIn = 900) {
      count += 1;
      const folder = `lumo-tasks/runs/shop/dev/1-1-0badcafe/demo/${count}`;
      const at = (name: Name) => ({ Bucket: BUCKET, Key: `${folder}/${name}.json` });
      const sign = (command: GetObjectCommand | PutObjectCommand) => getSignedUrl(s3, command, { expiresIn });
      const urls = {
        claim: await sign(new PutObjectCommand({ ...at('claim'), IfNoneMatch: '*' })),
        claimed: await sign(new GetObjectCommand(at('claim'))),
        status: await sign(new PutObjectCommand(at('status'))),
        cancel: await sign(new GetObjectCommand(at('cancel'))),
        result: await sign(new PutObjectCommand(at('result'))),
      };
      return {
        address: {
          nonce: `nonce-${count}`,
          deadline: new Date(Date.now() + 900_000).toISOString(),
          required: false,
          urls,
          ...changes,
        },
        read: (name) => read(s3, at(name)),
        async write(name, value) {
          await s3.send(new PutObjectCommand({ ...at(name), Body: JSON.stringify(value) }));
        },
        requests: (operation, name) =>
          aws.requests
            .filter((request) => request.operation === operation && request.resource.endsWith(at(name).Key))
            .map(({ at: time }) => time),
        spoil(operation, name, fault) {
          aws.faults.push({ operation, resource: at(name).Key, ...fault });
        },
      };
    },
  };
}

async function read<T>(s3: S3Client, at: { Bucket: string; Key: string }): Promise<T | undefined> {
  try {
    const { Body } = await s3.send(new GetObjectCommand(at));
    return JSON.parse((await Body?.transformToString()) ?? '') as T;
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') {
      return undefined;
    }
    throw error;
  }
}

/** What `look` sees as soon as it sees something. */
export async function eventually<T>(look: () => Promise<T | undefined>, withinMs = 20_000): Promise<T> {
  for (const end = Date.now() + withinMs; ; ) {
    const seen = await look();
    if (seen !== undefined) {
      return seen;
    }
    if (Date.now() > end) {
      throw new Error(`nothing within ${withinMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
