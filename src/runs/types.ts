import type { HookProblem, LogLine } from '../runtime/protocol.ts';

/** Final status of a run, and of one attempt. `UNKNOWN`: the connection was lost and no result could be found. */
export type RunStatus =
  | 'COMPLETED'
  | 'FAILED'
  | 'TIMED_OUT'
  | 'CRASHED'
  | 'SYSTEM_FAILURE'
  | 'CANCELED'
  | 'SKIPPED'
  | 'UNKNOWN';

/** An error as it is reported; `file`, `line`, `column` are the position in the user's own source, relative to the workspace. */
export interface RunError {
  name: string;
  message: string;
  stack?: string;
  file?: string;
  line?: number;
  column?: number;
  cause?: RunError;
}

/** A hook of the user's that threw; the attempt went on. */
export interface HookFailure extends Omit<HookProblem, 'error'> {
  error: RunError;
}

export interface Attempt {
  number: number;
  status: RunStatus;
  requestId?: string;
  /** ISO 8601. */
  startedAt: string;
  durationMs: number;
  billedMs?: number;
  maxMemoryMb?: number;
  initMs?: number;
  error?: RunError;
  /** How long it was waited after this attempt before the next one. */
  retryDelayMs?: number;
  /** Hooks that threw without failing the attempt. */
  hooks?: HookFailure[];
  /** MB, when the attempt ran on another machine than the first one. */
  memoryMb?: number;
}

/** One entry of the `results` output: what became of one task in this deployment. */
export interface RunResult {
  task: string;
  file: string | null;
  status: RunStatus;
  /** Why it was skipped, or why its result is not known. */
  reason?: string;
  message?: string;
  data?: unknown;
  error?: RunError;
  attempts: Attempt[];
  startedAt: string | null;
  durationMs: number;
  billedMs: number;
  maxMemoryMb: number;
  /** Name of the Lambda function. */
  function: string | null;
  /** Published version that was invoked. */
  version: string | null;
  warnings: string[];
  /** Name of the machine preset, when there is one. */
  machine?: string;
  memoryMb?: number;
  /** vCPU. */
  cpu?: number;
  metadata?: Record<string, unknown>;
}

/** An attempt that is being sent. */
export interface AttemptInFlight {
  task: string;
  /** Counts from 1. */
  attempt: number;
  /** From then on it can no longer be running. */
  deadline: Date;
  /** Of its channel; undefined when it has none. */
  nonce: string | undefined;
}

/** What a run leaves for the report besides its result. */
export interface RunLog {
  lines: LogLine[];
  droppedLines: number;
  /** The lines are the end of the function's log, for want of those that the attempt counted itself. */
  fromTail?: true;
}

/** True for the statuses that do not fail the step. */
export function isOk(status: RunStatus): boolean {
  return status === 'COMPLETED' || status === 'SKIPPED';
}
