import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../src/errors.ts';
import { lumoBehaviour } from '../../src/project/behaviour.ts';
import { matchesPattern, selectTasks } from '../../src/project/select.ts';
import { taskSettings } from '../../src/project/settings.ts';
import type { ProjectTask } from '../../src/project/types.ts';

const task = (name: string): ProjectTask => {
  const { behaviour, timeout } = lumoBehaviour(name, { own: {}, defaults: {} }, []);
  const settings = taskSettings({}, {}, [], { timeout, memory: behaviour.machine.memory });
  return { name, file: `functions/tasks/${name}.ts`, settings, behaviour };
};
const tasks = ['run-migrations', 'db/seed', 'db/deep/clean', 'warm-cache'].map(task);
const select = (patterns: string) => selectTasks(tasks, patterns).map(({ name }) => name);

describe('selectTasks', () => {
  it.each([
    ['', ['run-migrations', 'db/seed', 'db/deep/clean', 'warm-cache']],
    [' \n , ', ['run-migrations', 'db/seed', 'db/deep/clean', 'warm-cache']],
    ['warm-cache, run-migrations', ['run-migrations', 'warm-cache']],
    ['warm-cache\r\nrun-migrations\n', ['run-migrations', 'warm-cache']],
    ['db/*', ['db/seed']],
    ['db/**', ['db/seed', 'db/deep/clean']],
    ['**', ['run-migrations', 'db/seed', 'db/deep/clean', 'warm-cache']],
    ['*', ['run-migrations', 'warm-cache']],
    ['**/seed', ['db/seed']],
    ['**/warm-cache', ['warm-cache']],
    ['db/**/clean', ['db/deep/clean']],
    ['**/*ea*', ['db/deep/clean']],
    ['?arm-cach?', ['warm-cache']],
  ])('%j selects %j', (patterns, names) => {
    expect(select(patterns)).toEqual(names);
  });

  it('names everything that matches nothing, with the nearest names', () => {
    expect(() => select('warm-cahe, db/*, nothing-like-it')).toThrow(
      expect.objectContaining({
        code: 'TASK_UNKNOWN',
        details: [
          { message: 'No task matches "warm-cahe"; did you mean "warm-cache"?' },
          { message: 'No task matches "nothing-like-it"' },
        ],
      }),
    );
  });

  it('keeps line breaks of a name out of the message', () => {
    expect(() => selectTasks([task('a\n::error::b')], 'x')).toThrow(
      expect.objectContaining({
        message: expect.not.stringContaining('\n'),
        advice: expect.not.stringContaining('\n'),
      }),
    );
  });
});

describe('matchesPattern', () => {
  const name = fc.stringMatching(/^[ab/é😀-]{0,12}$/u);
  const pattern = fc.stringMatching(/^[ab/*?é😀-]{0,10}$/u);

  it('agrees with a regular expression', () => {
    const reference = (glob: string) =>
      new RegExp(
        `^${glob.replace(/(?<=^|\/)\*\*+\/|\*\*+|\*|\?/gu, (found) =>
          found === '*' ? '[^/]*' : found === '?' ? '[^/]' : found.endsWith('/') ? '(?:.*/)?' : '.*',
        )}$`,
        'su',
      );
    fc.assert(
      fc.property(name, pattern, (text, glob) => {
        expect(matchesPattern(text, glob)).toBe(text === glob || reference(glob).test(text));
      }),
      { numRuns: 3000 },
    );
  });

  it('selects any task by its own name and by **', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(matchesPattern(text, text)).toBe(true);
        expect(matchesPattern(text, '**')).toBe(true);
      }),
    );
  });

  it('is quick on patterns made to be slow', () => {
    const start = performance.now();
    expect(matchesPattern('a'.repeat(1000), `${'*a'.repeat(100)}b`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('throws nothing but ActionError', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (names, patterns) => {
        try {
          selectTasks(names.map(task), patterns);
        } catch (error) {
          expect(error).toBeInstanceOf(ActionError);
        }
      }),
    );
  });
});
