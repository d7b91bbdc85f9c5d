import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderSummary } from '../../src/report/index.ts';
import { shapeOf } from './markdown.ts';
import { failedMigration, HOSTILE, hostileReport, report, result, SAMPLES, skipped } from './samples.ts';

describe('renderSummary', () => {
  for (const [name, sample] of Object.entries(SAMPLES)) {
    it(`renders ${name} as in its golden file`, async () => {
      await expect(renderSummary(sample(), name === '500-tasks' ? 60_000 : undefined)).toMatchFileSnapshot(
        `golden/${name}.md`,
      );
    });
  }

  it('never exceeds its limit, and closes what it opened, whatever the report', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4_000, max: 40_000 }),
        fc.integer({ min: 0, max: 8 }),
        fc.string({ unit: 'binary', maxLength: 300 }),
        (limit, tasks, text) => {
          const hostile = hostileReport(`${text}${HOSTILE}`);
          const results = Array.from({ length: tasks }, () => hostile.results.slice(0, 1)).flat();
          const summary = renderSummary({ ...hostile, results }, limit);
          const { openFences, openDetails } = shapeOf(summary);
          expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(limit);
          expect({ openFences, openDetails }).toEqual({ openFences: 0, openDetails: 0 });
        },
      ),
      { numRuns: 20 },
    );
  });

  it('sheds data first, then stacks, then long messages, then rows, and says so', () => {
    const long = report({
      results: Array.from({ length: 100 }, () => ({
        ...failedMigration(),
        message: 'm'.repeat(2_000),
        error: {
          name: 'Error',
          message: 'm'.repeat(2_000),
          stack: `Error\n${'    at frame (a.ts:1:1)\n'.repeat(100)}`,
        },
        data: { text: 'd'.repeat(3_000) },
      })),
    });
    const full = renderSummary(long, Number.POSITIVE_INFINITY);
    const shapes = [full.length, 700_000, 450_000, 150_000, 20_000].map((limit) => {
      const summary = renderSummary(long, limit);
      return {
        data: summary.includes('ddd'),
        stacks: summary.includes('at frame'),
        longMessages: summary.includes('m'.repeat(1_000)),
        allTasks: !summary.includes('more failed task'),
      };
    });
    expect(shapes).toEqual([
      { data: true, stacks: true, longMessages: true, allTasks: true },
      { data: false, stacks: true, longMessages: true, allTasks: true },
      { data: false, stacks: false, longMessages: true, allTasks: true },
      { data: false, stacks: false, longMessages: false, allTasks: true },
      { data: false, stacks: false, longMessages: false, allTasks: false },
    ]);
    expect(full).not.toContain('Shortened');
    expect(renderSummary(long, 700_000)).toContain('Shortened');
  });

  it('counts bytes, not characters', () => {
    const umlauts = report({ results: [result('a', { data: 'ü'.repeat(8_000) })] });
    const size = Buffer.byteLength(renderSummary(umlauts));
    expect(size).toBeGreaterThan(16_000);
    expect(Buffer.byteLength(renderSummary(umlauts, size - 1))).toBeLessThan(size);
  });

  it('keeps the failed task when rows are left out', () => {
    const results = [...Array.from({ length: 3_000 }, (_, index) => skipped(`task-${index}`, 'not selected'))];
    const summary = renderSummary(report({ status: 'failed', results: [...results, failedMigration()] }), 30_000);
    expect(summary).toContain('<code>run-migrations</code> | failed');
    expect(summary).toContain('more.');
  });

  it('shows nothing of others as markup', () => {
    const { text } = shapeOf(renderSummary(hostileReport(HOSTILE)));
    const withoutOurs = text.replaceAll(/<\/?(?:details|summary|code|br|span)>/g, '');
    expect(withoutOurs).not.toMatch(/<|>/);
    expect(text).not.toMatch(/@\w|:\/\/|\bwww\.|\]\(|(?<!&)#\d|:tada:/);
    expect(text).not.toMatch(/^(?:# |```|\[)/m);
  });
});
