import type { S3Client } from '@aws-sdk/client-s3';

/** Addresses of S3 objects that whoever has them may use for a while, without credentials of their own. */
export interface Presigner {
  get(key: string, seconds: number): Promise<string>;
  put(key: string, seconds: number): Promise<string>;
  /** PUT that the sender has to make conditional, with `If-None-Match: *`. */
  create(key: string, seconds: number): Promise<string>;
}

export interface PresignerOptions {
  /** Signs without asking anybody; with checksums when required only, else any body is refused but an empty one. */
  client: S3Client;
  bucket: string;
  bucketOwner: string | undefined;
}

export async function createPresigner({ client, bucket, bucketOwner }: PresignerOptions): Promise<Presigner> {
  const [{ GetObjectCommand, PutObjectCommand }, { getSignedUrl }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/s3-request-presigner'),
  ]);
  const target = { Bucket: bucket, ...(bucketOwner !== undefined && { ExpectedBucketOwner: bucketOwner }) };
  return {
    get: (key, expiresIn) => getSignedUrl(client, new GetObjectCommand({ ...target, Key: key }), { expiresIn }),
    put: (key, expiresIn) => getSignedUrl(client, new PutObjectCommand({ ...target, Key: key }), { expiresIn }),
    create: (key, expiresIn) =>
      getSignedUrl(client, new PutObjectCommand({ ...target, Key: key, IfNoneMatch: '*' }), { expiresIn }),
  };
}
