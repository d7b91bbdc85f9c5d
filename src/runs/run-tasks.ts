import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Clock } from '../clock.ts';
import type { Runner } from '../runner/types.ts';
import { createMutex } from './mutex.ts';
import { createRunPrinter } from './run-log.ts';
import { type PlannedRun, runOnce, skippedResult } from './run-once.ts';
import { schedule } from './schedule.ts';
import { isOk, type RunError, type RunResult } from './types.ts';

export type { PlannedRun };

export interface RunTasksOptions {
  /** In run order. */
  runs: readonly PlannedRun[];
  /** Tasks outside `runs`, or skipped in them, that count as completed for `needs`: those of another phase among them. */
  satisfied: ReadonlySet<string>;
  maxParallel: number;
  failFast: boolean;
  invoker: LambdaClient;
  clock: Clock;
  runner: Runner;
  /** Cancels: nothing more starts, what is in flight becomes `UNKNOWN`. */
  signal: AbortSignal;
  /**
   * Before each Invoke, with the moment until which the function may be running. When it rejects nothing more starts.
   * This and `afterRun` are never called while a call of either is under way.
   */
  beforeAttempt(task: string, deadline: Date): Promise<void>;
  /** After each run that was invoked, before one that needs it starts. When it rejects nothing more starts. */
  afterRun(result: RunResult): Promise<void>;
  /** Translates the stack of one of our functions to the user's source. */
  translate(error: RunError, task: string): Promise<RunError>;
}

/** `beforeAttempt` or `afterRun` failed; `cause` is the first such error, `results` what became of all runs. */
export class RunsStopped extends Error {
  readonly results: RunResult[];

  constructor(cause: unknown, results: RunResult[]) {
    super('The runs were stopped.', { cause });
    this.name = 'RunsStopped';
    this.results = results;
  }
}

/**
 * Runs the tasks, each at most once, and answers what became of every one of them, in their order. Rejects with
 * `RunsStopped` after the last run in flight has ended.
 */
export async function runTasks(options: RunTasksOptions): Promise<RunResult[]> {
  const { runs, failFast, signal } = options;
  const printer = createRunPrinter(options.runner, options.clock);
  const exclusively = createMutex();
  let stopReason: string | undefined;
  let failure: { error: unknown } | undefined;

  const stopBy = (error: unknown): void => {
    failure ??= { error };
    stopReason ??= 'not started: the deployment was stopped by an error';
  };

  async function start(run: PlannedRun): Promise<RunResult> {
    const beforeSend = (deadline: Date): Promise<void> =>
      exclusively(() => options.beforeAttempt(run.task.name, deadline));
    let ended: Awaited<ReturnType<typeof runOnce>>;
    try {
      ended = await runOnce(run, { ...options, printer, beforeSend });
    } catch (error) {
      stopBy(error);
      return skippedResult(run, `not started: ${error instanceof Error ? error.message : String(error)}`);
    }
    const { result, log } = ended;
    if (failFast && !isOk(result.status)) {
      stopReason ??= `not started: ${result.task} ${result.status}`;
    }
    try {
      await printer.output(result, log);
      await exclusively(() => options.afterRun(result));
    } catch (error) {
      stopBy(error);
    }
    return result;
  }

  async function skip(run: PlannedRun, reason: string): Promise<RunResult> {
    await printer.info(`${run.task.name} SKIPPED: ${reason}`);
    return skippedResult(run, reason);
  }

  const results = await schedule({
    jobs: runs.map((run) => ({ name: run.task.name, needs: run.task.settings.needs, skip: run.skip, run })),
    satisfied: options.satisfied,
    maxParallel: options.maxParallel,
    start: ({ run }) => start(run),
    skip: ({ run }, reason) => skip(run, reason),
    statusOf: ({ status }) => status,
    stopReason: () => (signal.aborted ? 'not started: the deployment was cancelled' : stopReason),
  });
  if (failure !== undefined) {
    throw new RunsStopped(failure.error, results);
  }
  return results;
}
