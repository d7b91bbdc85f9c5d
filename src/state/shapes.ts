/** Checks one value; answers a sentence for each thing that is wrong with it, none when it has the shape. */
export type Shape = (value: unknown, path: string) => string[];

export const string: Shape = (value, path) => (typeof value === 'string' ? [] : [wrong(path, 'a string', value)]);

export const count: Shape = (value, path) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? [] : [wrong(path, 'a whole number', value)];

/** A point in time as ISO 8601. */
export const instant: Shape = (value, path) =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? [] : [wrong(path, 'an ISO 8601 date', value)];

export const anyObject: Shape = (value, path) => (isObject(value) ? [] : [wrong(path, 'an object', value)]);

export function oneOf(...allowed: readonly unknown[]): Shape {
  return (value, path) => (allowed.includes(value) ? [] : [wrong(path, allowed.map(String).join(' or '), value)]);
}

export function nullable(shape: Shape): Shape {
  return (value, path) => (value === null ? [] : shape(value, path));
}

/** Of a property that may be missing. */
export function optional(shape: Shape): Shape {
  return (value, path) => (value === undefined ? [] : shape(value, path));
}

export function list(shape: Shape): Shape {
  return (value, path) =>
    Array.isArray(value)
      ? value.flatMap((entry, index) => shape(entry, `${path}[${index}]`))
      : [wrong(path, 'a list', value)];
}

/** An object whose keys are free. */
export function record(shape: Shape): Shape {
  return (value, path) =>
    isObject(value)
      ? Object.entries(value).flatMap(([key, entry]) => shape(entry, join(path, key)))
      : [wrong(path, 'an object', value)];
}

/** An object with these properties; further ones are left alone, so that they survive when it is written again. */
export function object(properties: Record<string, Shape>): Shape {
  return (value, path) =>
    isObject(value)
      ? Object.entries(properties).flatMap(([key, shape]) => shape(value[key], join(path, key)))
      : [wrong(path, 'an object', value)];
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function wrong(path: string, expected: string, found: unknown): string {
  return `${path || 'the document'}: expected ${expected}, found ${found === undefined ? 'nothing' : kindOf(found)}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
