import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { functionName, functionNamePattern } from '../../src/functions/name.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

describe('functionName', () => {
  test.each([
    ['shop', 'pr-12', 'run-migrations', 'shop--pr-12--run-migrations'],
    ['my_app', 'dev', 'seed_database', 'my_app--dev--seed_database'],
    ['Shop', 'dev', 'seed', `shop--dev--seed-${hash('Shop/dev/seed')}`],
    ['shop', 'dev', 'db/migrate', `shop--dev--db-migrate-${hash('shop/dev/db/migrate')}`],
    ['shop', 'dev', 'a..b', `shop--dev--a-b-${hash('shop/dev/a..b')}`],
    ['shop', 'dev', 'a--b', `shop--dev--a-b-${hash('shop/dev/a--b')}`],
    ['shop', 'eu.1', 'ä', `shop--eu-1---${`-${hash('shop/eu.1/ä')}`}`],
  ])('%s, %s, %s', (project, environment, task, expected) => {
    expect(functionName(project, environment, task)).toBe(expected);
  });

  test('64 characters stay, 65 are cut and numbered', () => {
    expect(functionName('shop', 'dev', 'x'.repeat(53))).toBe(`shop--dev--${'x'.repeat(53)}`);
    const task = 'x'.repeat(54);
    expect(functionName('shop', 'dev', task)).toBe(`shop--dev--${'x'.repeat(44)}-${hash(`shop/dev/${task}`)}`);
  });

  // A name that begins or ends with a hyphen is the one thing two environments could share; the tags then tell them apart.
  const part = fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }).filter((text) => !/^-|-$|\//.test(text));

  test('is always a valid name', () => {
    fc.assert(
      fc.property(part, part, part, (...parts) => {
        expect(functionName(...parts)).toMatch(/^[a-z0-9_-]{1,64}$/);
      }),
    );
  });

  test('differs for different tasks, also in different environments', () => {
    const close = fc.oneof(
      part,
      fc.stringMatching(/^[aA._-]{1,3}$/).filter((text) => !/^-|-$/.test(text)),
    );
    const names = fc.tuple(close, close, close);
    fc.assert(
      fc.property(names, names, (one, other) => {
        expect(functionName(...one) === functionName(...other)).toBe(one.join('/') === other.join('/'));
      }),
      { numRuns: 2000 },
    );
  });

  test('every name matches the pattern of its environment', () => {
    fc.assert(
      fc.property(part, part, part, fc.nat(99_999), (project, environment, task, number) => {
        const matches = (pattern: string, name: string): boolean => name.startsWith(pattern.slice(0, -1));
        const plain = environment.replaceAll('*', '');
        expect(matches(functionNamePattern(project, plain), functionName(project, plain, task))).toBe(true);
        expect(matches(functionNamePattern(project, 'pr-*'), functionName(project, `pr-${number}`, task))).toBe(true);
      }),
    );
  });

  test('patterns keep environments apart', () => {
    expect(functionNamePattern('shop', 'pr-*')).toBe('shop--pr-*');
    expect(functionNamePattern('shop', 'production')).toBe('shop--production--*');
    expect(functionNamePattern('My Shop', 'dev')).toBe('my-shop--dev--*');
  });
});
