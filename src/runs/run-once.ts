import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Clock } from '../clock.ts';
import { ActionError } from '../errors.ts';
import type { ProjectTask } from '../project/types.ts';
import type { Runner } from '../runner/types.ts';
import type { InvokeEvent } from '../runtime/protocol.ts';
import { type InvokeOutcome, invokeFunction } from './invoke.ts';
import { judge } from './judge.ts';
import { figuresOf } from './log-tail.ts';
import type { RunPrinter } from './run-log.ts';
import type { Attempt, RunError, RunLog, RunResult } from './types.ts';
import type { Verdict } from './verdict.ts';

/** One task of the deployment: what to invoke, or why not. */
export interface PlannedRun {
  task: ProjectTask;
  /** Why the task does not run in this deployment. */
  skip: string | undefined;
  /** `existing`: a Lambda of the user's, which answers without our envelope. Needed unless the run is skipped. */
  target: { functionName: string; qualifier: string | undefined; existing: boolean } | undefined;
  payload: InvokeEvent | Record<string, unknown>;
}

export interface RunOnceOptions {
  invoker: LambdaClient;
  clock: Clock;
  runner: Runner;
  printer: RunPrinter;
  signal: AbortSignal;
  beforeSend(deadline: Date): Promise<void>;
  translate(error: RunError, task: string): Promise<RunError>;
}

/** The Timeout of a Lambda that we do not know: the longest there is. */
const EXISTING_TIMEOUT_SECONDS = 900;

/** Runs one task to its end. Rejects only when nothing ran. */
export async function runOnce(run: PlannedRun, options: RunOnceOptions): Promise<{ result: RunResult; log: RunLog }> {
  const { task, target } = run;
  if (target === undefined) {
    throw new ActionError('INTERNAL', `Task ${task.name} has no function to invoke.`, {
      advice: 'This is a defect of the action: please report it.',
    });
  }
  const { clock, printer } = options;
  const timeoutSeconds = target.existing ? EXISTING_TIMEOUT_SECONDS : task.settings.timeout;
  await printer.info(`${task.name} … invoking ${target.functionName}${target.qualifier ? `:${target.qualifier}` : ''}`);
  const startedAt = clock.now();
  const outcome = await printer.whileRunning(
    task.name,
    invokeFunction({
      ...target,
      client: options.invoker,
      payload: run.payload,
      timeoutSeconds,
      clock,
      log: options.runner,
      signal: options.signal,
      beforeSend: options.beforeSend,
    }),
  );
  const durationMs = clock.now() - startedAt;
  const verdict = judge(outcome, { name: task.name, timeoutSeconds, existing: target.existing });
  const judged = target.existing ? verdict : await withPosition(verdict, task.name, options.translate);
  return { result: resultOf(run, outcome, judged, { startedAt, durationMs }), log: verdict.log };
}

/** The entry of a task that was not invoked. */
export function skippedResult({ task, target }: PlannedRun, reason: string): RunResult {
  return {
    task: task.name,
    file: task.file ?? null,
    status: 'SKIPPED',
    reason,
    attempts: [],
    startedAt: null,
    durationMs: 0,
    billedMs: 0,
    maxMemoryMb: 0,
    function: target?.functionName ?? null,
    version: target?.qualifier ?? null,
    warnings: [],
  };
}

/** The stack in terms of the user's files. Where that fails the raw one has to do: the result is what counts. */
async function withPosition(verdict: Verdict, task: string, translate: RunOnceOptions['translate']): Promise<Verdict> {
  if (verdict.error?.stack === undefined) {
    return verdict;
  }
  try {
    return { ...verdict, error: await translate(verdict.error, task) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...verdict, warnings: [...verdict.warnings, `The stack could not be translated: ${reason}`] };
  }
}

function resultOf(
  { task, target }: PlannedRun,
  outcome: InvokeOutcome,
  verdict: Verdict,
  time: { startedAt: number; durationMs: number },
): RunResult {
  const { status, reason, message, data, error, warnings } = verdict;
  const answer = outcome.kind === 'answered' ? outcome : undefined;
  const attempt = attemptOf(outcome, verdict, time);
  return {
    task: task.name,
    file: task.file ?? null,
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(data === undefined ? {} : { data }),
    ...(error === undefined ? {} : { error }),
    attempts: [attempt],
    startedAt: attempt.startedAt,
    durationMs: attempt.durationMs,
    billedMs: attempt.billedMs ?? 0,
    maxMemoryMb: attempt.maxMemoryMb ?? 0,
    function: target?.functionName ?? null,
    version: answer?.version ?? target?.qualifier ?? null,
    warnings,
  };
}

function attemptOf(
  outcome: InvokeOutcome,
  { status, error }: Verdict,
  { startedAt, durationMs }: { startedAt: number; durationMs: number },
): Attempt {
  const { billedMs, maxMemoryMb, initMs } = figuresOf(outcome.kind === 'answered' ? outcome.logTail : '');
  const requestId = 'requestId' in outcome ? outcome.requestId : undefined;
  return {
    number: 1,
    status,
    ...(requestId === undefined ? {} : { requestId }),
    startedAt: new Date(startedAt).toISOString(),
    durationMs,
    ...(billedMs === undefined ? {} : { billedMs }),
    ...(maxMemoryMb === undefined ? {} : { maxMemoryMb }),
    ...(initMs === undefined ? {} : { initMs }),
    ...(error === undefined ? {} : { error }),
  };
}
