import { AwsError } from '../aws-error.ts';
import { type AwsAnswer, escapeXml, xml } from '../http.ts';
import type { ObjectInfo, ObjectStore } from './objects.ts';

/** One line of a listing: an object, or what several keys have in common up to the delimiter. */
interface Row {
  /** Where the next page starts after. */
  last: string;
  element: string;
}

/** ListObjectsV2: prefix, delimiter, pages of up to 1,000. */
export async function listObjects(objects: ObjectStore, bucket: string, query: URLSearchParams): Promise<AwsAnswer> {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const maxKeys = Math.min(Number(query.get('max-keys') ?? 1000), 1000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0) {
    throw new AwsError(400, 'InvalidArgument', 'Argument maxKeys must be an integer between 0 and 2147483647');
  }
  const token = query.get('continuation-token');
  const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString();
  const infos = (await objects.list(bucket, prefix)).filter(
    (info) => Buffer.from(info.key).compare(Buffer.from(after)) > 0,
  );
  const rows = group(infos, prefix, delimiter);
  const page = rows.slice(0, maxKeys);
  const truncated = rows.length > page.length && maxKeys > 0;
  const next = truncated
    ? `<NextContinuationToken>${encodeToken(page.at(-1)?.last ?? '')}</NextContinuationToken>`
    : '';
  return xml(
    200,
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name>` +
      `<Prefix>${escapeXml(prefix)}</Prefix>${delimiter === '' ? '' : `<Delimiter>${escapeXml(delimiter)}</Delimiter>`}` +
      `<MaxKeys>${maxKeys}</MaxKeys><KeyCount>${page.length}</KeyCount><IsTruncated>${truncated}</IsTruncated>${next}` +
      `${page.map((row) => row.element).join('')}</ListBucketResult>`,
  );
}

function encodeToken(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function group(infos: readonly ObjectInfo[], prefix: string, delimiter: string): Row[] {
  const rows = new Map<string, Row>();
  for (const info of infos) {
    const end = delimiter === '' ? -1 : info.key.indexOf(delimiter, prefix.length);
    if (end < 0) {
      rows.set(info.key, { last: info.key, element: contents(info) });
      continue;
    }
    const common = info.key.slice(0, end + delimiter.length);
    const element = `<CommonPrefixes><Prefix>${escapeXml(common)}</Prefix></CommonPrefixes>`;
    rows.set(`${common}\0`, { last: info.key, element });
  }
  return [...rows.values()];
}

function contents(info: ObjectInfo): string {
  return (
    `<Contents><Key>${escapeXml(info.key)}</Key><LastModified>${new Date(info.lastModified).toISOString()}</LastModified>` +
    `<ETag>${escapeXml(info.etag)}</ETag><Size>${info.size}</Size><StorageClass>STANDARD</StorageClass></Contents>`
  );
}
