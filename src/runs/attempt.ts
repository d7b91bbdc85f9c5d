import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Clock } from '../clock.ts';
import type { Machine, ProjectTask } from '../project/types.ts';
import type { Log } from '../runner/types.ts';
import type { InvokeEvent } from '../runtime/protocol.ts';
import { type InvokeOutcome, invokeFunction } from './invoke.ts';
import { judge } from './judge.ts';
import { figuresOf } from './log-tail.ts';
import type { RunPrinter } from './run-log.ts';
import type { Attempt, RunError } from './types.ts';
import type { Verdict } from './verdict.ts';

/** What the event of an attempt tells besides what is the same for all attempts of the run. */
export interface AttemptStart {
  /** Counts from 1. */
  number: number;
  /** ISO 8601, when the first attempt was started. */
  runStartedAt: string;
  machine: Machine;
}

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
  number: number;
  event: InvokeEvent | Record<string, unknown>;
  invoker: LambdaClient;
  clock: Clock;
  log: Log;
  printer: RunPrinter;
  signal: AbortSignal;
  beforeSend(deadline: Date): Promise<void>;
  /** Translates the stack of one of our functions to the user's source. */
  translate(error: RunError, task: string): Promise<RunError>;
}

/** One attempt that has ended: what is reported of it, and what was judged. */
export interface EndedAttempt {
  attempt: Attempt;
  verdict: Verdict;
  /** The version that answered. */
  version: string | undefined;
}

/** The Timeout of a Lambda that we do not know: the longest there is. */
const EXISTING_TIMEOUT_SECONDS = 900;

/** Makes one attempt: one Invoke, sent at most once. Rejects, with what `beforeSend` said, only when nothing ran. */
export async function makeAttempt(options: AttemptOptions): Promise<EndedAttempt> {
  const { task, target, clock, printer } = options;
  const timeoutSeconds = target.existing ? EXISTING_TIMEOUT_SECONDS : task.settings.timeout;
  let startedAt = clock.now();
  const outcome = await printer.whileRunning(
    task.name,
    invokeFunction({
      ...target,
      client: options.invoker,
      payload: options.event,
      timeoutSeconds,
      clock,
      log: options.log,
      signal: options.signal,
      beforeSend: async (deadline) => {
        await options.beforeSend(deadline);
        startedAt = clock.now(); // what we do before is not the task's time
      },
    }),
  );
  const durationMs = clock.now() - startedAt;
  const { dialect } = task.behaviour;
  const judged = judge(outcome, { name: task.name, dialect, timeoutSeconds, existing: target.existing });
  const verdict = target.existing ? judged : await withPositions(judged, task.name, options.translate);
  return {
    attempt: attemptOf(options.number, outcome, verdict, { startedAt, durationMs }),
    verdict,
    version: outcome.kind === 'answered' ? outcome.version : undefined,
  };
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
