import { inspect } from 'node:util';
import { isTooDeep, MAX_JSON_DEPTH } from '../json-depth.ts';
import type { SerializedError, TaskResult } from './protocol.ts';
import { redact, redactJson } from './secret-values.ts';
import { describeKind, serializeError } from './serialize-error.ts';

/** What `run` returned, judged: what the envelope says of it, and for a failure what the hooks are told. */
export type Output =
  | { kind: 'success'; answer: { result?: unknown } }
  /** A Lumo task says that it failed, or returned something else than a TaskResult. */
  | { kind: 'failed'; answer: { result?: unknown; error?: SerializedError }; reason: Error }
  /** It cannot be written as JSON. */
  | { kind: 'unwritable'; answer: { result?: unknown; error: SerializedError } };

/** Judges what `run` of a task returned: a TaskResult in the Lumo dialect, else any JSON or undefined. */
export function outputOf(dialect: 'lumo' | 'lifecycle', returned: unknown): Output {
  if (dialect === 'lifecycle') {
    return anyOutput(returned);
  }
  try {
    return taskResult(returned);
  } catch (cause) {
    return noTaskResult('what run returned cannot be read', cause);
  }
}

function anyOutput(returned: unknown): Output {
  const json = toJson(returned, 'output');
  if ('problem' in json) {
    const message = redact(`what run returned cannot be written as JSON: ${json.problem}`);
    return { kind: 'unwritable', answer: { error: { name: 'TASK_OUTPUT_ERROR', message } } };
  }
  return { kind: 'success', answer: json.value === undefined ? {} : { result: redactJson(json.value) } };
}

function taskResult(returned: unknown): Output {
  const fault = faultOf(returned);
  if (fault !== undefined) {
    return noTaskResult(fault);
  }
  const { success, message, data } = returned as TaskResult;
  const head = { success, message: redact(message) };
  const json = toJson(data, 'data');
  const value = 'problem' in json ? undefined : json.value;
  const problem = 'problem' in json ? json.problem : problemOfData(value);
  if (problem !== undefined) {
    const text =
      `run returned success: ${success} with the message ${brief(message)}, but its data cannot be written as JSON: ` +
      `${problem}. Return plain JSON values only.`;
    return {
      kind: 'unwritable',
      answer: { result: head, error: { name: 'ResultNotSerializable', message: redact(text) } },
    };
  }
  const result = value === undefined ? head : { ...head, data: redactJson(value) };
  return success
    ? { kind: 'success', answer: { result } }
    : { kind: 'failed', answer: { result }, reason: Object.assign(new Error(message), { name: 'TaskFailed' }) };
}

function noTaskResult(fault: string, cause?: unknown): Output {
  const reason = Object.assign(new TypeError(redact(fault), { cause }), { name: 'NoTaskResult' });
  const { name, message } = reason;
  const chain = cause === undefined ? {} : { cause: serializeError(cause) };
  return { kind: 'failed', answer: { error: { name, message, ...chain } }, reason };
}

function problemOfData(value: unknown): string | undefined {
  return value === undefined || describeKind(value) === 'an object'
    ? undefined
    : 'data turns into something else than an object';
}

/** Why `returned` is no TaskResult, or undefined. */
function faultOf(returned: unknown): string | undefined {
  const expected = 'expected {success: boolean, message: string, data?: object}';
  if (typeof returned !== 'object' || returned === null || Array.isArray(returned)) {
    const shown = typeof returned === 'object' || returned === undefined ? '' : `: ${brief(returned)}`;
    return `run returned no TaskResult but ${describeKind(returned)}${shown}; ${expected}`;
  }
  const { success, message, data } = returned as Record<string, unknown>;
  const faults = [
    typeof success === 'boolean' ? [] : [`success is ${member(success)}`],
    typeof message === 'string' ? [] : [`message is ${member(message)}`],
    data === undefined || describeKind(data) === 'an object' ? [] : [`data is ${member(data)}`],
  ].flat();
  return faults.length === 0 ? undefined : `run returned no TaskResult: ${faults.join(', ')}; ${expected}`;
}

function member(value: unknown): string {
  if (value === undefined) {
    return 'missing';
  }
  return typeof value === 'object' ? describeKind(value) : `${describeKind(value)} (${brief(value)})`;
}

function brief(value: unknown): string {
  const text = inspect(value, { depth: 0 });
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** `value` as it is after a way through JSON, or the place that cannot be written and why. `name` is its own. */
function toJson(value: unknown, name: string): { value: unknown } | { problem: string } {
  try {
    const text: unknown = JSON.stringify(value);
    if (typeof text === 'string') {
      return isTooDeep(text) ? { problem: tooDeep(name) } : { value: JSON.parse(text) };
    }
    return value === undefined ? { value } : { problem: `${name} is ${describeKind(value)}` };
  } catch (error) {
    return { problem: isStackOverflow(error) ? tooDeep(name) : findProblem(value, name, [], error) };
  }
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && /call stack/i.test(error.message);
}

function tooDeep(name: string): string {
  return `${name} is nested in more than ${MAX_JSON_DEPTH} levels`;
}

/** Descends to the member that makes JSON.stringify throw. */
function findProblem(value: unknown, path: string, parents: readonly unknown[], thrown: unknown): string {
  if (typeof value === 'bigint') {
    return `${path} is a BigInt (${value})`;
  }
  if (parents.includes(value)) {
    return `${path} refers back to an object that contains it`;
  }
  const own = typeof value === 'object' && value !== null && !('toJSON' in value) ? Object.entries(value) : [];
  for (const [key, child] of own) {
    try {
      JSON.stringify(child);
    } catch (error) {
      return findProblem(child, `${path}.${key}`, [...parents, value], error);
    }
  }
  return `${path}: ${serializeError(thrown).message}`;
}

/**
 * An answer with a result of at most `limit` bytes: of a larger TaskResult the data goes, then the message is cut; any
 * other result goes as a whole. `warning` says so.
 */
export function fitting(result: unknown, limit: number): { result?: unknown; warning?: string } {
  const bytes = jsonBytes(result);
  if (bytes <= limit) {
    return { result };
  }
  const warning = `The result was cut: it has ${bytes} bytes as JSON, and an answer of Lambda holds 6 MB.`;
  if (faultOf(result) !== undefined) {
    return { warning };
  }
  const { success, message } = result as TaskResult;
  const head = { success, message };
  // One character takes at most six bytes in JSON.
  return {
    result: jsonBytes(head) <= limit ? head : { ...head, message: `${message.slice(0, limit / 6 - 1024)}…` },
    warning,
  };
}

export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
