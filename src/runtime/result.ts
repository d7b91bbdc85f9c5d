import { inspect } from 'node:util';
import type { SerializedError, TaskResult } from './protocol.ts';
import { redact, redactJson } from './secret-values.ts';
import { describeKind, serializeError } from './serialize-error.ts';

/** What one attempt came to, without its output. */
export interface Outcome {
  status: 'COMPLETED' | 'FAILED';
  result?: TaskResult;
  error?: SerializedError;
  warnings?: string[];
}

/** The outcome of a `run` that threw, or of an attempt that ended in another way than by returning. */
export function failed(error: unknown): Outcome {
  return { status: 'FAILED', error: serializeError(error) };
}

/** Judges what `run` returned: a TaskResult as JSON that is at most `limit` bytes long, else FAILED and why. */
export function outcomeOf(returned: unknown, limit: number): Outcome {
  try {
    return judge(returned, limit);
  } catch (error) {
    return failed(new TypeError('what run returned cannot be read', { cause: error }));
  }
}

function judge(returned: unknown, limit: number): Outcome {
  const fault = faultOf(returned);
  if (fault !== undefined) {
    return { status: 'FAILED', error: { name: 'NoTaskResult', message: redact(fault) } };
  }
  const { success, message, data } = returned as TaskResult;
  const head = { success, message: redact(message) };
  const status = success ? 'COMPLETED' : 'FAILED';
  if (data === undefined) {
    return fitting(status, head, undefined, limit);
  }
  const json = toJson(data);
  if ('problem' in json) {
    return {
      status: 'FAILED',
      result: head,
      error: {
        name: 'ResultNotSerializable',
        message: redact(
          `run returned success: ${success} with the message ${brief(message)}, but its data cannot be written as JSON: ` +
            `${json.problem}. Return plain JSON values only.`,
        ),
      },
    };
  }
  return fitting(status, head, redactJson(JSON.parse(json.text)) as Record<string, unknown>, limit);
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

/** `value` as JSON text, or the place that cannot be written and why. */
function toJson(value: object): { text: string } | { problem: string } {
  try {
    const text: unknown = JSON.stringify(value);
    return typeof text === 'string' && text.startsWith('{')
      ? { text }
      : { problem: 'data turns into something else than an object' };
  } catch (error) {
    return { problem: findProblem(value, 'data', [], error) };
  }
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

/** Drops the data, then cuts the message, of a result that does not fit. */
function fitting(
  status: Outcome['status'],
  head: { success: boolean; message: string },
  data: Record<string, unknown> | undefined,
  limit: number,
): Outcome {
  const whole: TaskResult = data === undefined ? head : { ...head, data };
  if (jsonBytes(whole) <= limit) {
    return { status, result: whole };
  }
  const note = `The result was cut: it has ${jsonBytes(whole)} bytes as JSON, and an answer of Lambda holds 6 MB.`;
  // One character takes at most six bytes in JSON.
  const cut = jsonBytes(head) <= limit ? head : { ...head, message: `${head.message.slice(0, limit / 6 - 1024)}…` };
  return { status, result: cut, warnings: [note] };
}

export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
