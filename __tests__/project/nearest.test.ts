import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, nearestNames } from '../../src/project/nearest.ts';

describe('nearestNames', () => {
  it.each([
    ['timout', ['timeout', 'runOn'], ['timeout']],
    ['timeuot', ['timeout', 'runOn'], ['timeout']],
    ['run-migration', ['run-migrations', 'seed'], ['run-migrations']],
    ['TIMEOUT', ['timeout'], ['timeout']],
    ['xyz', ['timeout', 'a'], []],
    ['aab', ['aaa', 'abb', 'aab1', 'bab', 'a'], ['aaa', 'abb', 'aab1']],
  ])('%j among %j: %j', (wanted, names, near) => {
    expect(nearestNames(wanted, names)).toEqual(near);
  });

  it('finds a name with one typing mistake', () => {
    const word = fc.stringMatching(/^[a-z-]{4,12}$/);
    fc.assert(
      fc.property(word, fc.nat(), fc.stringMatching(/^[a-z]$/), (name, where, letter) => {
        const at = where % name.length;
        expect(nearestNames(name.slice(0, at) + letter + name.slice(at), [name])).toEqual([name]);
        expect(nearestNames(name.slice(0, at) + name.slice(at + 1), [name])).toEqual([name]);
      }),
    );
  });

  it('puts names into quotes, so that nothing in them is executed', () => {
    expect(didYouMean('ab\nd', ['ab\nc'])).toBe('; did you mean "ab\\nc"?');
  });
});
