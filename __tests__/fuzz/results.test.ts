import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ActionError, ERROR_CODES } from '../../src/errors.ts';
import { annotateReport, logReport, redactReport, renderSummary, reportOutputs } from '../../src/report/index.ts';
import { translateStack } from '../../src/report/stack.ts';
import type { Report } from '../../src/report/types.ts';
import { createMask } from '../../src/runner/mask.ts';
import type { RunResult } from '../../src/runs/types.ts';
import { recorder } from '../report/recorder.ts';
import { hostileReport, report, result } from '../report/samples.ts';
import { hold, json, key, number, text } from './arbitraries.ts';

const SECRET = 'hunter2/and+more';
const SUMMARY_LIMIT = 1_048_576;
const secretive = fc.oneof(
  text,
  fc.tuple(text, text).map(([before, after]) => `${before}${SECRET}${after}`),
);
const error = fc.record({ name: secretive, message: secretive, stack: secretive });
const results: fc.Arbitrary<RunResult> = fc
  .record({
    status: fc.constantFrom('COMPLETED' as const, 'FAILED' as const, 'UNKNOWN' as const, 'SKIPPED' as const),
    message: secretive,
    error,
    data: json,
    metadata: fc.dictionary(key, json),
    warnings: fc.array(secretive, { maxLength: 2 }),
    durationMs: number,
    file: fc.oneof(secretive, fc.constant(null)),
  })
  .chain((parts) => secretive.map((task) => result(task, parts)));
const reports: fc.Arbitrary<Report> = fc.oneof(
  secretive.map(hostileReport),
  fc
    .record({ results: fc.array(results, { maxLength: 3 }), notices: fc.array(secretive, { maxLength: 2 }) })
    .map((parts) => report({ status: 'failed', ...parts })),
  fc.tuple(fc.constantFrom(...ERROR_CODES), secretive, secretive).map(([code, message, advice]) => {
    return report({ status: 'failed', error: new ActionError(code, message, { advice, cause: new Error(message) }) });
  }),
);

test('every report goes to every place, whole, and without a secret', async () => {
  const mask = createMask();
  mask.add(SECRET);
  await hold(
    fc.property(reports, (each) => {
      const redacted = redactReport(each, mask);
      const { runner, lines, annotations } = recorder();
      logReport(redacted, runner);
      annotateReport(redacted, runner);
      const summary = renderSummary(redacted);
      const outputs = reportOutputs(redacted, 'file');
      expect(Buffer.byteLength(summary)).toBeLessThan(SUMMARY_LIMIT);
      expect(JSON.parse(outputs.results ?? '')).toHaveLength(each.results.length);
      const everything = [summary, ...lines, JSON.stringify(annotations), JSON.stringify(outputs)].join('\n');
      expect(everything).not.toContain(SECRET);
      expect(everything).not.toContain('hunter2');
    }),
  );
});

test('a stack is translated or left as it is', async () => {
  const frame = fc
    .tuple(text, text, number, number)
    .map(([name, file, line, column]) => `    at ${name} (${file}:${line}:${column})`);
  const map = JSON.stringify({ version: 3, sources: ['functions/tasks/a.ts'], names: [], mappings: 'AAAA' });
  const options = { bundleFile: 'index.mjs', projectRoot: '/p', boundary: '/p', ownFolders: ['/own'] } as const;
  await hold(
    fc.property(text, fc.array(fc.oneof(frame, text), { maxLength: 5 }), (message, frames) => {
      const translated = translateStack(
        { name: 'Error', message, stack: [message, ...frames].join('\n') },
        map,
        options,
      );
      expect(translated.message).toBe(message);
      expect(['string', 'undefined']).toContain(typeof translated.stack);
    }),
  );
});
