import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Clock } from '../clock.ts';
import type { Machine, ProjectTask } from '../project/types.ts';
import type { Log } from '../runner/types.ts';
import type { ChannelAddress, InvokeEvent } from '../runtime/protocol.ts';
import type { Channels } from './channel/channels.ts';
import { converse } from './channel/converse.ts';
import { LiveOutput } from './channel/live.ts';
import { type InvokeOptions, type InvokeOutcome, invokeFunction } from './invoke.ts';
import { judge } from './judge.ts';
import { figuresOf } from './log-tail.ts';
import type { RunPrinter } from './run-log.ts';
import type { Attempt, AttemptInFlight, RunError, RunLog } from './types.ts';
import type { Verdict } from './verdict.ts';

/** What the event of an attempt tells besides what is the same for all attempts of the run. */
export interface AttemptStart {
  /** Counts from 1. */
  number: number;
  /** ISO 8601, when the first attempt was started. */
  runStartedAt: string;
  machine: Machine;
  /** Where it is heard of while it runs. */
  channel?: ChannelAddress;
}

/** Makes the event of an attempt, for our functions and for those of the user's. */
export type EventOf = (start: AttemptStart) => InvokeEvent | Record<string, unknown>;

export interface Target {
  functionName: string;
  /** Published version or alias. */
  qualifier: string | undefined;
  /** A Lambda of the user's, which answers without our envelope. */
  existing: boolean;
}

export interface AttemptOptions {
  task: ProjectTask;
  target: Target;
  start: Omit<AttemptStart, 'channel'>;
  event: EventOf;
  invoker: LambdaClient;
  /** Undefined: the attempts answer, and nothing is heard of them before. */
  channels: Channels | undefined;
  clock: Clock;
  log: Log;
  printer: RunPrinter;
  signal: AbortSignal;
  /** Answers until when nobody else deploys, by S3's clock. */
  beforeSend(attempt: AttemptInFlight): Promise<Date>;
  /** Translates the stack of one of our functions to the user's source. */
  translate(error: RunError, task: string): Promise<RunError>;
}

/** One attempt that has ended: what is reported of it, and what was judged. */
export interface EndedAttempt {
  attempt: Attempt;
  verdict: Verdict;
  /** The version that answered. */
  version: string | undefined;
  /** The part of the output that has not been printed while it ran. */
  unprinted: RunLog;
}

/** The Timeout of a Lambda that we do not know: the longest there is. */
const EXISTING_TIMEOUT_SECONDS = 900;

/** Makes one attempt: one Invoke, sent at most once. Rejects, with what `beforeSend` said, only when nothing ran. */
export async function makeAttempt(options: AttemptOptions): Promise<EndedAttempt> {
  const { task, target, clock, printer } = options;
  const timeoutSeconds = target.existing ? EXISTING_TIMEOUT_SECONDS : task.settings.timeout;
  const live = new LiveOutput(task.name, printer);
  const startedAt = { value: clock.now() };
  const outcome = await printer.whileRunning(task.name, invoke(options, { timeoutSeconds, live, startedAt }));
  const durationMs = clock.now() - startedAt.value;
  const { dialect } = task.behaviour;
  const judged = judge(outcome, { name: task.name, dialect, timeoutSeconds, existing: target.existing });
  const verdict = target.existing ? judged : await withPositions(judged, task.name, options.translate);
  if (verdict.unreachable !== undefined) options.channels?.unreachable(task.name, verdict.unreachable);
  return {
    attempt: attemptOf(options.start.number, outcome, verdict, { startedAt: startedAt.value, durationMs }),
    verdict,
    version: outcome.kind === 'answered' ? outcome.version : undefined,
    unprinted: live.rest(verdict.log),
  };
}

interface Invocation {
  timeoutSeconds: number;
  live: LiveOutput;
  /** Set when the request is sent: what we do before is not the task's time. */
  startedAt: { value: number };
}

function invoke(options: AttemptOptions, { timeoutSeconds, live, startedAt }: Invocation): Promise<InvokeOutcome> {
  const { task, target, start, channels, clock, log, printer, signal } = options;
  const channel = target.existing ? undefined : channels?.open(task.name, start.number);
  const common: Omit<InvokeOptions, 'abandon'> = {
    ...target,
    client: options.invoker,
    timeoutSeconds,
    clock,
    log,
    signal,
    event: async (deadline) => {
      const attempt = { task: task.name, attempt: start.number, deadline, nonce: channel?.nonce };
      const until = await options.beforeSend(attempt);
      const event = options.event({ ...start, ...(channel && { channel: await channel.address(deadline, until) }) });
      startedAt.value = clock.now();
      return event;
    },
  };
  if (channels === undefined || channel === undefined) return invokeFunction({ ...common, abandon: signal });
  return converse({
    ...common,
    task: task.name,
    channels,
    channel: channel.objects,
    live,
    say: (line) => printer.info(line),
  });
}

/** The stacks in terms of the user's files. Where that fails the raw ones have to do: the result is what counts. */
async function withPositions(verdict: Verdict, task: string, translate: AttemptOptions['translate']): Promise<Verdict> {
  const translated = async (error: RunError): Promise<RunError> =>
    error.stack === undefined ? error : await translate(error, task);
  const { error, hooks } = verdict;
  try {
    return {
      ...verdict,
      ...(error && { error: await translated(error) }),
      ...(hooks && {
        hooks: await Promise.all(hooks.map(async (hook) => ({ ...hook, error: await translated(hook.error) }))),
      }),
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { ...verdict, warnings: [...verdict.warnings, `The stack could not be translated: ${reason}`] };
  }
}

function attemptOf(
  number: number,
  outcome: InvokeOutcome,
  { status, error, hooks }: Verdict,
  { startedAt, durationMs }: { startedAt: number; durationMs: number },
): Attempt {
  const { billedMs, maxMemoryMb, initMs } = figuresOf(outcome.kind === 'answered' ? outcome.logTail : '');
  const requestId = 'requestId' in outcome ? outcome.requestId : undefined;
  return {
    number,
    status,
    ...(requestId === undefined ? {} : { requestId }),
    startedAt: new Date(startedAt).toISOString(),
    durationMs,
    ...(billedMs === undefined ? {} : { billedMs }),
    ...(maxMemoryMb === undefined ? {} : { maxMemoryMb }),
    ...(initMs === undefined ? {} : { initMs }),
    ...(error === undefined ? {} : { error }),
    ...(hooks === undefined || hooks.length === 0 ? {} : { hooks }),
  };
}
