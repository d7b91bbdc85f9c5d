import { createHash } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { ObjectStore } from '../s3/objects.ts';
import { presignGet } from '../s3/signature.ts';
import { BadZip, readZip } from '../sandbox/unzip.ts';
import { type Body, invalidParameter } from './validation.ts';

export interface Code {
  /** Base64. */
  sha256: string;
  size: number;
}

/** Where Lambda keeps the code of all functions: a bucket of its own, whose objects are handed out by presigned URLs. */
export const CODE_BUCKET = 'awslambda-local-tasks';
const UNZIPPED_LIMIT = 262_144_000;
const LINK_SECONDS = 600;

/** The zips of all functions, by what Lambda calls CodeSha256. */
export class CodeStore {
  readonly #objects: ObjectStore;
  readonly #endpoint: string;

  constructor(objects: ObjectStore, endpoint: string) {
    this.#objects = objects;
    this.#endpoint = endpoint;
  }

  /** Takes over what a request's `ZipFile`, or `S3Bucket` and `S3Key`, names, after it was unzipped to see whether it can be. */
  async add(members: Body): Promise<Code> {
    const zip = await this.#zip(members);
    await checkZip(zip);
    const sha256 = createHash('sha256').update(zip).digest('base64');
    if ((await this.#objects.get(CODE_BUCKET, keyOf(sha256))) === undefined) {
      await this.#objects.put(CODE_BUCKET, keyOf(sha256), zip);
    }
    return { sha256, size: zip.length };
  }

  async get(sha256: string): Promise<Buffer> {
    const stored = await this.#objects.get(CODE_BUCKET, keyOf(sha256));
    if (stored === undefined)
      throw new AwsError(500, 'ServiceException', 'The code of the function is missing from the state folder.');
    return stored.body;
  }

  location(sha256: string, region: string): string {
    return presignGet(this.#endpoint, `/${CODE_BUCKET}/${keyOf(sha256)}`, region, this.#objects.now(), LINK_SECONDS);
  }

  async #zip({ ZipFile, S3Bucket, S3Key }: Body): Promise<Buffer> {
    if (typeof ZipFile === 'string') return Buffer.from(ZipFile, 'base64');
    if (typeof S3Bucket !== 'string' || typeof S3Key !== 'string')
      throw invalidParameter('Please provide a source for function code.');
    const stored = await this.#objects.get(S3Bucket, S3Key);
    if (stored !== undefined) return stored.body;
    throw invalidParameter(
      'Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.',
    );
  }
}

function keyOf(sha256: string): string {
  return `${Buffer.from(sha256, 'base64').toString('hex')}.zip`;
}

async function checkZip(zip: Buffer): Promise<void> {
  try {
    const entries = readZip(zip);
    const size = entries.reduce((sum, entry) => sum + entry.size, 0);
    if (entries.length === 0) throw invalidParameter('Uploaded file must be a non-empty zip');
    if (size > UNZIPPED_LIMIT) throw invalidParameter(`Unzipped size must be smaller than ${UNZIPPED_LIMIT} bytes`);
    for (const entry of entries) await entry.read();
  } catch (error) {
    if (!(error instanceof BadZip)) throw error;
    throw invalidParameter(
      `Could not unzip uploaded file. Please check your file, then try to upload again. (${error.message})`,
    );
  }
}
