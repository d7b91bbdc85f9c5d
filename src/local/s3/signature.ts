import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { AwsRequest } from '../http.ts';

/** The credentials of everybody here; there is nothing to protect, but a signature must be right. */
export const LOCAL_KEY = 'local';

const ALGORITHM = 'AWS4-HMAC-SHA256';
/** Longest life of a presigned URL, in seconds: 7 days. */
const MAX_EXPIRES = 604_800;

/**
 * Refuses a presigned URL that was tampered with, has expired, or is sent with `x-amz-*` headers it was not signed for,
 * and a request without any signature. Signatures in the Authorization header are not computed again.
 */
export function verifySignature(request: AwsRequest, now: number): void {
  const signature = request.query.get('X-Amz-Signature');
  if (signature === null) {
    if (request.headers.authorization?.startsWith(ALGORITHM) !== true)
      throw new AwsError(403, 'AccessDenied', 'Access Denied');
    return;
  }
  const signedHeaders = checkPresigned(request, now);
  const expected = Buffer.from(signQuery(request, signedHeaders));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new AwsError(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    );
  }
}

function checkPresigned(request: AwsRequest, now: number): string[] {
  const { query } = request;
  const date = parseAmzDate(query.get('X-Amz-Date') ?? '');
  const expires = Number(query.get('X-Amz-Expires') ?? Number.NaN);
  const scope = query.get('X-Amz-Credential')?.split('/').slice(1).join('/') ?? '';
  if (
    query.get('X-Amz-Algorithm') !== ALGORITHM ||
    date === undefined ||
    !/^\d{8}\/[a-z0-9-]+\/s3\/aws4_request$/.test(scope)
  ) {
    throw parametersError(
      'Query-string authentication requires the algorithm, credential, date and signature parameters.',
    );
  }
  if (!(expires >= 0 && expires <= MAX_EXPIRES))
    throw parametersError('X-Amz-Expires must be between 0 and 604800 seconds');
  if (now > date + expires * 1000) throw new AwsError(403, 'AccessDenied', 'Request has expired');
  const signedHeaders = (query.get('X-Amz-SignedHeaders') ?? '').split(';');
  const unsigned = Object.keys(request.headers).filter(
    (name) => name.startsWith('x-amz-') && !signedHeaders.includes(name),
  );
  if (unsigned.length > 0 || !signedHeaders.includes('host')) {
    const members = { HeadersNotSigned: unsigned.join(', ') };
    throw new AwsError(403, 'AccessDenied', 'There were headers present in the request which were not signed', {
      members,
    });
  }
  return signedHeaders;
}

function parametersError(message: string): AwsError {
  return new AwsError(400, 'AuthorizationQueryParametersError', message);
}

/** `20261124T201800Z` in milliseconds since the epoch. */
function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** A URL that anyone may GET for `expiresSeconds`. `path` is encoded already. */
export function presignGet(
  endpoint: string,
  path: string,
  region: string,
  now: number,
  expiresSeconds: number,
): string {
  const date = `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  const query = new URLSearchParams({
    'X-Amz-Algorithm': ALGORITHM,
    'X-Amz-Credential': `${LOCAL_KEY}/${date.slice(0, 8)}/${region}/s3/aws4_request`,
    'X-Amz-Date': date,
    'X-Amz-Expires': String(expiresSeconds),
    'X-Amz-SignedHeaders': 'host',
  }).toString();
  const signature = signQuery({ method: 'GET', path, rawQuery: query, headers: { host: new URL(endpoint).host } }, [
    'host',
  ]);
  return `${endpoint}${path}?${query}&X-Amz-Signature=${signature}`;
}

interface Signable {
  method: string;
  path: string;
  rawQuery: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Signature version 4 in the query, payload unsigned. */
function signQuery(request: Signable, signedHeaders: readonly string[]): string {
  const query = new URLSearchParams(request.rawQuery);
  const date = query.get('X-Amz-Date') ?? '';
  const scope = (query.get('X-Amz-Credential') ?? '').split('/').slice(1);
  const key = scope.reduce<Buffer | string>((secret, part) => hmac(secret, part), `AWS4${LOCAL_KEY}`);
  const hash = createHash('sha256').update(canonicalRequest(request, signedHeaders)).digest('hex');
  return hmac(key, [ALGORITHM, date, scope.join('/'), hash].join('\n')).toString('hex');
}

function canonicalRequest({ method, path, rawQuery, headers }: Signable, signedHeaders: readonly string[]): string {
  const query = rawQuery.split('&').filter((pair) => pair !== '' && !pair.startsWith('X-Amz-Signature='));
  const pairs = query.map((pair) => (pair.includes('=') ? pair : `${pair}=`));
  const header = (name: string): string =>
    String(headers[name] ?? '')
      .trim()
      .replace(/ +/g, ' ');
  return [
    method,
    path.split('/').map(encodeAgain).join('/'),
    pairs
      .map((pair) => pair.split('=').map(encodeAgain).join('='))
      .sort()
      .join('&'),
    ...signedHeaders.map((name) => `${name}:${header(name)}`),
    '',
    signedHeaders.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n');
}

/** Everything encoded that RFC 3986 lets one encode, whatever the client left as it was. */
function encodeAgain(text: string): string {
  const percent = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(decodeURIComponent(text)).replace(/[!'()*]/g, percent);
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
