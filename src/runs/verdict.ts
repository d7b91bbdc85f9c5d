import type { TaskBehaviour } from '../project/types.ts';
import type { SerializedError } from '../runtime/protocol.ts';
import type { HookFailure, RunError, RunLog, RunStatus } from './types.ts';

/** What one attempt came to, whatever kind of function it ran. */
export interface Verdict {
  status: RunStatus;
  /** Why the result is not known, or why nothing ran. */
  reason?: string;
  message?: string;
  data?: unknown;
  error?: RunError;
  /** Who decides whether the task is tried again; absent: nobody, the status is final. */
  retry?: RetryDecision;
  /** Kinds of hooks that this end of the attempt left out. */
  missedHooks?: readonly string[];
  hooks?: HookFailure[];
  metadata?: Record<string, unknown>;
  /** Why the attempt ran without the channel it was offered. */
  unreachable?: string;
  log: RunLog;
  warnings: string[];
}

/**
 * `envelope`: the attempt itself decided, and asks for a delay. `settings`: it died before it could, so the task's
 * retry settings decide. `memory`: it ran out of memory, which only a larger machine helps.
 */
export type RetryDecision = { by: 'envelope'; delayMs: number } | { by: 'settings' } | { by: 'memory' };

/** A verdict without the output that goes with it. */
export type Finding = Omit<Verdict, 'log' | 'warnings'>;

/** What the judges know about the task besides the answer. */
export interface JudgedTask {
  name: string;
  dialect: TaskBehaviour['dialect'];
  /** Seconds, the function's Timeout. */
  timeoutSeconds: number;
  /** True for a Lambda that is not ours: it answers as it likes. */
  existing: boolean;
}

/** What runs after `run`, and cannot when the process has died. */
export const ENDING_HOOKS = ['catchError', 'onFailure', 'onComplete', 'cleanup', 'middleware'] as const;

/** A failure that has no stack of the user's: the message is all there is. */
export function finding(status: RunStatus, name: string, message: string): Finding {
  return { status, message, error: { name, message } };
}

export function runErrorOf({ name, message, stack, cause }: SerializedError): RunError {
  return {
    name,
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined ? {} : { cause: runErrorOf(cause) }),
  };
}
