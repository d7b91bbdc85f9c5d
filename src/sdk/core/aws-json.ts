import http from 'node:http';
import https from 'node:https';
import { AwsV4Signer } from 'aws4fetch';

/** One service that speaks AWS's JSON protocol. */
export interface JsonService {
  /** Name in host names and signatures, and in VPC endpoints. */
  name: 'ssm' | 'events';
  /** Ending of its `AWS_ENDPOINT_URL_...` variable. */
  endpointVariable: 'SSM' | 'EVENTBRIDGE';
  /** Start of `X-Amz-Target`. */
  target: string;
}

/** What the service refused, by AWS's name for it. */
export class ServiceError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message === '' ? code : `${code}: ${message}`);
    this.name = 'ServiceError';
    this.code = code;
  }
}

/** A private subnet without a way to the service drops packets silently: the wait for a connection has to be short. */
const CONNECT_TIMEOUT_MS = 5000;
const ANSWER_TIMEOUT_MS = 15_000;
const ATTEMPTS = 4;

/**
 * Calls one operation with the credentials and the region the Lambda was given. Throttling and 5xx are tried again:
 * for the operations in use that is harmless.
 */
export async function callService(service: JsonService, operation: string, input: unknown): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    const { status, body } = await post(service, operation, JSON.stringify(input));
    if (status === 200) {
      return body;
    }
    const error = serviceError(status, body);
    const passing = status >= 500 || status === 429 || error.code.includes('Throttl');
    if (!passing || attempt === ATTEMPTS) {
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 2 ** attempt * 50 * (1 + Math.random())));
  }
}

async function post(service: JsonService, operation: string, body: string): Promise<{ status: number; body: unknown }> {
  const region = required('AWS_REGION');
  const url = endpointOf(service, region);
  const sessionToken = process.env.AWS_SESSION_TOKEN;
  const signer = new AwsV4Signer({
    method: 'POST',
    url: url.href,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${service.target}.${operation}` },
    body,
    accessKeyId: required('AWS_ACCESS_KEY_ID'),
    secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
    ...(sessionToken ? { sessionToken } : {}),
    service: service.name,
    region,
  });
  const { headers } = await signer.sign();
  return send(service, url, region, Object.fromEntries(headers.entries()), body);
}

function endpointOf(service: JsonService, region: string): URL {
  const configured = process.env[`AWS_ENDPOINT_URL_${service.endpointVariable}`] || process.env.AWS_ENDPOINT_URL;
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL(configured || `https://${service.name}.${region}.${suffix}/`);
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set: secrets and events are available inside a deployed task only`);
  }
  return value;
}

function send(
  service: JsonService,
  url: URL,
  region: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; body: unknown }> {
  const secure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(new Error(unreachable(service, url, region, cause), { cause }));
    const request = (secure ? https : http).request(url, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString()) }),
      );
    });
    const timer = setTimeout(
      () => request.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`)),
      CONNECT_TIMEOUT_MS,
    );
    request.on('socket', (socket) => socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(timer)));
    request.on('close', () => clearTimeout(timer));
    request.on('error', fail);
    request.setTimeout(ANSWER_TIMEOUT_MS, () =>
      request.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`)),
    );
    request.end(body);
  });
}

function unreachable(service: JsonService, url: URL, region: string, cause: Error): string {
  return (
    `${url.host} cannot be reached (${cause.message}). ` +
    `A task inside a VPC needs a NAT gateway or the interface endpoint com.amazonaws.${region}.${service.name}.`
  );
}

function serviceError(status: number, body: unknown): ServiceError {
  const { __type: type, message, Message } = (body ?? {}) as Record<string, unknown>;
  const code = typeof type === 'string' ? type.replace(/^.*#/, '') : `HTTP ${status}`;
  const text = [message, Message].find((candidate) => typeof candidate === 'string');
  return new ServiceError(code, String(text ?? ''));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 500) };
  }
}
