import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportOutputs } from '../../src/report/index.ts';
import type { Report } from '../../src/report/types.ts';
import { failedMigration, LUMO, report, result, SAMPLES, skipped } from './samples.ts';

const outputs = (subject: Report): Record<string, string> => reportOutputs(subject, '/tmp/results.json');
const json = (text: string | undefined): unknown[] => JSON.parse(text ?? '') as unknown[];

describe('reportOutputs', () => {
  it('sets every output of the action', () => {
    const results = [failedMigration(), skipped('b', 'not selected'), result('c'), result('d')];
    const { results: resultsJson, ...rest } = outputs(report({ status: 'failed', recorded: false, results }));
    expect(rest).toEqual({
      version: '1.4.0',
      'previous-version': '1.3.2',
      'is-first-deploy': 'false',
      'history-source': 'marker',
      phase: 'update',
      environment: 'production',
      status: 'failed',
      recorded: 'false',
      succeeded: '2',
      failed: '1',
      skipped: '1',
      'results-file': '/tmp/results.json',
      plan: '[]',
    });
    expect(json(resultsJson)).toEqual(JSON.parse(JSON.stringify(results)));
  });

  it('leaves empty what was not found out', () => {
    expect(outputs(report({ history: undefined, version: '' }))).toMatchObject({
      version: '',
      'previous-version': '',
      'is-first-deploy': '',
      'history-source': '',
      phase: '',
      results: '[]',
    });
  });

  it('drops metadata and the stacks of hooks likewise', () => {
    const lifecycle = SAMPLES.lifecycle?.() ?? report();
    const results = [...lifecycle.results, result('large', { data: 'd'.repeat(350_000) })];
    const [entry] = json(outputs({ ...lifecycle, results }).results);
    expect(entry).not.toHaveProperty('metadata');
    expect(entry).toMatchObject({ attempts: [{ hooks: [{ hook: 'onStart', error: { line: 9 } }] }, {}] });
    expect(JSON.stringify(entry)).not.toContain('at notify');
  });

  it('drops data and stacks of results that are too long, and nothing else', () => {
    const failed = { ...failedMigration(), data: { text: 'd'.repeat(350_000) } };
    const text = outputs(report({ results: [failed] })).results ?? '';
    expect(text.length).toBeLessThan(5_000);
    const [entry] = json(text);
    expect(entry).toMatchObject({
      status: 'FAILED',
      error: { message: '003_orders.sql could not be applied', line: 41, cause: { cause: { name: 'Error' } } },
    });
    expect(text).not.toMatch(/"stack"|"data"/);
  });

  it('plans each task, and the functions that go', () => {
    const plan = json(outputs(SAMPLES.plan?.() ?? report()).plan);
    expect(plan).toMatchObject([
      { task: 'run-migrations', run: true, action: 'update' },
      { task: 'seed-database', run: false, action: 'unchanged' },
      { task: 'old-task', run: false, action: 'delete' },
    ]);
  });

  it('is JSON within its limits, whatever the report', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 1_000 }), (tasks, length) => {
        const text = 'ü'.repeat(length);
        const subject = report({
          command: 'plan',
          status: 'planned',
          results: Array.from({ length: tasks }, (_, index) => {
            return { ...failedMigration(), task: `task-${index}`, message: text, data: text };
          }),
          plan: Array.from({ length: tasks }, (_, index) => {
            const task = `task-${index}`;
            return {
              task,
              file: task,
              function: text,
              action: 'create',
              reasons: [text],
              run: true,
              reason: text,
              ...LUMO,
            };
          }),
        });
        const { results, plan } = outputs(subject);
        expect(results?.length).toBeLessThanOrEqual(300_000);
        expect(plan?.length).toBeLessThanOrEqual(100_000);
        for (const text of [results, plan]) {
          const entries = json(text) as { task?: string; omitted?: number }[];
          const omitted = entries.at(-1)?.omitted ?? 0;
          expect(entries.filter(({ task }) => task !== undefined).length + omitted).toBe(tasks);
        }
      }),
      { numRuns: 10, examples: [[4_000, 10]] },
    );
  });
});
