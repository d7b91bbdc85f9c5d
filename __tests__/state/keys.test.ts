import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keySegment, stateKeys } from '../../src/state/keys.ts';

test('keys lie below one folder per environment', () => {
  const keys = stateKeys('shop', 'pr-1');
  expect(keys.prefix).toBe('lumo-tasks/state/shop/pr-1/');
  expect(keys.marker).toBe('lumo-tasks/state/shop/pr-1/marker.json');
  expect(keys.progress).toBe('lumo-tasks/state/shop/pr-1/progress.json');
  expect(keys.inventory).toBe('lumo-tasks/state/shop/pr-1/inventory.json');
  expect(keys.lock).toBe('lumo-tasks/state/shop/pr-1/lock.json');
  expect(keys.history(7)).toBe('lumo-tasks/state/shop/pr-1/history/7.json');
  expect(stateKeys('shop', 'pr-12').marker.startsWith(keys.prefix)).toBe(false);
});

test('no name leaves its folder', () => {
  expect(keySegment('..')).toBe('%2E%2E');
  expect(keySegment('../other')).toBe('..%2Fother');
  expect(keySegment('büro')).toBe('b%C3%BCro');
});

const name = fc.string({ unit: fc.constantFrom(...'aZ09._-/%2E \u0000\u00e9\u{1f600}'), maxLength: 6 });

test('different names have different segments, and each is a segment', () => {
  fc.assert(
    fc.property(name, name, (one, other) => {
      expect(keySegment(one)).toMatch(/^[A-Za-z0-9._%-]*$/);
      expect(['.', '..']).not.toContain(keySegment(one));
      expect(keySegment(one) === keySegment(other)).toBe(one === other);
    }),
  );
});
