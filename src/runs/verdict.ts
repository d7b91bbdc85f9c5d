import type { RunError, RunLog, RunStatus } from './types.ts';

/** What one attempt came to, whatever kind of function it ran. */
export interface Verdict {
  status: RunStatus;
  /** Why the result is not known, or why nothing ran. */
  reason?: string;
  message?: string;
  data?: unknown;
  error?: RunError;
  log: RunLog;
  warnings: string[];
}

/** A verdict without the output that goes with it. */
export type Finding = Omit<Verdict, 'log' | 'warnings'>;

/** What the judges know about the task besides the answer. */
export interface JudgedTask {
  name: string;
  /** Seconds, the function's Timeout. */
  timeoutSeconds: number;
  /** True for a Lambda that is not ours: it answers as it likes. */
  existing: boolean;
}

/** A failure that has no stack of the user's: the message is all there is. */
export function finding(status: RunStatus, name: string, message: string): Finding {
  return { status, message, error: { name, message } };
}
