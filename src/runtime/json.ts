import { types } from 'node:util';
import { isTooDeep, MAX_JSON_DEPTH } from '../json-depth.ts';
import { describeKind, serializeError } from './serialize-error.ts';

/**
 * `value` as it is after a way through JSON, with the first place that JSON changes without a word; or the place that
 * cannot be written and why. `name` is its own.
 */
export function toJson(value: unknown, name: string): { value: unknown; change?: string } | { problem: string } {
  try {
    const text: unknown = JSON.stringify(value);
    if (typeof text !== 'string') {
      return value === undefined ? { value } : { problem: `${name} is ${describeKind(value)}` };
    }
    if (isTooDeep(text)) return { problem: tooDeep(name) };
    const change = changeOf(value, name);
    return { value: JSON.parse(text), ...(change === undefined ? {} : { change }) };
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

export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** Descends to the member that makes JSON.stringify throw. */
function findProblem(value: unknown, path: string, parents: readonly unknown[], thrown: unknown): string {
  if (typeof value === 'bigint') {
    return `${path} is a BigInt (${value})`;
  }
  if (parents.includes(value)) {
    return `${path} refers back to an object that contains it`;
  }
  for (const [key, child] of members(value)) {
    try {
      JSON.stringify(child);
    } catch (error) {
      return findProblem(child, below(path, value, key), [...parents, value], error);
    }
  }
  return `${path}: ${serializeError(thrown).message}`;
}

function changeOf(value: unknown, name: string): string | undefined {
  try {
    return firstChange(value, name);
  } catch {
    // It was written: that it cannot be read once more, for its depth or its getters, is no reason to fail.
    return undefined;
  }
}

/** The first place, depth first, that JSON writes as something else. A Date, and whatever has `toJSON`, is meant to be. */
function firstChange(value: unknown, path: string, inArray = true): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return `${path} is ${value}, which JSON turns into null`;
  }
  if (typeof value === 'function' || typeof value === 'symbol') {
    return `${path} is ${describeKind(value)}, which JSON ${inArray ? 'turns into null' : 'leaves out'}`;
  }
  if (isOpaque(value)) {
    return `${path} is of the class ${value.constructor.name}, and JSON keeps nothing of its contents`;
  }
  for (const [key, child] of members(value)) {
    const change = firstChange(child, below(path, value, key), Array.isArray(value));
    if (change !== undefined) {
      return change;
    }
  }
  return undefined;
}

/** Objects that hold what they hold elsewhere than in their members. */
const OPAQUE = [
  types.isMap,
  types.isSet,
  types.isWeakMap,
  types.isWeakSet,
  types.isPromise,
  types.isRegExp,
  types.isNativeError,
  types.isAnyArrayBuffer,
];

function isOpaque(value: unknown): value is object {
  return typeof value === 'object' && value !== null && OPAQUE.some((is) => is(value)) && !hasToJson(value);
}

/** What JSON.stringify descends into. */
function members(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !hasToJson(value) ? Object.entries(value) : [];
}

function hasToJson(value: object): boolean {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** `output.items[3].price`; keys that would be misread are quoted. */
function below(path: string, holder: unknown, key: string): string {
  if (Array.isArray(holder)) {
    return `${path}[${key}]`;
  }
  return /^[\w$]+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}
