import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooDeep, MAX_JSON_DEPTH } from '../../src/json-depth.ts';
import { Metadata } from '../../src/runtime/metadata.ts';
import { outputOf } from '../../src/runtime/result.ts';
import { anything, damaged, deep, hold, json, text } from './arbitraries.ts';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test('the depth of JSON is what it is, whatever its strings hold', async () => {
  await hold(
    fc.property(json, fc.nat(5), (value, limit) => {
      expect(isTooDeep(JSON.stringify(value), limit)).toBe(depthOf(JSON.parse(JSON.stringify(value))) > limit);
    }),
  );
  await hold(fc.property(fc.oneof(text, damaged('{"a":["\\"["]}')), (broken) => void isTooDeep(broken)));
  expect([MAX_JSON_DEPTH, MAX_JSON_DEPTH + 2].map((levels) => isTooDeep(deep(levels)))).toEqual([false, true]);
});

test('what a task returns is judged, whatever it is', async () => {
  await hold(
    fc.property(fc.constantFrom('lumo' as const, 'lifecycle' as const), anything, (dialect, returned) => {
      expect(['success', 'failed', 'unwritable']).toContain(outputOf(dialect, returned).kind);
    }),
  );
});

test.each([1_000, 200_000])('an output or metadata of %i levels is refused where it is made', (levels) => {
  const nested: unknown = JSON.parse(deep(levels));
  const tooDeep = /nested in more than 500 levels/;
  expect(outputOf('lifecycle', nested)).toMatchObject({ kind: 'unwritable', answer: { error: { message: tooDeep } } });
  const result = { success: true, message: 'done', data: { nested } };
  expect(outputOf('lumo', result)).toMatchObject({ kind: 'unwritable', answer: { error: { message: tooDeep } } });

  const refusals: string[] = [];
  const metadata = new Metadata((reason) => refusals.push(reason));
  try {
    metadata.set('nested', nested);
  } catch (error) {
    refusals.push(String(error));
  }
  expect(refusals).toHaveLength(1);
  expect(metadata.current()).toEqual({});
});
