import type { ErrorCode, ErrorLocation } from '../errors.ts';
import { isTooDeep, MAX_JSON_DEPTH } from '../json-depth.ts';
import { didYouMean } from './nearest.ts';

/** Property names and array indices from the top of the configuration to a value. */
export type KeyPath = readonly (string | number)[];

/** One thing that is wrong in the configuration. */
export interface Finding {
  code: ErrorCode;
  path: KeyPath;
  message: string;
  /** Where it is written, when that is not the configuration. */
  location?: ErrorLocation;
}

/** Where a check is, and where it reports what it finds. */
export interface Spot {
  path: KeyPath;
  findings: Finding[];
}

/** Answers the value in its wanted type, or reports what is wrong with it and answers `undefined`. */
export type Check<T> = (value: unknown, spot: Spot) => T | undefined;

/** `tasks.run-migrations.copyAssets[0].from`; names that would be misread are quoted: `tasks["a.b"]`. */
export function formatPath(path: KeyPath): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      if (!/^[\w/$@-]+$/.test(key)) return `[${JSON.stringify(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join('');
}

/** A value in words, with its type. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    const text = JSON.stringify(value);
    return value === '' ? 'an empty string' : `the string ${text.length > 80 ? `${text.slice(0, 79)}…` : text}`;
  }
  if (typeof value === 'number') return `the number ${value}`;
  return describeType(value);
}

/** The type of a value in words, for values that must not be printed. */
export function describeType(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export function report(spot: Spot, message: string, code: ErrorCode = 'CONFIG_INVALID'): undefined {
  spot.findings.push({ code, path: spot.path, message: `${formatPath(spot.path)} ${message}` });
}

export function below(spot: Spot, ...keys: (string | number)[]): Spot {
  return { path: [...spot.path, ...keys], findings: spot.findings };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function expected(spot: Spot, value: unknown, what: string): undefined {
  return report(spot, `is ${describeValue(value)}; ${what} is expected`);
}

/** A string that is not empty and holds no control characters; `what` names it in the message. */
export function text(what: string, pattern?: RegExp): Check<string> {
  return (value, spot) => {
    const right = typeof value === 'string' && value !== '' && !/\p{Cc}/u.test(value) && (pattern?.test(value) ?? true);
    return right ? value : expected(spot, value, what);
  };
}

export function integer(minimum: number, maximum: number, unit: string): Check<number> {
  return (value, spot) =>
    typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum
      ? value
      : expected(spot, value, `a whole number of ${unit} from ${minimum} to ${maximum}`);
}

export function oneOf<T extends string>(...choices: readonly T[]): Check<T> {
  return (value, spot) =>
    choices.find((choice) => choice === value) ??
    expected(spot, value, choices.map((choice) => JSON.stringify(choice)).join(' or '));
}

export function listOf<T>(element: Check<T>, what: string, most = Number.POSITIVE_INFINITY): Check<T[]> {
  return (value, spot) => {
    if (!Array.isArray(value)) return expected(spot, value, what);
    if (value.length > most) report(spot, `has ${value.length} elements; at most ${most} are possible`);
    return Array.from(value, (each, index) => element(each, below(spot, index))).filter((each) => each !== undefined);
  };
}

/** An object with names of the user's choice. */
export function mapOf<T>(element: Check<T>, what: string): Check<Map<string, T>> {
  return (value, spot) => {
    if (!isObject(value)) return expected(spot, value, what);
    const map = new Map<string, T>();
    for (const [key, each] of Object.entries(value)) {
      const checked = each === undefined ? undefined : element(each, below(spot, key));
      if (checked !== undefined) map.set(key, checked);
    }
    return map;
  };
}

type Shape<T> = { readonly [K in keyof T]-?: Check<T[K]> };

interface ObjectOptions {
  /** What it is, as in "an object with from and to". */
  what: string;
  required?: readonly string[];
  /** How an unknown key is told; without it unknown keys are left alone. */
  unknownKey?: string;
}

/** An object with fixed keys; the answer holds those that are there and right. */
export function object<T extends object>(shape: Shape<T>, options: ObjectOptions): Check<Partial<T>> {
  const known = Object.keys(shape) as (keyof T & string)[];
  return (value, spot) => {
    if (!isObject(value)) return expected(spot, value, options.what);
    const result: Partial<T> = {};
    for (const key of known) {
      if (!Object.hasOwn(value, key) || value[key] === undefined) continue;
      const checked = shape[key](value[key], below(spot, key));
      if (checked !== undefined) result[key] = checked;
    }
    for (const key of options.required ?? []) {
      if (value[key] === undefined) report(below(spot, key), 'is missing');
    }
    if (options.unknownKey !== undefined) {
      const names: readonly string[] = known;
      for (const key of Object.keys(value).filter((each) => !names.includes(each) && value[each] !== undefined)) {
        report(below(spot, key), `${options.unknownKey}${didYouMean(key, known)}`);
      }
    }
    return result;
  };
}

/** What survives a journey as JSON, as it arrives there. */
export const jsonObject: Check<Record<string, unknown>> = (value, spot) => {
  if (!isObject(value)) return expected(spot, value, 'a JSON object');
  try {
    const json = JSON.stringify(value) ?? 'null';
    if (isTooDeep(json)) return report(spot, `is nested in more than ${MAX_JSON_DEPTH} levels`);
    const copy: unknown = JSON.parse(json);
    return isObject(copy) ? copy : expected(spot, copy, 'a JSON object');
  } catch (error) {
    return report(spot, `cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
};
