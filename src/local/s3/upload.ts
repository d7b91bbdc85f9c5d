import { createHash } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import { crc32 } from '../crc32.ts';
import type { AwsRequest } from '../http.ts';

export interface Upload {
  body: Buffer;
  /** `x-amz-checksum-*` by lower-case name. */
  checksums: Record<string, string>;
}

/** `x-amz-*` headers, also those that a presigned URL carries in its query. */
export function amzHeaders(request: AwsRequest): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, value] of request.query) all[name.toLowerCase()] = value;
  for (const [name, value] of Object.entries(request.headers)) all[name] = String(value);
  return Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('x-amz-')));
}

/** The bytes that were meant, out of their framing, after every checksum that came with them was compared. */
export function readUpload(request: AwsRequest): Upload {
  if (request.body.length !== request.bodyBytes) {
    throw new AwsError(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
  }
  const headers = amzHeaders(request);
  const payloadHash = headers['x-amz-content-sha256'] ?? '';
  const chunked = payloadHash.startsWith('STREAMING-') || /aws-chunked/.test(request.headers['content-encoding'] ?? '');
  const { body, trailers } = chunked ? decodeChunks(request.body) : { body: request.body, trailers: {} };
  if (chunked && Number(headers['x-amz-decoded-content-length'] ?? body.length) !== body.length) throw incompleteBody();
  if (/^[0-9a-f]{64}$/.test(payloadHash) && payloadHash !== sha(body, 'sha256', 'hex')) {
    throw new AwsError(
      400,
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  const md5 = request.headers['content-md5'];
  if (md5 !== undefined && md5 !== sha(body, 'md5', 'base64')) {
    throw new AwsError(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  return { body, checksums: checkedChecksums({ ...headers, ...trailers }, body) };
}

function checkedChecksums(headers: Record<string, string>, body: Buffer): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const algorithm = /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/.exec(name)?.[1];
    if (algorithm === undefined) continue;
    const computed = compute(algorithm, body);
    if (computed !== undefined && computed !== value) {
      const label = algorithm.toUpperCase();
      throw new AwsError(400, 'BadDigest', `The ${label} you specified did not match the calculated checksum.`);
    }
    kept[name] = value;
  }
  return kept;
}

/** Undefined for the two algorithms that Node does not have: those are kept as they came. */
function compute(algorithm: string, body: Buffer): string | undefined {
  if (algorithm === 'sha1' || algorithm === 'sha256') return sha(body, algorithm, 'base64');
  if (algorithm !== 'crc32') return undefined;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
}

function sha(body: Buffer, algorithm: string, encoding: 'hex' | 'base64'): string {
  return createHash(algorithm).update(body).digest(encoding);
}

/** `aws-chunked`: `<hex size>[;chunk-signature=...]CRLF bytes CRLF ... 0 CRLF [trailer: value CRLF]* CRLF`. */
function decodeChunks(framed: Buffer): { body: Buffer; trailers: Record<string, string> } {
  const chunks: Buffer[] = [];
  let offset = 0;
  for (;;) {
    const lineEnd = framed.indexOf('\r\n', offset);
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(framed.toString('latin1', offset, lineEnd), 16);
    const start = lineEnd + 2;
    if (Number.isNaN(size) || start + size > framed.length) throw incompleteBody();
    if (size === 0) return { body: Buffer.concat(chunks), trailers: parseTrailers(framed.toString('latin1', start)) };
    chunks.push(framed.subarray(start, start + size));
    offset = start + size + 2;
  }
}

function parseTrailers(text: string): Record<string, string> {
  const pairs = text.split('\r\n').map((line) => line.split(/:(.*)/s, 2).map((part) => part.trim()));
  return Object.fromEntries(pairs.flatMap(([name, value]) => (name && value ? [[name.toLowerCase(), value]] : [])));
}

function incompleteBody(): AwsError {
  return new AwsError(400, 'IncompleteBody', 'The request body terminated unexpectedly');
}
