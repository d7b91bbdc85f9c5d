import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { AwsError } from '../aws-error.ts';
import { listFolder, readIfExists, removeFile, withLock, writeAtomically } from '../files.ts';

/** What is kept of an object besides its bytes. */
export interface ObjectInfo {
  key: string;
  /** With its quotes. */
  etag: string;
  size: number;
  /** Milliseconds since the epoch, whole seconds as in S3. */
  lastModified: number;
  /** Response headers by lower-case name: content type, user metadata and the like. */
  headers: Record<string, string>;
  /** `x-amz-checksum-*`, answered only when asked for. */
  checksums: Record<string, string>;
}

export interface StoredObject {
  info: ObjectInfo;
  body: Buffer;
}

/** Condition of a write: only when the key is free, or only over this ETag. */
export interface Condition {
  ifNoneMatch?: string | undefined;
  ifMatch?: string | undefined;
}

export interface ObjectHeaders {
  headers?: Record<string, string>;
  checksums?: Record<string, string>;
}

/**
 * Objects on disk: one file per object, named by the hash of its key, that holds one line of JSON and then the bytes,
 * so that both change in one step. Writes of one key exclude each other, also between processes.
 */
export class ObjectStore {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly #folder: string;
  /** Key of each file that was listed before: a file's name never belongs to another key. */
  readonly #keys = new Map<string, string>();

  constructor(stateDir: string, now: () => number = Date.now) {
    this.#folder = path.join(stateDir, 's3');
    this.now = now;
  }

  async get(bucket: string, key: string): Promise<StoredObject | undefined> {
    const bytes = await readIfExists(this.#file(bucket, key));
    return bytes && parse(bytes);
  }

  async put(
    bucket: string,
    key: string,
    body: Buffer,
    { headers = {}, checksums = {} }: ObjectHeaders = {},
    condition: Condition = {},
  ): Promise<ObjectInfo> {
    const file = this.#file(bucket, key);
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    return withLock(file, async () => {
      checkCondition(condition, key, await readInfo(file));
      const lastModified = Math.floor(this.now() / 1000) * 1000;
      const info: ObjectInfo = { key, etag, size: body.length, lastModified, headers, checksums };
      await writeAtomically(file, [`${JSON.stringify(info)}\n`, body]);
      return info;
    });
  }

  /** Deleting what is not there succeeds, with a condition too, as in S3. */
  async delete(bucket: string, key: string, condition: Condition = {}): Promise<void> {
    const file = this.#file(bucket, key);
    await withLock(file, async () => {
      const info = await readInfo(file);
      if (info === undefined) return;
      checkCondition(condition, key, info);
      await removeFile(file);
    });
  }

  /** Every object whose key starts with `prefix`, in the order of UTF-8 bytes. */
  async list(bucket: string, prefix: string): Promise<ObjectInfo[]> {
    const folder = this.#bucket(bucket);
    const files = (await listFolder(folder)).filter((name) => name.endsWith('.object'));
    const infos = await Promise.all(files.map((name) => this.#listed(path.join(folder, name), prefix)));
    return infos
      .filter((info) => info !== undefined)
      .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }

  /** What is known of the file, when its key starts with `prefix`. */
  async #listed(file: string, prefix: string): Promise<ObjectInfo | undefined> {
    if (this.#keys.get(file)?.startsWith(prefix) === false) return undefined;
    const info = await readInfo(file);
    if (info !== undefined) this.#keys.set(file, info.key);
    return info?.key.startsWith(prefix) ? info : undefined;
  }

  /** Owner of a bucket that was created, or undefined when it was not. */
  async owner(bucket: string): Promise<string | undefined> {
    const bytes = await readIfExists(path.join(this.#bucket(bucket), 'bucket.json'));
    return bytes && (JSON.parse(bytes.toString()) as { owner: string }).owner;
  }

  async createBucket(bucket: string, owner: string): Promise<void> {
    await writeAtomically(path.join(this.#bucket(bucket), 'bucket.json'), [JSON.stringify({ owner })]);
  }

  #bucket(bucket: string): string {
    if (!BUCKET_NAME.test(bucket)) throw new AwsError(400, 'InvalidBucketName', 'The specified bucket is not valid.');
    return path.join(this.#folder, bucket);
  }

  #file(bucket: string, key: string): string {
    return path.join(this.#bucket(bucket), `${createHash('sha256').update(key).digest('hex')}.object`);
  }
}

const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

function checkCondition({ ifNoneMatch, ifMatch }: Condition, key: string, current: ObjectInfo | undefined): void {
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new AwsError(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented', {
      members: { Header: 'If-None-Match' },
    });
  }
  if (ifNoneMatch !== undefined && current !== undefined) throw preconditionFailed('If-None-Match');
  if (ifMatch === undefined) return;
  if (current === undefined) throw noSuchKey(key);
  if (ifMatch !== '*' && ifMatch !== current.etag && `"${ifMatch}"` !== current.etag)
    throw preconditionFailed('If-Match');
}

function preconditionFailed(condition: string): AwsError {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new AwsError(412, 'PreconditionFailed', message, { members: { Condition: condition } });
}

export function noSuchKey(key: string): AwsError {
  return new AwsError(404, 'NoSuchKey', 'The specified key does not exist.', { members: { Key: key } });
}

function parse(bytes: Buffer): StoredObject {
  const end = bytes.indexOf(10);
  return { info: JSON.parse(bytes.toString('utf8', 0, end)) as ObjectInfo, body: bytes.subarray(end + 1) };
}

/** Longer than any first line: a key has 1,024 bytes, user metadata 2 KB. */
const HEAD_BYTES = 16_384;

async function readInfo(file: string): Promise<ObjectInfo | undefined> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return parse(buffer.subarray(0, bytesRead)).info;
  } finally {
    await handle.close();
  }
}
