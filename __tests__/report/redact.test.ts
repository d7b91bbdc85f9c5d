import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../src/errors.ts';
import { logReport, redactReport, renderSummary, reportOutputs, writeResultsFile } from '../../src/report/index.ts';
import { createMask } from '../../src/runner/mask.ts';
import { recorder } from './recorder.ts';
import { hostileReport, report, result } from './samples.ts';

const SECRET = 's3cret-v4lue';

describe('redactReport', () => {
  it('leaves the secret in no place people or machines read', async () => {
    const { runner, lines } = recorder();
    const redacted = redactReport(hostileReport(`a ${SECRET} b`), runner);
    const folder = await mkdtemp(path.join(os.tmpdir(), 'redact-'));
    const file = path.join(folder, 'deep/results.json');
    await writeResultsFile(redacted, file);
    logReport(redacted, runner);
    const everything = [
      renderSummary(redacted),
      JSON.stringify(reportOutputs(redacted, file)),
      await readFile(file, 'utf8'),
      ...lines,
    ].join('\n');
    await rm(folder, { recursive: true });
    expect(everything).not.toContain(SECRET);
    expect(everything).toContain('a *** b');
  });

  it('finds a secret that escaping would have hidden', () => {
    const mask = createMask();
    mask.add('pa|ss<w*rd>_1');
    const summary = renderSummary(
      redactReport(report({ results: [result('a', { message: 'is pa|ss<w*rd>_1' })] }), mask),
    );
    expect(summary).toContain('is &#42;&#42;&#42;');
    expect(summary).not.toContain('ss&lt;');
  });

  it('shows no data at all when the secret is spread over it', () => {
    const mask = createMask();
    mask.add('{"user":"shop","port":5432}');
    const spread = { db: { user: 'shop', port: 5432 } };
    const [redacted] = redactReport(
      report({ results: [result('a', { data: spread, metadata: spread })] }),
      mask,
    ).results;
    expect(redacted?.data).toBe('***');
    expect(redacted?.metadata).toEqual({ '***': '***' });
  });

  it('keeps the error an ActionError, with its causes', () => {
    const cause = new Error('inner s3cret-v4lue', { cause: new TypeError('root') });
    const error = new ActionError('AWS_FAILED', 'outer s3cret-v4lue', { advice: 'do s3cret-v4lue', cause });
    const redacted = redactReport(report({ error }), recorder().runner).error;
    expect(redacted).toBeInstanceOf(ActionError);
    expect(redacted).toMatchObject({
      code: 'AWS_FAILED',
      message: 'outer ***',
      advice: 'do ***',
      cause: { message: 'inner ***', cause: { name: 'TypeError', message: 'root' } },
    });
  });
});

describe('writeResultsFile', () => {
  it('writes the whole report, the error with its message', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'results-'));
    const file = path.join(folder, 'results.json');
    const error = new ActionError('LOCK_HELD', 'held', { advice: 'wait', cause: new Error('why') });
    await writeResultsFile(report({ error, results: [result('a', { data: { rows: 3 } })] }), file);
    const written: unknown = JSON.parse(await readFile(file, 'utf8'));
    await rm(folder, { recursive: true });
    expect(written).toMatchObject({
      schema: 1,
      project: 'storefront',
      results: [{ task: 'a', data: { rows: 3 } }],
      error: { code: 'LOCK_HELD', message: 'held', advice: 'wait', cause: { message: 'why' } },
    });
  });
});
