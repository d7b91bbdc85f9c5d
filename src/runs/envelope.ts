import { isTooDeep } from '../json-depth.ts';
import {
  CRASH_LINE_PREFIX,
  type Envelope,
  type HookProblem,
  type LogLine,
  type SerializedError,
  type TaskResult,
} from '../runtime/protocol.ts';
import type { JudgedTask } from './verdict.ts';

/** Whose answer is read. */
export type Answering = Pick<JudgedTask, 'name' | 'dialect'>;

/** The answer as our envelope, or undefined when it is anything else. */
export function parseEnvelope(payload: string, { name, dialect }: Answering): Envelope | undefined {
  const value = parseJson(payload);
  return isEnvelope(value) && value.task === name && hasOutcome(value, dialect) ? value : undefined;
}

/** The envelope of an attempt whose process died, from the marked line of its log. It never tells of a success. */
export function crashEnvelope(tail: string, task: Answering): Envelope | undefined {
  const line = tail.split('\n').findLast(isCrashLine) ?? '';
  const json = line.slice(line.indexOf(CRASH_LINE_PREFIX) + CRASH_LINE_PREFIX.length);
  const envelope = parseEnvelope(json, task);
  return envelope?.error !== undefined ? envelope : undefined;
}

export function isCrashLine(line: string): boolean {
  return line.includes(CRASH_LINE_PREFIX);
}

/** Undefined also stands for JSON that is none, or nested too deeply. */
export function parseJson(text: string): unknown {
  try {
    return isTooDeep(text) ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isTaskResult(value: unknown): value is TaskResult {
  return (
    isRecord(value) &&
    typeof value.success === 'boolean' &&
    typeof value.message === 'string' &&
    (value.data === undefined || isRecord(value.data))
  );
}

function isEnvelope(value: unknown): value is Envelope {
  return (
    isRecord(value) &&
    value.lumo === 1 &&
    typeof value.task === 'string' &&
    Array.isArray(value.logs) &&
    value.logs.every(isLogLine) &&
    Number.isInteger(value.droppedLines) &&
    isOptional(value.error, isSerializedError) &&
    isOptional(value.retry, isRetry) &&
    isOptional(value.hooks, (hooks) => Array.isArray(hooks) && hooks.every(isHookProblem)) &&
    isOptional(value.metadata, isRecord) &&
    isOptional(value.channel, isChannelState) &&
    isOptional(value.warnings, (warnings) => Array.isArray(warnings) && warnings.every(isText)) &&
    STATUSES.has(value.status)
  );
}

const STATUSES: ReadonlySet<unknown> = new Set<Envelope['status']>([
  'COMPLETED',
  'FAILED',
  'TIMED_OUT',
  'CANCELED',
  'CRASHED',
  'SYSTEM_FAILURE',
]);

/** A success has no error, and a TaskResult where one is due; whatever else but a cancel says why. */
function hasOutcome({ status, result, error }: Envelope, dialect: Answering['dialect']): boolean {
  switch (status) {
    case 'COMPLETED':
      return error === undefined && (dialect === 'lifecycle' || (isTaskResult(result) && result.success));
    case 'FAILED':
      return error !== undefined || (dialect === 'lumo' && isTaskResult(result) && !result.success);
    case 'CANCELED':
      return true;
    default:
      return error !== undefined;
  }
}

function isOptional(value: unknown, isValid: (value: unknown) => boolean): boolean {
  return value === undefined || isValid(value);
}

function isRetry(value: unknown): value is NonNullable<Envelope['retry']> {
  return isRecord(value) && typeof value.delayMs === 'number' && value.delayMs >= 0;
}

function isChannelState(value: unknown): value is NonNullable<Envelope['channel']> {
  if (!isRecord(value)) return false;
  return value.state === 'open' || value.state === 'claimed' || (value.state === 'unreachable' && isText(value.reason));
}

function isHookProblem(value: unknown): value is HookProblem {
  return (
    isRecord(value) &&
    isText(value.hook) &&
    (value.scope === 'global' || value.scope === 'task') &&
    isSerializedError(value.error)
  );
}

export function isLogLine(value: unknown): value is LogLine {
  return (
    isRecord(value) &&
    Number.isInteger(value.number) &&
    (value.stream === 'stdout' || value.stream === 'stderr') &&
    isText(value.text)
  );
}

function isSerializedError(value: unknown): value is SerializedError {
  return (
    isRecord(value) &&
    isText(value.name) &&
    isText(value.message) &&
    (value.stack === undefined || isText(value.stack)) &&
    (value.cause === undefined || isSerializedError(value.cause))
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
