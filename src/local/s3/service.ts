import { AwsError } from '../aws-error.ts';
import { type AwsAnswer, type AwsRequest, escapeXml, type Operation, type Service, xml } from '../http.ts';
import { listObjects } from './list.ts';
import { noSuchKey, ObjectStore, type StoredObject } from './objects.ts';
import { verifySignature } from './signature.ts';
import { amzHeaders, readUpload } from './upload.ts';

export interface S3Options {
  stateDir: string;
  account: string;
  /** Buckets that exist and belong to somebody, by name. */
  bucketOwners: Record<string, string>;
  /** A bucket of AWS itself: its objects are handed out by presigned URLs and in no other way. */
  presignedOnly: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

interface Target {
  bucket: string;
  key: string;
  request: AwsRequest;
}

/** Query parameters that name no sub-resource. */
const PLAIN_PARAMETER =
  /^(x-id|x-amz-.*|list-type|prefix|delimiter|max-keys|continuation-token|start-after|fetch-owner)$/i;

/** S3 with path-style addresses: buckets, objects, conditional writes, presigned URLs. */
export class S3Service implements Service {
  readonly objects: ObjectStore;
  readonly #account: string;
  readonly #bucketOwners: Record<string, string>;
  readonly #presignedOnly: string;

  constructor(options: S3Options) {
    this.objects = new ObjectStore(options.stateDir, options.now);
    this.#account = options.account;
    this.#bucketOwners = options.bucketOwners;
    this.#presignedOnly = options.presignedOnly;
  }

