import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Clock } from '../clock.ts';
import type { Machine } from '../project/types.ts';
import type { Runner } from '../runner/types.ts';
import type { Channels } from './channel/channels.ts';
import { skippedResult } from './result.ts';
import { createRunPrinter } from './run-log.ts';
import { type PlannedRun, runTask } from './run-task.ts';
import { schedule } from './schedule.ts';
import { type Slot, Slots } from './slots.ts';
import { type AttemptInFlight, isOk, type RunError, type RunResult } from './types.ts';

export interface RunTasksOptions {
  /** In run order. */
  runs: readonly PlannedRun[];
  /** Tasks outside `runs`, or skipped in them, that count as completed for `needs`: those of another phase among them. */
  satisfied: ReadonlySet<string>;
  /**
   * Attempts that execute at a time. A task that waits for its next attempt lets others go ahead, except with 1: then
   * every task ends before the next one starts.
   */
  maxParallel: number;
  /** After a failure no further task starts; those under way go on, also to their next attempt. */
  failFast: boolean;
  invoker: LambdaClient;
  channels: Channels | undefined;
  clock: Clock;
  runner: Runner;
  /** Cancels: nothing more starts, what is in flight is told; without an answer it becomes `UNKNOWN`. */
  signal: AbortSignal;
  /** Before each Invoke; answers until when nobody else deploys, by S3's clock. When it rejects nothing more starts. */
  beforeAttempt(attempt: AttemptInFlight): Promise<Date>;
  /** After each run that was invoked, before one that needs it starts. When it rejects nothing more starts. */
  afterRun(result: RunResult): Promise<void>;
  /** Translates the stack of one of our functions to the user's source. */
  translate(error: RunError, task: string): Promise<RunError>;
  /** A version of the task's function with the memory of that machine; answers its number. */
  enlarge(task: string, machine: Machine): Promise<string>;
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
 * Runs the tasks, each attempt at most once, and answers what became of every one of them, in their order. Rejects with
 * `RunsStopped` after the last run in flight has ended.
 */
export async function runTasks(options: RunTasksOptions): Promise<RunResult[]> {
  const { runs, failFast, maxParallel, runner, signal } = options;
  const printer = createRunPrinter(runner, options.clock);
  const halt = new AbortController();
  const stop = AbortSignal.any([signal, halt.signal]);
  const slots = new Slots(
    maxParallel,
    runs.map(({ task }) => task.behaviour.queue),
  );
  let stopReason: string | undefined;
  let failure: { error: unknown } | undefined;

  const stopBy = (error: unknown): void => {
    failure ??= { error };
    stopReason ??= 'not started: the deployment was stopped by an error';
    halt.abort(error);
  };

  async function start(run: PlannedRun, slot: Slot): Promise<RunResult> {
    const beforeSend = options.beforeAttempt;
    const ended = await runTask(run, { ...options, log: runner, printer, beforeSend, slot, stop });
    const { result } = ended;
    if (ended.failure !== undefined) stopBy(ended.failure.error);
    if (failFast && !isOk(result.status)) {
      stopReason ??= `not started: ${result.task} ${result.status}`;
    }
    try {
      if (result.attempts.length > 0) await options.afterRun(result);
    } catch (error) {
      stopBy(error);
    }
    slot.release();
    return result;
  }

  async function skip(run: PlannedRun, reason: string): Promise<RunResult> {
    await printer.info(`${run.task.name} SKIPPED: ${reason}`);
    return skippedResult(run, reason);
  }

  const results = await schedule({
    jobs: runs.map((run) => {
      const { name, behaviour, settings } = run.task;
      const queue = behaviour.queue.name;
      return { name, needs: settings.needs, skip: run.skip ?? pausedReason(queue, slots), queue, run };
    }),
    satisfied: options.satisfied,
    slots,
    oneAtATime: maxParallel === 1,
    start: ({ run }, slot) => start(run, slot),
    skip: ({ run }, reason) => skip(run, reason),
    statusOf: ({ status }) => status,
    stopReason: () => (signal.aborted ? 'not started: the deployment was cancelled' : stopReason),
  });
  if (failure !== undefined) {
    throw new RunsStopped(failure.error, results);
  }
  return results;
}

/** A queue that takes nothing would be waited for without end. */
function pausedReason(queue: string, slots: Slots): string | undefined {
  return slots.limitOf(queue) > 0 ? undefined : `its queue ${queue} is paused: concurrencyLimit 0`;
}
