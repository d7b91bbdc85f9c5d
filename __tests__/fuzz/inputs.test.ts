import fc from 'fast-check';
import { expect, test } from 'vitest';
import { INPUTS, type InputName } from '../../src/input-table.ts';
import { parseInputs, type RawInputs, readArguments, readStepInputs } from '../../src/inputs.ts';
import { damaged, deep, hold, json, key, orActionError, text } from './arbitraries.ts';

const NAMES = Object.keys(INPUTS) as InputName[];
const value = fc.oneof(
  text,
  json.map((each) => JSON.stringify(each) ?? ''),
  fc.constantFrom('true', 'false', '0', '1', '1e9', '-1', '٣', ' '),
);

test('inputs are what they may be, or an error that names the input', async () => {
  await hold(
    fc.property(fc.dictionary(fc.constantFrom(...NAMES), value), (raw) => {
      const inputs = orActionError(() => parseInputs(raw));
      if (inputs === undefined) return;
      expect(inputs.maxParallel).toBeGreaterThanOrEqual(1);
      expect(inputs.maxParallel).toBeLessThanOrEqual(100);
      expect(inputs.lockTimeout).toBeLessThanOrEqual(21_600);
      expect(inputs.environment ?? 'dev').toMatch(/^[A-Za-z0-9._-]{1,64}$/);
      expect(Object.prototype.toString.call(inputs.payload)).toBe('[object Object]');
    }),
  );
});

test('a payload is an object, whatever it is called in it', async () => {
  const payload = fc.oneof(
    json.map((each) => JSON.stringify(each) ?? ''),
    damaged('{"dryRun": true, "__proto__": {"polluted": 1}}'),
    text,
  );
  await hold(
    fc.property(payload, (written) => {
      const inputs = orActionError(() => parseInputs({ payload: written }));
      if (inputs !== undefined && written.trim() !== '') expect(inputs.payload).toEqual(JSON.parse(written));
    }),
  );
  expect(Object.keys(parseInputs({ payload: '{"__proto__": {"polluted": 1}}' }).payload)).toEqual(['__proto__']);
});

test.each([1_000, 100_000])('a payload of %i levels is refused', (levels) => {
  expect(() => parseInputs({ payload: `{"a":${deep(levels)}}` })).toThrow(/more than 500 levels/);
});

test('the command line is read or refused', async () => {
  const flag = fc.oneof(fc.constantFrom(...NAMES), key, text).map((name) => `--${name}`);
  const word = fc.oneof(
    text,
    flag,
    fc.tuple(flag, value).map(([name, given]) => `${name}=${given}`),
  );
  await hold(
    fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
      const raw = orActionError(() => readArguments(argv));
      const known = [...NAMES, 'summary-file', 'results-file'];
      expect(Object.keys(raw ?? {}).filter((name) => !known.includes(name))).toEqual([]);
      if (raw !== undefined) orActionError(() => parseInputs(raw as RawInputs));
    }),
  );
});

test('of the environment only the inputs are read', async () => {
  await hold(
    fc.property(fc.dictionary(key, text), (env) => {
      expect(Object.keys(readStepInputs(env)).every((name) => (NAMES as string[]).includes(name))).toBe(true);
    }),
  );
});
