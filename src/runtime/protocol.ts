/**
 * What travels between the action and the code it ships inside every Lambda. Both sides import this file and nothing
 * of each other.
 */

/** Every option filled in; delays in milliseconds. */
export interface RetryOptions {
  /** Total attempts, the first included; 1 = never retry. */
  maxAttempts: number;
  factor: number;
  minTimeoutInMs: number;
  maxTimeoutInMs: number;
  randomize: boolean;
}

/** The event of one attempt. */
export interface InvokeEvent {
  lumo: 1;
  /** Id of the task; one bundle may hold several. */
  task: string;
  deployment: {
    id: string;
    isFirstDeploy: boolean;
    previousVersion?: string;
    environment: string;
    version: string;
  };
  /** The task's entry of the configuration with defaults, without `env`, `role` and `vpc`. */
  config: Record<string, unknown>;
  payload: Record<string, unknown>;
  run: {
    /** `<deployment id>/<task>`. */
    id: string;
    /** ISO 8601, when the deployment began its runs. */
    createdAt: string;
    /** ISO 8601, when the first attempt was started. */
    startedAt: string;
    /** True on "Re-run jobs". */
    isReplay: boolean;
  };
  attempt: { number: number; maxAttempts: number };
  /** What the retry decision is made with: code, configuration and defaults already merged. */
  retry: RetryOptions;
  /** Seconds of compute time, or undefined for no limit but the function's own. */
  maxDuration?: number;
  /** The preset as the author named it, and what the function really has. */
  machine: { name?: string; cpu: number; memory: number };
  queue: { name: string };
  /** Everything about the workflow that `ctx` shows. */
  source: {
    project: string;
    commit?: string;
    /** `owner/name`. */
    repository?: string;
    ref?: string;
    pullRequest?: number;
    actor?: string;
  };
  /** Errors in `init` and `onStart` fail the attempt. */
  strictHooks: boolean;
}

export interface SerializedError {
  name: string;
  message: string;
  /** Raw stack of the bundled code; the action translates it. */
  stack?: string;
  cause?: SerializedError;
}

/** One captured line of the task's output. */
export interface LogLine {
  /** Counts from 1 over the whole attempt, also over lines that were dropped. */
  number: number;
  stream: 'stdout' | 'stderr';
  text: string;
}

/** A hook of the user's that threw; the attempt went on. */
export interface HookProblem {
  hook: string;
  /** Whose hook: registered for all tasks, or the task's own. */
  scope: 'global' | 'task';
  error: SerializedError;
}

/** The answer of one attempt. Anything else is not an answer of ours. */
export interface Envelope {
  lumo: 1;
  task: string;
  status: 'COMPLETED' | 'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'CRASHED' | 'SYSTEM_FAILURE';
  /** What `run` returned, as JSON; absent when it returned undefined or threw. */
  result?: unknown;
  /** Why there is no usable result: what was thrown, or that the answer is no TaskResult. */
  error?: SerializedError;
  /** Present when the task is to be tried again; without it the status is final. */
  retry?: { delayMs: number };
  /** The error counts as out of memory: only `retry.outOfMemory.machine` may retry it. */
  outOfMemory?: boolean;
  /** Hooks that threw without failing the attempt. */
  hooks?: HookProblem[];
  /** What `metadata` holds at the end of the attempt. */
  metadata?: Record<string, unknown>;
  /** Time spent in waits, not counted by `maxDuration`. */
  waitedMs?: number;
  logs: LogLine[];
  /** Lines that were dropped from the front of `logs` to stay under the limit. */
  droppedLines: number;
  /** What the reader of the result should know about it, e.g. that it was cut. */
  warnings?: string[];
}

/** The seed's TaskResult. */
export interface TaskResult {
  success: boolean;
  message: string;
  data?: Record<string, unknown>;
}

/**
 * Starts the one line that carries the envelope when the process has to die with an invocation in flight. It is found
 * in the log tail, so prefix and envelope together stay within `CRASH_LINE_BYTES`.
 */
export const CRASH_LINE_PREFIX = 'LUMO-ENVELOPE ';
export const CRASH_LINE_BYTES = 2048;
