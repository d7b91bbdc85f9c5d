import { describe, expect, it } from 'vitest';
import { ActionError } from '../../src/errors.ts';
import { annotateReport } from '../../src/report/index.ts';
import type { Report } from '../../src/report/types.ts';
import type { Annotation } from '../../src/runner/types.ts';
import { recorder } from './recorder.ts';
import { failedMigration, report, result, SAMPLES, skipped } from './samples.ts';

function annotate(subject: Report): Annotation[] {
  const { runner, annotations } = recorder();
  annotateReport(subject, runner);
  return annotations;
}

describe('annotateReport', () => {
  it('points at the line of the failed task, with the chain of causes', () => {
    expect(annotate(report({ results: [failedMigration(), skipped('warm-cache', 'x'), result('ok')] }))).toEqual([
      {
        level: 'error',
        title: 'Task run-migrations failed',
        message: [
          'MigrationError: 003_orders.sql could not be applied',
          'caused by error: relation "users" does not exist',
          'caused by connection terminated',
        ].join('\n'),
        location: { file: 'functions/lib/migrations.ts', line: 41, column: 11 },
      },
    ]);
  });

  it('says in one notice that newer code is deployed already', () => {
    const subject = SAMPLES.superseded?.() ?? report();
    expect(annotate(subject)).toEqual([
      { level: 'notice', title: 'Superseded', message: subject.superseded?.explanation },
    ]);
  });

  it('takes the position of a cause when the error itself has none', () => {
    const cause = { name: 'Error', message: 'inner', file: 'functions/tasks/a.ts', line: 5, column: 2 };
    const failed = result('a', { status: 'FAILED', error: { name: 'Error', message: 'outer', cause } });
    expect(annotate(report({ results: [failed] }))[0]?.location).toEqual({
      file: 'functions/tasks/a.ts',
      line: 5,
      column: 2,
    });
  });

  it('points at the file of a task without a position, inside the workspace', () => {
    const timedOut = result('process-assets', { status: 'TIMED_OUT', message: 'Timed out after 300 s.' });
    const [annotation] = annotate(report({ projectPath: 'apps/shop', results: [timedOut] }));
    expect(annotation).toEqual({
      level: 'error',
      title: 'Task process-assets timed out',
      message: 'Timed out after 300 s.',
      location: { file: 'apps/shop/functions/tasks/process-assets.ts' },
    });
    expect(annotate(report({ results: [{ ...timedOut, file: null }] }))[0]).not.toHaveProperty('location');
  });

  it('warns of every hook that threw, at its line, and says calmly what was cancelled', () => {
    const annotations = annotate(SAMPLES.lifecycle?.() ?? report());
    const summary = annotations.map(({ level, title, location }) => [level, title, location?.file, location?.line]);
    expect(summary).toEqual([
      ['error', 'Task resize-images crashed', 'functions/tasks/resize-images.ts', undefined],
      ['notice', 'Task warm-cache cancelled', 'functions/tasks/warm-cache.ts', undefined],
      ['warning', 'Task sync-search', 'functions/lib/slack.ts', 9],
      ['warning', 'Task sync-search', 'functions/lib/slack.ts', 9],
    ]);
    expect(annotations[3]?.message).toBe('its hook onSuccess threw in attempt 2, the run went on: slack answered 503');
  });

  it('makes one annotation for each finding with a position, and one for the others', () => {
    const annotations = annotate(SAMPLES['configuration-error']?.() ?? report());
    expect(annotations.map(({ title, location }) => [title, location?.line])).toEqual([
      ['CONFIG_INVALID', undefined],
      ['CONFIG_INVALID tasks.run-migrations.timeout', 9],
      ['CONFIG_INVALID tasks.run-migrations.copyAsset', 12],
    ]);
    expect(annotations[0]?.message).toContain('- projectName: is required.');
    for (const { message } of annotations) expect(message).toContain('Correct the keys named above');
  });

  it('makes no overall annotation when every finding has a position', () => {
    const error = new ActionError('TASK_BUNDLE_FAILED', '2 errors', {
      advice: 'Fix them.',
      details: [1, 2].map((line) => ({ message: 'Unexpected ";"', location: { file: 'a.ts', line } })),
    });
    expect(annotate(report({ status: 'failed', error })).map(({ location }) => location?.line)).toEqual([1, 2]);
  });

  it('puts those that point at a line first', () => {
    const error = { name: 'Error', message: 'no', file: 'functions/tasks/last.ts', line: 3 };
    const results = Array.from({ length: 30 }, (_, index) => result(`t${index}`, { status: 'TIMED_OUT' }));
    const annotations = annotate(report({ results: [...results, result('last', { status: 'FAILED', error })] }));
    expect(annotations[0]).toMatchObject({ title: 'Task last failed', location: { line: 3 } });
  });

  it('makes the ten that GitHub shows, and says how many there are more', () => {
    const results = Array.from({ length: 30 }, (_, index) => result(`t${index}`, { status: 'FAILED' }));
    const annotations = annotate(report({ results }));
    expect(annotations).toHaveLength(10);
    expect(annotations.at(-1)?.message).toBe('21 more, see the summary.');
  });

  it('keeps the advice of a message that is too long', () => {
    const error = new ActionError('AWS_FAILED', 'x'.repeat(10_000), { advice: 'Do this.' });
    const [annotation] = annotate(report({ status: 'failed', error }));
    expect(annotation?.message.length).toBeLessThanOrEqual(4_000);
    expect(annotation?.message).toMatch(/…\nDo this\.$/);
  });

  it('leaves a terminal alone', () => {
    const { runner, annotations } = recorder(false);
    annotateReport(report({ results: [failedMigration()] }), runner);
    expect(annotations).toEqual([]);
  });
});
