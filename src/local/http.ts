import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { AwsError } from './aws-error.ts';

/** One request as the services see it: read completely before anything happens. */
export interface AwsRequest {
  method: string;
  /** Path as it was sent, not decoded: signatures are made over it. */
  path: string;
  /** Query as it was sent, without `?`. */
  rawQuery: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Empty when `bodyBytes` is over what the server reads. */
  body: Buffer;
  bodyBytes: number;
  /** Of the credential scope of the signature: AWS is regional, one server here answers for all regions. */
  region: string;
  requestId: string;
}

export interface AwsAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: Buffer | string;
}

/** What a request turned out to be: known before it takes effect, so that it can be logged and made to fail. */
export interface Operation {
  /** AWS's own name, e.g. `PutObject`. */
  name: string;
  /** Function name with qualifier, `bucket/key`, or parameter name. */
  resource: string;
  /** True for a write that has a condition. */
  conditional?: boolean;
  run(): Promise<AwsAnswer>;
}

export interface Service {
  /** Undefined when the request is for another service. */
  route(request: AwsRequest): Operation | undefined;
  renderError(error: AwsError, request: AwsRequest): AwsAnswer;
  /** Lets what the operation has started take so many milliseconds longer. */
  prolong?(operation: Operation, request: AwsRequest, milliseconds: number): Promise<void>;
}

/** Reads the whole body; beyond `limit` bytes it is counted and dropped, so that the client can be answered in order. */
export async function readBody(message: IncomingMessage, limit: number): Promise<{ body: Buffer; bodyBytes: number }> {
  let chunks: Buffer[] = [];
  let bodyBytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bodyBytes += chunk.length;
    if (bodyBytes <= limit) chunks.push(chunk);
    else chunks = [];
  }
  return { body: Buffer.concat(chunks), bodyBytes };
}

const SCOPE = /Credential=[^/,\s]+\/\d{8}\/([a-z0-9-]{1,32})\//;

/** Region of the signature's credential scope; `us-east-1` for a request without one. */
export function signedRegion(headers: IncomingHttpHeaders, query: URLSearchParams): string {
  const credential = query.get('X-Amz-Credential');
  const scope = credential === null ? (headers.authorization ?? '') : `Credential=${credential}`;
  return SCOPE.exec(scope)?.[1] ?? 'us-east-1';
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): AwsAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

export function xml(status: number, body: string): AwsAnswer {
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  };
}

/** `text` as the content of an XML element. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\r\n]/g, (character) => `&#${character.charCodeAt(0)};`);
}
