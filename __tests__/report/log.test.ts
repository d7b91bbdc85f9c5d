import { describe, expect, it } from 'vitest';
import { ActionError } from '../../src/errors.ts';
import { logReport, renderError } from '../../src/report/index.ts';
import type { Report } from '../../src/report/types.ts';
import { recorder } from './recorder.ts';
import { report, SAMPLES } from './samples.ts';

function log(subject: Report): string {
  const { runner, lines } = recorder();
  logReport(subject, runner);
  return `${lines.join('\n')}\n`;
}

describe('logReport', () => {
  for (const name of [
    'success',
    'first-deploy',
    'failure',
    'time-out',
    'lifecycle',
    'superseded',
    'plan',
    'configuration-error',
  ]) {
    it(`ends the log of ${name} as in its golden file`, async () => {
      await expect(log(SAMPLES[name]?.() ?? report())).toMatchFileSnapshot(`golden/${name}.log`);
    });
  }

  it('says in one line that nothing changed', () => {
    const functions = ['a', 'b'].map((task) => ({ task, function: task, action: 'unchanged' as const, reasons: [] }));
    expect(log(report({ functions }))).toContain('\nAll 2 functions unchanged.\n'.trimStart());
  });
});

describe('renderError', () => {
  it('says code, message, where, findings, causes and what to do', () => {
    const error = new ActionError('CONFIG_LOAD_FAILED', 'lumo.config.ts threw', {
      advice: 'Fix it.',
      location: { file: 'lumo.config.ts', line: 3, column: 1, key: 'tasks' },
      details: [{ message: 'first', location: { file: 'a.ts', line: 2 } }, { message: 'second' }],
      cause: new TypeError('x is not a function', { cause: 'a string' }),
    });
    expect(renderError(error)).toEqual([
      'CONFIG_LOAD_FAILED: lumo.config.ts threw',
      '  at lumo.config.ts:3:1 (tasks)',
      '  - a.ts:2: first',
      '  - second',
      '  caused by TypeError: x is not a function',
      '  caused by a string',
      '  What to do: Fix it.',
    ]);
  });

  it('ends on causes that go in a circle, and finds words for a refused connection', () => {
    const circle = new Error('round');
    circle.cause = circle;
    const refused = Object.assign(new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:9')]), {
      code: 'ECONNREFUSED',
    });
    const lines = (cause: unknown): string[] => renderError(new ActionError('AWS_FAILED', 'm', { advice: 'a', cause }));
    expect(lines(circle).length).toBeLessThan(15);
    expect(lines(refused)).toEqual([
      'AWS_FAILED: m',
      '  caused by AggregateError: ECONNREFUSED',
      '  caused by connect ECONNREFUSED 127.0.0.1:9',
      '  What to do: a',
    ]);
  });
});
