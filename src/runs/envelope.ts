import {
  CRASH_LINE_PREFIX,
  type Envelope,
  type LogLine,
  type SerializedError,
  type TaskResult,
} from '../runtime/protocol.ts';

/** The answer as our envelope, or undefined when it is anything else. */
export function parseEnvelope(payload: string, task: string): Envelope | undefined {
  const value = parseJson(payload);
  return isEnvelope(value) && value.task === task ? value : undefined;
}

/** The envelope of an attempt whose process died, from the marked line of its log. It can only tell of a failure. */
export function crashEnvelope(tail: string, task: string): Envelope | undefined {
  const line = tail.split('\n').findLast(isCrashLine) ?? '';
  const json = line.slice(line.indexOf(CRASH_LINE_PREFIX) + CRASH_LINE_PREFIX.length);
  const envelope = parseEnvelope(json, task);
  return envelope?.status === 'FAILED' && envelope.error !== undefined ? envelope : undefined;
}

export function isCrashLine(line: string): boolean {
  return line.includes(CRASH_LINE_PREFIX);
}

/** Undefined also stands for JSON that is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
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
    (value.error === undefined || isSerializedError(value.error)) &&
    (value.warnings === undefined || (Array.isArray(value.warnings) && value.warnings.every(isText))) &&
    hasOutcome(value)
  );
}

/** A success says what came of it, a failure says why. */
function hasOutcome({ status, result, error }: Record<string, unknown>): boolean {
  if (status === 'COMPLETED') {
    return isTaskResult(result) && result.success && error === undefined;
  }
  return status === 'FAILED' && (error !== undefined || (isTaskResult(result) && !result.success));
}

function isLogLine(value: unknown): value is LogLine {
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