  route(request: AwsRequest): Operation | undefined {
    const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(request.path) ?? [];
    const target: Target = { bucket: decode(bucket), key: decode(key), request };
    const subresource = [...request.query.keys()].find((name) => !PLAIN_PARAMETER.test(name));
    if (bucket === '' || subresource !== undefined) return undefined;
    const found = key === '' ? this.#bucketOperation(target) : this.#objectOperation(target);
    if (found === undefined) return undefined;
    const [name, run] = found;
    const resource = key === '' ? target.bucket : `${target.bucket}/${target.key}`;
    const { headers } = request;
    const conditional = headers['if-match'] !== undefined || headers['if-none-match'] !== undefined;
    return { name, resource, conditional, run: () => this.#authorized(name, target, run) };
  }

  #bucketOperation(target: Target): [string, () => Promise<AwsAnswer>] | undefined {
    const { method, query } = target.request;
    if (method === 'PUT') return ['CreateBucket', () => this.#createBucket(target)];
    if (method === 'HEAD') return ['HeadBucket', async () => headBucket(target)];
    if (method === 'GET' && query.get('list-type') === '2') {
      return ['ListObjectsV2', () => listObjects(this.objects, target.bucket, query)];
    }
    return undefined;
  }

  #objectOperation(target: Target): [string, () => Promise<AwsAnswer>] | undefined {
    if (target.request.headers['x-amz-copy-source'] !== undefined) return undefined;
    switch (target.request.method) {
      case 'PUT':
        return ['PutObject', () => this.#putObject(target)];
      case 'GET':
        return ['GetObject', () => this.#getObject(target)];
      case 'HEAD':
        return ['HeadObject', () => this.#getObject(target)];
      case 'DELETE':
        return ['DeleteObject', () => this.#deleteObject(target)];
      default:
        return undefined;
    }
  }

  async #authorized(name: string, target: Target, run: () => Promise<AwsAnswer>): Promise<AwsAnswer> {
    verifySignature(target.request, this.objects.now());
    if (target.bucket === this.#presignedOnly) return this.#handOut(name, target);
    if (name === 'CreateBucket') return run();
    const owner = await this.#owner(target.bucket);
    if (owner === undefined) {
      const members = { BucketName: target.bucket };
      throw new AwsError(404, 'NoSuchBucket', 'The specified bucket does not exist', { members });
    }
    const expected = amzHeaders(target.request)['x-amz-expected-bucket-owner'];
    if (expected !== undefined && expected !== owner) throw new AwsError(403, 'AccessDenied', 'Access Denied');
    return run();
  }

  async #handOut(name: string, target: Target): Promise<AwsAnswer> {
    if (name !== 'GetObject' || !target.request.query.has('X-Amz-Signature'))
      throw new AwsError(403, 'AccessDenied', 'Access Denied');
    return this.#getObject(target);
  }

  /** `lumo-tasks-<account>-*` exists by itself. */
  async #owner(bucket: string): Promise<string | undefined> {
    if (Object.hasOwn(this.#bucketOwners, bucket)) return this.#bucketOwners[bucket];
    if (bucket.startsWith(`lumo-tasks-${this.#account}-`)) return this.#account;
    return this.objects.owner(bucket);
  }

  async #createBucket({ bucket }: Target): Promise<AwsAnswer> {
    const owner = await this.#owner(bucket);
    if (owner === this.#account) {
      const message = 'Your previous request to create the named bucket succeeded and you already own it.';
      throw new AwsError(409, 'BucketAlreadyOwnedByYou', message);
    }
    if (owner !== undefined)
      throw new AwsError(409, 'BucketAlreadyExists', 'The requested bucket name is not available.');
    await this.objects.createBucket(bucket, this.#account);
    return { status: 200, headers: { location: `/${bucket}` } };
  }

  async #putObject({ bucket, key, request }: Target): Promise<AwsAnswer> {
    const { body, checksums } = readUpload(request);
    if (Buffer.byteLength(key) > 1024) throw new AwsError(400, 'KeyTooLongError', 'Your key is too long');
    const condition = { ifNoneMatch: request.headers['if-none-match'], ifMatch: request.headers['if-match'] };
    const info = await this.objects.put(bucket, key, body, { headers: keptHeaders(request), checksums }, condition);
    return { status: 200, headers: { etag: info.etag, 'x-amz-server-side-encryption': 'AES256', ...checksums } };
  }

  async #getObject({ bucket, key, request }: Target): Promise<AwsAnswer> {
    const stored = await this.objects.get(bucket, key);
    if (stored === undefined) throw noSuchKey(key);
    return { status: 200, headers: objectHeaders(stored, request), body: stored.body };
  }

  async #deleteObject({ bucket, key, request }: Target): Promise<AwsAnswer> {
    await this.objects.delete(bucket, key, { ifMatch: request.headers['if-match'] });
    return { status: 204 };
  }

  renderError(error: AwsError, request: AwsRequest): AwsAnswer {
    const members = {
      Code: error.code,
      Message: error.message,
      ...error.members,
      RequestId: request.requestId,
      HostId: 'local',
    };
    const elements = Object.entries(members).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
    return xml(error.status, `<Error>${elements.join('')}</Error>`);
  }
}

function headBucket({ request }: Target): AwsAnswer {
  return { status: 200, headers: { 'x-amz-bucket-region': request.region, 'x-amz-access-point-alias': 'false' } };
}

function objectHeaders({ info, body }: StoredObject, request: AwsRequest): Record<string, string> {
  return {
    'content-type': 'binary/octet-stream',
    ...info.headers,
    etag: info.etag,
    'last-modified': new Date(info.lastModified).toUTCString(),
    'content-length': String(body.length),
    'accept-ranges': 'bytes',
    'x-amz-server-side-encryption': 'AES256',
    ...(amzHeaders(request)['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED' ? info.checksums : {}),
  };
}

const KEPT = ['content-type', 'cache-control', 'content-disposition', 'content-language', 'expires'] as const;

function keptHeaders(request: AwsRequest): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of KEPT) {
    const value = request.headers[name];
    if (value !== undefined) kept[name] = value;
  }
  const encoding = (request.headers['content-encoding'] ?? '').split(',').map((part) => part.trim());
  const real = encoding.filter((part) => part !== '' && part !== 'aws-chunked').join(',');
  if (real !== '') kept['content-encoding'] = real;
  for (const [name, value] of Object.entries(amzHeaders(request)))
    if (name.startsWith('x-amz-meta-')) kept[name] = value;
  return kept;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
}
