import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { partitionOf } from '../aws/arn.ts';
import { type Clock, systemClock } from '../clock.ts';
import { ActionError } from '../errors.ts';
import { rememberServerDate, serverDateOf } from './s3-date.ts';
import { statusOf, storeError } from './s3-errors.ts';
import type { ObjectStore, PutCondition, PutOutcome, StoredObject } from './types.ts';

export interface S3StoreOptions {
  client: S3Client;
  bucket: string;
  /** Account that must own the bucket; `undefined`: not known, so not checked. */
  bucketOwner: string | undefined;
  clock?: Clock;
}

/** The bucket over S3. Bodies are always buffers: streams would be sent in chunks, which many servers refuse. */
export function createS3Store({ client, bucket, bucketOwner, clock = systemClock }: S3StoreOptions): ObjectStore {
  rememberServerDate(client);
  const target = { Bucket: bucket, ...(bucketOwner !== undefined && { ExpectedBucketOwner: bucketOwner }) };

  const failure = async (error: unknown, action: string, key?: string): Promise<ActionError> =>
    storeError(error, {
      action,
      partition: partitionOf(await client.config.region()),
      bucket,
      key,
      bucketOwner,
      isForeign: () => isForeign(client, bucket, bucketOwner),
    });

  return {
    bucket,

    async get(key): Promise<StoredObject | undefined> {
      try {
        const output = await client.send(new GetObjectCommand({ ...target, Key: key }));
        const serverNow = serverDateOf(output) ?? clock.now();
        return {
          body: Buffer.from((await output.Body?.transformToByteArray()) ?? []),
          etag: etagOf(output.ETag, bucket, key),
          // Without it the object has the age 0, so that a lock never expires too early.
          lastModified: output.LastModified?.getTime() ?? serverNow,
          serverNow,
        };
      } catch (error) {
        if (isMissingObject(error)) return undefined;
        throw await failure(error, 's3:GetObject', key);
      }
    },

    async put(key, body, condition): Promise<PutOutcome> {
      const command = () =>
        new PutObjectCommand({
          ...target,
          Key: key,
          Body: Buffer.from(body),
          ContentType: key.endsWith('.json') ? 'application/json' : 'application/octet-stream',
          ...conditionHeaders(condition),
        });
      try {
        const output = await patiently(clock, () => client.send(command()));
        return { ok: true, etag: etagOf(output.ETag, bucket, key), serverNow: serverDateOf(output) ?? clock.now() };
      } catch (error) {
        if (condition && conditionFailed(error)) return { ok: false };
        throw await failure(error, 's3:PutObject', key);
      }
    },

    async delete(key, condition): Promise<boolean> {
      const command = () =>
        new DeleteObjectCommand({ ...target, Key: key, ...(condition && { IfMatch: condition.ifMatch }) });
      try {
        await patiently(clock, () => client.send(command()));
        return true;
      } catch (error) {
        if (condition && conditionFailed(error)) return false;
        throw await failure(error, 's3:DeleteObject', key);
      }
    },

    async list(prefix): Promise<string[]> {
      const keys: string[] = [];
      let token: string | undefined;
      try {
        do {
          const page = await client.send(
            new ListObjectsV2Command({ ...target, Prefix: prefix, ...(token && { ContinuationToken: token }) }),
          );
          keys.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
          token = page.IsTruncated ? page.NextContinuationToken : undefined;
        } while (token);
      } catch (error) {
        throw await failure(error, 's3:ListBucket');
      }
      return keys;
    },

    async exists(key): Promise<boolean> {
      try {
        await client.send(new HeadObjectCommand({ ...target, Key: key }));
        return true;
      } catch (error) {
        // The answer to HEAD has no body, so it cannot tell a missing object from a missing bucket; the next write does.
        if (statusOf(error) === 404) return false;
        throw await failure(error, 's3:GetObject', key);
      }
    },

    async check(): Promise<void> {
      try {
        await client.send(new HeadBucketCommand(target));
      } catch (error) {
        throw await failure(error, 's3:ListBucket');
      }
    },
  };
}

function conditionHeaders(condition: PutCondition): { IfNoneMatch?: string; IfMatch?: string } {
  if (!condition) return {};
  return 'ifMatch' in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: condition.ifNoneMatch };
}

/** 412; and 404 for `If-Match` on an object that is gone. */
function conditionFailed(error: unknown): boolean {
  return statusOf(error) === 412 || isMissingObject(error);
}

function isMissingObject(error: unknown): boolean {
  return error instanceof Error && error.name === 'NoSuchKey';
}

const CONFLICT_TRIES = 8;

/** 409 is S3's "somebody writes this object right now": neither done nor refused, and not retried by the SDK. */
async function patiently<T>(clock: Clock, send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      if (statusOf(error) !== 409 || attempt === CONFLICT_TRIES) throw error;
      await clock.sleep(50 * 2 ** attempt * (0.5 + clock.random()));
    }
  }
}

/**
 * True when the bucket answers as soon as no owner is expected. Asked only after a refusal, and nothing is read or
 * written by it: S3 refuses a foreign owner and a missing permission with the same words.
 */
async function isForeign(client: S3Client, bucket: string, bucketOwner: string | undefined): Promise<boolean> {
  if (bucketOwner === undefined) return false;
  const answers = async (owner: { ExpectedBucketOwner?: string }): Promise<boolean> => {
    try {
      await client.send(new HeadBucketCommand({ Bucket: bucket, ...owner }));
      return true;
    } catch (error) {
      if (statusOf(error) === 403) return false;
      throw error;
    }
  };
  return !(await answers({ ExpectedBucketOwner: bucketOwner })) && (await answers({}));
}

function etagOf(etag: string | undefined, bucket: string, key: string): string {
  if (etag) return etag;
  throw new ActionError('AWS_FAILED', `S3 gave no ETag for s3://${bucket}/${key}.`, {
    advice: 'Conditional writes need it: use a server that speaks the S3 API in full.',
  });
}
