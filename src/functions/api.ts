import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteFunctionCommand,
  type FunctionConfiguration,
  GetFunctionCommand,
  type GetFunctionResponse,
  type LambdaClient,
  ListTagsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  TagResourceCommand,
  UpdateFunctionCodeCommand,
  type UpdateFunctionCodeCommandInput,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
} from '@aws-sdk/client-lambda';
import { functionArn } from '../aws/arn.ts';
import { awsError, awsErrorKind } from '../aws/errors.ts';
import { READ_RATE, rateLimiter, WRITE_RATE } from '../aws/limiter.ts';
import { retryControlPlane } from '../aws/retry.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../runner/types.ts';

export interface FunctionsApiOptions {
  lambda: LambdaClient;
  region: string;
  clock: Clock;
  log: Log;
  signal?: AbortSignal | undefined;
}

/**
 * Lambda's control plane: each request retried, kept under the quotas, and its errors made readable. One instance per
 * process, because the quotas are shared.
 */
export interface FunctionsApi {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal | undefined;
  /** `undefined`: there is no such function or version. */
  get(name: string, qualifier?: string): Promise<GetFunctionResponse | undefined>;
  tags(functionArn: string): Promise<Record<string, string>>;
  /** `undefined`: there is a function of that name already, perhaps by this very request whose answer was lost. */
  create(input: CreateFunctionCommandInput & { FunctionName: string }): Promise<FunctionConfiguration | undefined>;
  updateConfiguration(
    input: UpdateFunctionConfigurationCommandInput & { FunctionName: string },
  ): Promise<FunctionConfiguration>;
  updateCode(input: UpdateFunctionCodeCommandInput & { FunctionName: string }): Promise<FunctionConfiguration>;
  /** Refused by Lambda when the code is no longer the one with this CodeSha256. */
  publish(name: string, codeSha256: string): Promise<FunctionConfiguration>;
  /** The published versions, without `$LATEST`. */
  versions(name: string): Promise<FunctionConfiguration[]>;
  tag(functionArn: string, tags: Record<string, string>): Promise<void>;
  /** False: it was not there any more. */
  delete(name: string, qualifier?: string): Promise<boolean>;
}

export function createFunctionsApi({ lambda, region, clock, log, signal }: FunctionsApiOptions): FunctionsApi {
  const reads = rateLimiter(clock, READ_RATE);
  const writes = rateLimiter(clock, WRITE_RATE);

  /** Only GetFunction has a quota of its own; whatever else is sent, reading or writing, shares the small one. */
  async function send<T>(operation: string, name: string, request: () => Promise<T>): Promise<T> {
    const limiter = operation === 'GetFunction' ? reads : writes;
    const limited = async (): Promise<T> => {
      await limiter.take(signal);
      return await request();
    };
    try {
      return await retryControlPlane(limited, { clock, log, what: `${operation} ${name}`, signal });
    } catch (error) {
      throw error === signal?.reason
        ? error
        : awsError(error, { action: `lambda:${operation}`, resource: functionArn(region, name) });
    }
  }

  return {
    clock,
    log,
    signal,
    get: (name, qualifier) =>
      send('GetFunction', name, () =>
        unless('not-found', lambda.send(new GetFunctionCommand({ FunctionName: name, ...qualified(qualifier) }))),
      ),
    tags: async (functionArn) => {
      const answer = await send('ListTags', functionArn, () =>
        lambda.send(new ListTagsCommand({ Resource: functionArn })),
      );
      return answer.Tags ?? {};
    },
    create: (input) =>
      send('CreateFunction', input.FunctionName, () => unless('exists', lambda.send(new CreateFunctionCommand(input)))),
    updateConfiguration: (input) =>
      send('UpdateFunctionConfiguration', input.FunctionName, () =>
        lambda.send(new UpdateFunctionConfigurationCommand(input)),
      ),
    updateCode: (input) =>
      send('UpdateFunctionCode', input.FunctionName, () => lambda.send(new UpdateFunctionCodeCommand(input))),
    publish: (name, codeSha256) =>
      send('PublishVersion', name, () =>
        lambda.send(new PublishVersionCommand({ FunctionName: name, CodeSha256: codeSha256 })),
      ),
    versions: async (name) => {
      const found: FunctionConfiguration[] = [];
      let marker: string | undefined;
      do {
        const page = { FunctionName: name, ...(marker && { Marker: marker }) };
        const answer = await send('ListVersionsByFunction', name, () =>
          lambda.send(new ListVersionsByFunctionCommand(page)),
        );
        found.push(...(answer.Versions ?? []).filter((version) => version.Version !== '$LATEST'));
        marker = answer.NextMarker;
      } while (marker);
      return found;
    },
    tag: async (functionArn, tags) => {
      await send('TagResource', functionArn, () =>
        lambda.send(new TagResourceCommand({ Resource: functionArn, Tags: tags })),
      );
    },
    delete: async (name, qualifier) => {
      const command = new DeleteFunctionCommand({ FunctionName: name, ...qualified(qualifier) });
      return (await send('DeleteFunction', name, () => unless('not-found', lambda.send(command)))) !== undefined;
    },
  };
}

function qualified(qualifier: string | undefined): { Qualifier?: string } {
  return qualifier === undefined ? {} : { Qualifier: qualifier };
}

/** An answer that is an error for the SDK, but an ordinary one for us. */
async function unless<T>(kind: 'exists' | 'not-found', answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (awsErrorKind(error) === kind) return undefined;
    throw error;
  }
}
