import { setTimeout as delay } from 'node:timers/promises';
import { AwsError } from '../aws-error.ts';
import type { AwsAnswer, AwsRequest } from '../http.ts';
import type { SandboxSpec } from '../sandbox/environment.ts';
import { SandboxPool } from '../sandbox/pool.ts';
import type { InvocationResult } from '../sandbox/sandbox.ts';
import { functionArn } from './answers.ts';
import type { CodeStore } from './code.ts';
import { type FunctionRef, type Functions, pendingConflict } from './functions.ts';
import { type FunctionRecord, isPending, isUpdating, type VersionRecord } from './records.ts';

export interface InvokerOptions {
  account: string;
  endpoint: string;
  runtimeClient: string;
  functions: Functions;
  code: CodeStore;
  initMs: number;
  asyncRetryMs: number;
  idleMs: number;
  /** Milliseconds since the epoch. */
  now: () => number;
}

const SYNC_LIMIT = 6_291_456;
const ASYNC_LIMIT = 1_048_576;

/** The data plane: invocations of all three types. */
export class Invoker {
  readonly #options: InvokerOptions;
  readonly #pool: SandboxPool;
  readonly #closing = new AbortController();

  constructor(options: InvokerOptions) {
    this.#options = options;
    this.#pool = new SandboxPool(options);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#pool.close();
  }

  async invoke(ref: FunctionRef, request: AwsRequest): Promise<AwsAnswer> {
    const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
    const payload = checkPayload(request, String(type));
    const { record, version } = await this.#options.functions.find(ref);
    const now = this.#options.now();
    if (isPending(version, now)) throw pendingConflict();
    const running = version === record.latest && isUpdating(version, now) ? (record.before ?? version) : version;
    const run = (): Promise<InvocationResult> => this.#run(record, running, request, payload);
    switch (type) {
      case 'DryRun':
        return { status: 204 };
      case 'Event':
        void this.#runLater(run);
        return { status: 202, headers: executedVersion(running) };
      case 'RequestResponse':
        return answer(await run(), running, request.headers['x-amz-log-type'] === 'Tail');
      default:
        throw new AwsError(400, 'InvalidParameterValueException', `Unknown invocation type ${type}`);
    }
  }

  #run(
    record: FunctionRecord,
    version: VersionRecord,
    request: AwsRequest,
    payload: Buffer,
  ): Promise<InvocationResult> {
    const context = request.headers['x-amz-client-context'];
    const clientContext = typeof context === 'string' ? Buffer.from(context, 'base64').toString() : undefined;
    return this.#pool.invoke(
      version.revisions.complete,
      this.#spec(record, version),
      () => this.#options.code.get(version.codeSha256),
      { requestId: request.requestId, payload, clientContext },
    );
  }

  /** An event that fails is tried twice more, as Lambda does by default. */
  async #runLater(run: () => Promise<InvocationResult>): Promise<void> {
    const { signal } = this.#closing;
    try {
      for (const wait of [0, this.#options.asyncRetryMs, 2 * this.#options.asyncRetryMs]) {
        await delay(wait, undefined, { signal, ref: false });
        if (!(await run()).failed) return;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #spec(record: FunctionRecord, version: VersionRecord): SandboxSpec {
    const { settings } = version;
    const { account, endpoint, runtimeClient } = this.#options;
    return {
      arn: functionArn(account, record.region, record.name, version.version),
      functionName: record.name,
      version: version.version,
      handler: settings.Handler,
      runtime: settings.Runtime,
      region: record.region,
      timeoutSeconds: settings.Timeout,
      memoryMb: settings.MemorySize,
      logGroup: settings.LoggingConfig.LogGroup,
      variables: settings.Environment?.Variables ?? {},
      endpoint,
      runtimeClient,
    };
  }
}

/** No payload is an empty object. */
function checkPayload(request: AwsRequest, type: string): Buffer {
  const limit = type === 'Event' ? ASYNC_LIMIT : SYNC_LIMIT;
  if (request.bodyBytes > limit) {
    const message = `${request.bodyBytes} byte payload is too large for the ${type} invocation type (limit ${limit} bytes)`;
    throw new AwsError(413, 'RequestTooLargeException', message);
  }
  if (request.body.length === 0) return Buffer.from('{}');
  try {
    JSON.parse(request.body.toString());
  } catch (error) {
    const message = `Could not parse request body into json: ${error instanceof Error ? error.message : error}`;
    throw new AwsError(400, 'InvalidRequestContentException', message);
  }
  return request.body;
}

function answer(result: InvocationResult, version: VersionRecord, withLog: boolean): AwsAnswer {
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      ...executedVersion(version),
      ...(result.failed ? { 'x-amz-function-error': 'Unhandled' } : {}),
      ...(withLog ? { 'x-amz-log-result': result.log.toString('base64') } : {}),
    },
    body: result.payload,
  };
}

function executedVersion(version: VersionRecord): Record<string, string> {
  return { 'x-amz-executed-version': version.version };
}
