import type { InvokeCommand, InvokeCommandOutput, LambdaClient } from '@aws-sdk/client-lambda';
import { functionArn } from '../aws/arn.ts';
import { awsError } from '../aws/errors.ts';
import type { Clock } from '../clock.ts';
import type { ActionError } from '../errors.ts';
import { formatDuration } from '../report/format.ts';
import type { Log } from '../runner/types.ts';
import { classifyFailure, describeFailure, requestIdOf, retryAfterMs } from './transport.ts';

export interface InvokeOptions {
  /** Sends each request once (`maxAttempts: 1`): nothing but this module decides that a function runs again. */
  client: LambdaClient;
  /** Name or ARN. */
  functionName: string;
  /** Published version or alias. */
  qualifier: string | undefined;
  /** What the function receives, made for the moment from which it can no longer be running because of it. */
  event(deadline: Date): Promise<unknown>;
  /** The function's Timeout. */
  timeoutSeconds: number;
  clock: Clock;
  log: Log;
  /** From then on nothing is sent any more. */
  signal: AbortSignal;
  /** A request that is under way is abandoned, its outcome is unknown. */
  abandon: AbortSignal;
}

/** What one Invoke came to. */
export type InvokeOutcome =
  | InvokeAnswer
  /** The function did not run. */
  | { kind: 'refused'; error: ActionError }
  | { kind: 'canceled' }
  /** The function may have run. */
  | { kind: 'unknown'; reason: string; requestId: string | undefined };

export interface InvokeAnswer {
  kind: 'answered';
  payload: string;
  /** Lambda's word that the function failed, or undefined. */
  functionError: string | undefined;
  /** The last 4 KB of the function's log. */
  logTail: string;
  requestId: string | undefined;
  version: string | undefined;
  /** What the attempt left in the channel before its process died, as JSON. */
  lastWords?: string;
  /** Why Lambda's own answer is not known: this one was found in the channel. */
  lost?: string;
}

/** How long a refused request is sent again. */
const RETRY_LIMIT_MS = 5 * 60_000;
const LONGEST_PAUSE_MS = 20_000;
/** Beyond its Timeout a function may take ten seconds to start; the rest is for the way. */
export const DEADLINE_MARGIN_SECONDS = 30;

/**
 * Invokes a function synchronously, at most once: again only when Lambda refused it before it ran. Throws what
 * `event` throws.
 */
export async function invokeFunction(options: InvokeOptions): Promise<InvokeOutcome> {
  const { clock, log, signal, functionName } = options;
  const giveUpAt = clock.now() + RETRY_LIMIT_MS;
  for (let attempt = 1; ; attempt += 1) {
    if (signal.aborted) {
      return { kind: 'canceled' };
    }
    const event = await options.event(new Date(clock.now() + deadlineMs(options)));
    if (signal.aborted) {
      return { kind: 'canceled' };
    }
    const sent = await send(options, event);
    if (!('failure' in sent)) {
      return sent;
    }
    const pause = Math.max(retryAfterMs(sent.failure), backOff(attempt, clock.random()));
    if (classifyFailure(sent.failure) === 'refused' || clock.now() + pause > giveUpAt) {
      return { kind: 'refused', error: await invokeError(sent.failure, options) };
    }
    log.info(`${functionName} was not started, again in ${formatDuration(pause)}: ${describeFailure(sent.failure)}`);
    if (!(await pauseFor(pause, options))) {
      return { kind: 'canceled' };
    }
  }
}

/** One request. `failure`: what refused it before the function ran. */
async function send(options: InvokeOptions, event: unknown): Promise<InvokeOutcome | { failure: unknown }> {
  const { client, clock, abandon } = options;
  const command = await invokeCommand(options, event);
  const limit = new AbortController();
  const done = new AbortController();
  const watch = clock.sleep(deadlineMs(options), done.signal).then(
    () => limit.abort(),
    () => undefined,
  );
  try {
    return answerOf(await client.send(command, { abortSignal: AbortSignal.any([abandon, limit.signal]) }));
  } catch (error) {
    if (classifyFailure(error) !== 'unknown') {
      return { failure: error };
    }
    const unknown = { kind: 'unknown', requestId: requestIdOf(error) } as const;
    if (limit.signal.aborted) {
      return { ...unknown, reason: `there was no answer within ${formatDuration(deadlineMs(options))}` };
    }
    if (abandon.aborted) {
      return { ...unknown, reason: 'the deployment was cancelled while the task was running' };
    }
    const answered = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode !== undefined;
    const what = answered ? 'Lambda itself failed' : 'the connection was lost';
    return { ...unknown, reason: `${what} after the request was sent (${describeFailure(error)})` };
  } finally {
    done.abort();
    await watch;
  }
}

async function invokeCommand(options: InvokeOptions, event: unknown): Promise<InvokeCommand> {
  const { InvokeCommand } = await import('@aws-sdk/client-lambda');
  const command = new InvokeCommand({
    FunctionName: options.functionName,
    ...(options.qualifier === undefined ? {} : { Qualifier: options.qualifier }),
    InvocationType: 'RequestResponse',
    LogType: 'Tail',
    Payload: Buffer.from(JSON.stringify(event)),
  });
  // A connection that was left open may be closed by the other side at the moment it is used again, and then nobody
  // knows whether the function ran.
  command.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers.connection = 'close';
      return next(args);
    },
    { step: 'build', name: 'freshConnection' },
  );
  return command;
}

function answerOf(output: InvokeCommandOutput): InvokeAnswer {
  return {
    kind: 'answered',
    payload: output.Payload?.transformToString() ?? '',
    functionError: output.FunctionError,
    logTail: Buffer.from(output.LogResult ?? '', 'base64').toString(),
    requestId: output.$metadata.requestId,
    version: output.ExecutedVersion,
  };
}

function deadlineMs(options: InvokeOptions): number {
  return (options.timeoutSeconds + DEADLINE_MARGIN_SECONDS) * 1000;
}

/** Doubles from one second, and is spread so that tasks that were refused together do not come back together. */
function backOff(attempt: number, random: number): number {
  return Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (attempt - 1)) * (0.5 + random / 2);
}

/** False when it was cancelled meanwhile. */
async function pauseFor(milliseconds: number, { clock, signal }: InvokeOptions): Promise<boolean> {
  try {
    await clock.sleep(milliseconds, signal);
    return true;
  } catch (error) {
    if (signal.aborted) {
      return false;
    }
    throw error;
  }
}

async function invokeError(error: unknown, { client, functionName }: InvokeOptions): Promise<ActionError> {
  const resource = functionArn(await client.config.region(), functionName);
  return awsError(error, { action: 'lambda:InvokeFunction', resource });
}
