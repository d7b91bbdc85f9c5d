import type { Machine } from '../project/types.ts';
import type { EndedAttempt } from './attempt.ts';
import type { PlannedRun } from './run-task.ts';
import type { Attempt, RunError, RunResult } from './types.ts';
import type { Verdict } from './verdict.ts';

/** How a run went, so far. */
export interface Course {
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Of the latest attempt. */
  machine: Machine;
  ended: EndedAttempt[];
  /** Why the attempt that was due was not made. */
  interruption: Interruption | undefined;
}

export type Interruption =
  /** The user's will, in words: the run is CANCELED. */
  | { cancelled: string }
  /** The last attempt's status stays; a sentence that goes with it. */
  | { note: string };

/** The entry of a task that was not invoked. */
export function skippedResult({ task, target }: Pick<PlannedRun, 'task' | 'target'>, reason: string): RunResult {
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

/** The entry of a task that has not ended when nobody can wait for it any longer. */
export function unfinishedResult(run: PlannedRun): RunResult {
  const reason = 'it was still running when the action had to leave';
  return { ...skippedResult(run, reason), status: 'UNKNOWN', message: `The task may have run: ${reason}.` };
}

/** The entry of a run with at least one attempt. */
export function runResult(run: PlannedRun, course: Course, endedAt: number): RunResult {
  const { task, target } = run;
  const attempts = course.ended.map(({ attempt }) => attempt);
  const last = course.ended.at(-1);
  return {
    task: task.name,
    file: task.file ?? null,
    ...outcomeOf(run, course),
    attempts,
    startedAt: new Date(course.startedAt).toISOString(),
    durationMs: endedAt - course.startedAt,
    billedMs: sum(attempts, ({ billedMs }) => billedMs),
    maxMemoryMb: Math.max(...attempts.map(({ maxMemoryMb = 0 }) => maxMemoryMb)),
    function: target?.functionName ?? null,
    version: last?.version ?? target?.qualifier ?? null,
    warnings: warningsOf(run, course),
    ...(target?.existing === true ? {} : machineOf(course.machine)),
    ...(last?.verdict.metadata === undefined ? {} : { metadata: last.verdict.metadata }),
  };
}

type Outcome = Pick<RunResult, 'status' | 'reason' | 'message' | 'data' | 'error'>;

/** The last attempt decides, unless the run was cancelled before the next one. */
function outcomeOf(run: PlannedRun, { ended, interruption }: Course): Outcome {
  const last = ended.at(-1)?.verdict;
  if (last === undefined) throw new RangeError('a run without attempts has no outcome');
  const missed = missedHooks(last, run, true);
  if (interruption !== undefined && 'cancelled' in interruption) {
    return { status: 'CANCELED', reason: interruption.cancelled, message: sentences(interruption.cancelled, missed) };
  }
  const { status, reason, data, error } = last;
  const note = sentences(interruption?.note, missed);
  const message = messageOf(run, last, ended.length);
  return {
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined && note === '' ? {} : { message: sentences(message, note) }),
    ...(data === undefined ? {} : { data }),
    ...(error === undefined ? {} : { error: withNote(error, note) }),
  };
}

/** An output speaks for itself only when it is a TaskResult. */
function messageOf({ target }: PlannedRun, { status, message }: Verdict, attempts: number): string | undefined {
  if (message !== undefined || status !== 'COMPLETED' || target?.existing === true) return message;
  return attempts === 1 ? 'completed' : `completed after ${attempts} attempts`;
}

function withNote(error: RunError, note: string): RunError {
  return note === '' ? error : { ...error, message: sentences(error.message, note) };
}

function warningsOf(run: PlannedRun, { ended }: Course): string[] {
  const last = ended.length - 1;
  return ended.flatMap(({ verdict }, index) => {
    const missed = index === last ? undefined : missedHooks(verdict, run, false);
    const warnings = [...verdict.warnings, ...(missed === undefined ? [] : [missed])];
    return last === 0 ? warnings : warnings.map((warning) => `attempt ${index + 1}: ${warning}`);
  });
}

/** Those that only the last attempt runs. */
const FINAL_HOOKS = new Set(['onFailure', 'onComplete']);

/** Which of the task's hooks the end of an attempt left out, as a sentence; undefined: none. */
function missedHooks({ missedHooks: missed = [] }: Verdict, { task }: PlannedRun, final: boolean): string | undefined {
  const names = missed
    .filter((hook) => task.behaviour.hooks.includes(hook) && (final || !FINAL_HOOKS.has(hook)))
    .map((hook) => (hook === 'middleware' ? 'middleware (after next())' : hook));
  return names.length === 0 ? undefined : `These hooks did not run: ${names.join(', ')}.`;
}

function machineOf({ name, memory, cpu }: Machine): Pick<RunResult, 'machine' | 'memoryMb' | 'cpu'> {
  return { ...(name === undefined ? {} : { machine: name }), memoryMb: memory, cpu: Math.round(cpu * 100) / 100 };
}

function sum(attempts: readonly Attempt[], figure: (attempt: Attempt) => number | undefined): number {
  return attempts.reduce((total, attempt) => total + (figure(attempt) ?? 0), 0);
}

/** Parts that may be missing, each ending like a sentence where another one follows. */
function sentences(...parts: readonly (string | undefined)[]): string {
  const given = parts.filter((part) => part !== undefined && part !== '');
  return given.map((part, index) => (index < given.length - 1 ? part?.replace(/([^.!?…])$/, '$1.') : part)).join(' ');
}
