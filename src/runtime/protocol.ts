/**
 * What travels between the action and the code it ships inside every Lambda. Both sides import this file and nothing
 * of each other.
 */

/** The event of one attempt. */
export interface InvokeEvent {
  lumo: 1;
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
  attempt: { number: number; maxAttempts: number };
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

/** The answer of one attempt. Anything else is not an answer of ours. */
export interface Envelope {
  lumo: 1;
  task: string;
  status: 'COMPLETED' | 'FAILED';
  /** What `run` returned, as JSON; absent when it returned undefined or threw. */
  result?: unknown;
  /** Why there is no usable result: what was thrown, or that the answer is no TaskResult. */
  error?: SerializedError;
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
