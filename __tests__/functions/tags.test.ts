import { describe, expect, test } from 'vitest';
import {
  assertOurs,
  codeTags,
  foreignTags,
  identityTags,
  recordedCode,
  recordedInputs,
} from '../../src/functions/tags.ts';

const IDENTITY = { project: 'shop', environment: 'dev', repository: 'o/r/apps/shop' };

describe('tags', () => {
  test('identity, and the user can not take it over', () => {
    expect(identityTags(IDENTITY, 'seed', { team: 'db', 'lumo:project': 'other' })).toEqual({
      team: 'db',
      'lumo:project': 'shop',
      'lumo:environment': 'dev',
      'lumo:task': 'seed',
      'lumo:repository': 'o/r/apps/shop',
      'lumo:managed-by': 'tasks-action',
    });
  });

  test('only what AWS takes in a value', () => {
    const tags = identityTags({ ...IDENTITY, project: `Größe & "${'x'.repeat(300)}"` }, 'a[b]');
    expect(tags['lumo:task']).toBe('a_b_');
    expect(tags['lumo:project']).toMatch(/^Größe _ _x+$/);
    expect(tags['lumo:project']).toHaveLength(256);
    expect(foreignTags(tags, { ...IDENTITY, project: `Größe & "${'x'.repeat(300)}"` }, 'a[b]')).toEqual([]);
  });

  test('what was recorded is read back', () => {
    const tags = codeTags({ digest: 'abc', codeSha256: 'k+/=' }, 'inputs');
    expect(tags).toEqual({ 'lumo:digest': 'abc k+/=', 'lumo:inputs': 'inputs' });
    expect(recordedCode(tags)).toEqual({ digest: 'abc', codeSha256: 'k+/=' });
    expect(recordedInputs(tags)).toBe('inputs');
    expect(recordedCode({})).toBeUndefined();
    expect(recordedCode({ 'lumo:digest': 'abc' })).toBeUndefined();
  });

  test.each([
    ['lumo:project', 'other'],
    ['lumo:environment', 'production'],
    ['lumo:task', 'other'],
    ['lumo:repository', 'o/r'],
  ])('not ours when %s is another one, or is missing', (name, value) => {
    const tags = identityTags(IDENTITY, 'seed');
    expect(() => assertOurs('f', tags, IDENTITY, 'seed')).not.toThrow();
    for (const changed of [
      { ...tags, [name]: value },
      Object.fromEntries(Object.entries(tags).filter(([key]) => key !== name)),
    ]) {
      expect(() => assertOurs('f', changed, IDENTITY, 'seed')).toThrowError(
        expect.objectContaining({
          code: 'FUNCTION_NOT_OURS',
          details: [{ message: expect.stringContaining(`tag ${name} is `) }],
        }),
      );
    }
  });
});
