import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AwsError } from './aws-error.ts';
import { type Fault, type FaultSource, faultError, takeFault } from './faults.ts';
import { type AwsAnswer, type AwsRequest, type Operation, readBody, type Service, signedRegion } from './http.ts';
import type { LocalAws, LocalAwsOptions, LocalTiming, LoggedRequest } from './index.ts';
import { CODE_BUCKET } from './lambda/code.ts';
import { LambdaService } from './lambda/service.ts';
import { S3Service } from './s3/service.ts';
import { SsmService } from './ssm.ts';
import { StsService } from './sts.ts';

const DEFAULT_TIMING: LocalTiming = {
  pendingMs: 150,
  updateMs: 100,
  initMs: 10_000,
  asyncRetryMs: 60_000,
  idleMs: 5 * 60_000,
};

/** More than any request AWS accepts in one piece here; bodies beyond it are not kept in memory. */
const BODY_LIMIT = 1024 * 1024 * 1024;

/** The HTTP side: reads requests, finds their service, logs them, lets faults happen, writes answers. */
export class LocalServer implements LocalAws {
  readonly requests: LoggedRequest[] = [];
  readonly faults: Fault[];
  readonly endpoint: string;
  readonly port: number;
  readonly #server: Server;
  readonly #lambda: LambdaService;
  readonly #s3: S3Service;
  readonly #services: readonly Service[];
  readonly #faultSource: FaultSource;
  readonly #now: () => number;

  static async start(options: LocalAwsOptions): Promise<LocalServer> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return new LocalServer(server, options);
  }

  private constructor(server: Server, options: LocalAwsOptions) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.endpoint = `http://127.0.0.1:${this.port}`;
    this.faults = options.faults ?? [];
    this.#faultSource = options.faultSource ?? (() => undefined);
    const skew = options.clockSkewMs ?? 0;
    this.#now = () => Date.now() + skew;
    const account = options.account ?? '000000000000';
    this.#s3 = new S3Service({
      stateDir: options.stateDir,
      account,
      bucketOwners: options.bucketOwners ?? {},
      presignedOnly: CODE_BUCKET,
      now: this.#now,
    });
    this.#lambda = new LambdaService({
      stateDir: options.stateDir,
      account,
      endpoint: this.endpoint,
      runtimeClient: options.runtimeClient,
      timing: { ...DEFAULT_TIMING, ...options.timing },
      objects: this.#s3.objects,
      now: this.#now,
    });
    // S3 takes every path that no other service claims.
    this.#services = [this.#lambda, new SsmService(options.secrets ?? {}, account), new StsService(account), this.#s3];
    // An idle connection is the client's to close: closed from here, it might cut off a request on its way.
    server.keepAliveTimeout = 0;
    server.on('request', (message, response) => {
      this.#serve(message, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  endFunctions(): Promise<void> {
    return this.#lambda.close();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await Promise.all([closed, this.#lambda.close()]);
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message);
    const { service, operation } = this.#find(request);
    this.requests.push({ operation: operation.name, resource: operation.resource, at: Date.now() });
    const fault = takeFault(this.faults, operation) ?? this.#faultSource(operation);
    if (fault?.when === 'during') response.destroy();
    const answer = await this.#answer(service, operation, request, fault);
    if (answer === 'drop') response.destroy();
    else if (!response.destroyed) write(response, request, answer, this.#now());
  }

  #find(request: AwsRequest): { service: Service; operation: Operation } {
    for (const service of this.#services) {
      const operation = route(service, request);
      if (operation !== undefined) return { service, operation };
    }
    return { service: this.#s3, operation: unknownOperation(request) };
  }

  async #answer(
    service: Service,
    operation: Operation,
    request: AwsRequest,
    fault: Fault | undefined,
  ): Promise<AwsAnswer | 'drop'> {
    const happens = async (): Promise<AwsAnswer | 'drop' | undefined> => {
      if (fault === undefined) return undefined;
      if (fault.effect === 'drop') return 'drop';
      if (fault.effect === 'twice')
        return await Promise.race([run(service, operation, request), run(service, operation, request)]);
      if ('delayMs' in fault.effect) await delay(fault.effect.delayMs, undefined, { ref: false });
      if ('stateMs' in fault.effect) await service.prolong?.(operation, request, fault.effect.stateMs);
      const error = faultError(fault);
      return error && service.renderError(error, request);
    };
    if ((fault?.when ?? 'before') === 'before') {
      const instead = await happens();
      if (instead !== undefined) return instead;
    }
    const answer = await run(service, operation, request);
    return (fault?.when === 'after' ? await happens() : undefined) ?? answer;
  }
}

function route(service: Service, request: AwsRequest): Operation | undefined {
  try {
    return service.route(request);
  } catch (error) {
    return { name: 'Unknown', resource: request.path, run: () => Promise.reject(error) };
  }
}

async function run(service: Service, operation: Operation, request: AwsRequest): Promise<AwsAnswer> {
  try {
    return await operation.run();
  } catch (error) {
    if (error instanceof AwsError) return service.renderError(error, request);
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return service.renderError(new AwsError(500, 'InternalFailure', `The embedded AWS failed: ${message}`), request);
  }
}

function unknownOperation(request: AwsRequest): Operation {
  const error = new AwsError(501, 'NotImplemented', `The embedded AWS does not know ${request.method} ${request.path}`);
  return { name: 'Unknown', resource: request.path, run: () => Promise.reject(error) };
}

async function readRequest(message: IncomingMessage): Promise<AwsRequest> {
  const [path = '/', rawQuery = ''] = splitOnce(message.url ?? '/', '?');
  const query = new URLSearchParams(rawQuery);
  return {
    method: message.method ?? 'GET',
    path,
    rawQuery,
    query,
    headers: message.headers,
    ...(await readBody(message, BODY_LIMIT)),
    region: signedRegion(message.headers, query),
    requestId: randomUUID(),
  };
}

function write(response: ServerResponse, request: AwsRequest, answer: AwsAnswer, now: number): void {
  const body = answer.body ?? '';
  response.writeHead(answer.status, {
    date: new Date(now).toUTCString(),
    'x-amzn-requestid': request.requestId,
    'x-amz-request-id': request.requestId,
    ...(answer.status === 204 || request.method === 'HEAD'
      ? {}
      : { 'content-length': String(Buffer.byteLength(body)) }),
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function splitOnce(text: string, separator: string): string[] {
  const index = text.indexOf(separator);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}
