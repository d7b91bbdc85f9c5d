import fc from 'fast-check';
import { afterEach, expect, vi } from 'vitest';
import { ActionError } from '../../src/errors.ts';

/** Cases per property: `FUZZ_RUNS=100000 npx vitest run __tests__/fuzz` looks longer. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 300);
vi.setConfig({ testTimeout: 60_000 + RUNS * 100 });

/** Checks a property as often as was asked for; `share`: for those that take longer. */
export async function hold<T>(property: fc.IRawProperty<T>, share = 1): Promise<void> {
  await fc.assert(property as fc.IAsyncProperty<T>, { numRuns: Math.ceil(RUNS * share) });
}

/** Names that mean something to JavaScript where an object is taken for a table. */
export const PROTOTYPE_KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];

/** Text with everything that breaks programs: NUL, lone surrogates, line ends of all kinds, commands, markup, escapes. */
export const text = fc.string({
  maxLength: 40,
  unit: fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
    fc.constantFrom('\u0000', '\ud800', '\udc00', '\ufffe', '\r', '\n', '\u2028', '\u202e', '\u001b[2J', '\u001b]0;'),
    fc.constantFrom('::', '##[', '::error::', '|', '`', '```', '<', '&', '"', "'", '\\', '$', '%0A', '…', '/../', '//'),
    fc.constantFrom(...PROTOTYPE_KEYS),
  ),
});
export const key = fc.oneof(text, fc.constantFrom(...PROTOTYPE_KEYS));

/** Numbers at the edges of what programs expect. */
export const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(-0, 2 ** 53, -(2 ** 63), 1e308, Number.NaN, Number.POSITIVE_INFINITY),
);

/** What JSON can hold, with hostile keys, each of them an own property. */
export const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.constantFrom(null, true, false), number, text, tie('list'), tie('record')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  record: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
})).value;

/** What whoever runs in our process can hand over: no JSON at all. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  json,
  fc.anything({ withNullPrototype: true, withSparseArray: true, withBigInt: true, withSet: true, withDate: true }),
  fc.constantFrom(undefined, Symbol('s'), () => undefined, new Proxy({}, {}), /x/),
);

/** `document` with one of its parts replaced, taken away or doubled, under a hostile name perhaps. */
export function mutated(document: unknown, values: fc.Arbitrary<unknown> = json): fc.Arbitrary<unknown> {
  if (typeof document !== 'object' || document === null) return values;
  const entries = Object.entries(document);
  const rebuild = (changed: [string, unknown][]): unknown =>
    Array.isArray(document) ? changed.map(([, value]) => value) : Object.fromEntries(changed);
  const inside = entries.map(([name, value], index) =>
    mutated(value, values).map((other) => rebuild(entries.with(index, [name, other]))),
  );
  return fc.oneof(
    values,
    fc.tuple(key, values).map((entry) => rebuild([...entries, entry])),
    fc.subarray(entries).map(rebuild),
    ...inside,
  );
}

/** A valid text with some of its characters replaced, taken away or repeated. */
export function damaged(valid: string): fc.Arbitrary<string> {
  const place = fc.nat(valid.length);
  return fc
    .array(fc.tuple(place, fc.nat(20), text), { minLength: 1, maxLength: 3 })
    .map((edits) => edits.reduce((now, [at, length, put]) => now.slice(0, at) + put + now.slice(at + length), valid));
}

/** JSON of arrays and objects in `levels` levels. */
export function deep(levels: number): string {
  return `${'[{"a":'.repeat(levels / 2)}1${'}]'.repeat(levels / 2)}`;
}

/** What `body` answers; `undefined` when it throws an `ActionError`, which is the only error there may be. */
export function orActionError<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    expect(error).toBeInstanceOf(ActionError);
    const { message, advice } = error as ActionError;
    expect(message).not.toBe('');
    expect(advice).not.toBe('');
    return undefined;
  }
}

const builtIn = [Object.prototype, Array.prototype, Function.prototype, String.prototype];
const shapes = builtIn.map((prototype) => Reflect.ownKeys(prototype).length);

/** Nothing that is read may change what every object of the program inherits. */
afterEach(() => {
  expect(builtIn.map((prototype) => Reflect.ownKeys(prototype).length)).toEqual(shapes);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});
