import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crashEnvelope, parseEnvelope } from '../../src/runs/envelope.ts';
import { judge } from '../../src/runs/judge.ts';
import { figuresOf, tailLines } from '../../src/runs/log-tail.ts';
import { crashLine } from '../../src/runtime/crash.ts';
import { CRASH_LINE_BYTES, type Envelope, type SerializedError, UNCAUGHT } from '../../src/runtime/protocol.ts';
import { answered } from '../runs/helpers.ts';
import { anything, damaged, deep, hold, json, mutated, number, text } from './arbitraries.ts';

const STATUSES = ['COMPLETED', 'FAILED', 'TIMED_OUT', 'CRASHED', 'SYSTEM_FAILURE', 'CANCELED', 'SKIPPED', 'UNKNOWN'];
const ENVELOPE: Envelope = {
  lumo: 1,
  task: 'seed',
  status: 'FAILED',
  result: { success: false, message: 'no', data: { rows: 1 } },
  error: {
    name: 'Error',
    message: 'no',
    stack: 'Error: no\n    at run (index.mjs:1:1)',
    cause: { name: 'A', message: 'b' },
  },
  retry: { delayMs: 5 },
  hooks: [{ hook: 'onStart', scope: 'task', error: { name: 'Error', message: 'x' } }],
  metadata: { done: 1 },
  logs: [{ number: 1, stream: 'stdout', text: 'line' }],
  droppedLines: 0,
  warnings: ['careful'],
};
const REPORT =
  'START RequestId: 1 Version: 7\n2026-01-01T00:00:00.000Z\t1\tINFO\thello\nREPORT RequestId: 1\tDuration: 12.3 ms\t' +
  'Billed Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 126 MB\tInit Duration: 150.5 ms\t\n';

const died = (error: SerializedError): Envelope => ({
  lumo: 1,
  task: 'seed',
  status: 'FAILED',
  error,
  warnings: [UNCAUGHT],
  logs: [],
  droppedLines: 0,
});
const tail = fc.oneof(text, damaged(REPORT), damaged(crashLine(died({ name: 'Error', message: 'x' }))));
const payload = fc.oneof(
  text,
  fc.oneof(json, mutated(ENVELOPE)).map((value) => JSON.stringify(value) ?? ''),
  damaged(JSON.stringify(ENVELOPE)),
  mutated({ errorType: 'Runtime.ExitError', errorMessage: 'exited', trace: ['a'] }).map((value) =>
    JSON.stringify(value),
  ),
);
const task = fc.record({
  name: fc.constantFrom('seed', 'other'),
  dialect: fc.constantFrom('lumo' as const, 'lifecycle' as const),
  timeoutSeconds: fc.constant(300),
  existing: fc.boolean(),
});

test('an answer is judged whatever it is, and only with its own envelope or value a success', async () => {
  await hold(
    fc.property(payload, tail, fc.option(text, { nil: undefined }), task, (body, logTail, functionError, judged) => {
      const verdict = judge(answered({ payload: body, logTail, functionError }), judged);
      expect(STATUSES).toContain(verdict.status);
      for (const { number: count, text: line } of verdict.log.lines) {
        expect([typeof line, Number.isInteger(count)]).toEqual(['string', true]);
      }
      for (const words of [verdict.message, verdict.error?.message, verdict.error?.name, ...verdict.warnings]) {
        expect(['string', 'undefined']).toContain(typeof words);
      }
      if (verdict.status === 'COMPLETED') expect(functionError).toBeUndefined();
      if (verdict.status === 'COMPLETED' && !judged.existing) {
        expect(parseEnvelope(body, judged)?.status).toBe('COMPLETED');
      }
      expect(() => JSON.stringify(verdict)).not.toThrow();
    }),
  );
});

test('an envelope that is accepted has its shape, all the way down', async () => {
  await hold(
    fc.property(mutated(ENVELOPE), (value) => {
      const envelope = parseEnvelope(JSON.stringify(value), { name: 'seed', dialect: 'lumo' });
      if (envelope === undefined) return;
      expect(envelope).toMatchObject({
        lumo: 1,
        task: 'seed',
        logs: expect.any(Array),
        droppedLines: expect.any(Number),
      });
      for (const line of envelope.logs) expect(['stdout', 'stderr']).toContain(line.stream);
      for (let error = envelope.error; error !== undefined; error = error.cause) {
        expect([typeof error.name, typeof error.message]).toEqual(['string', 'string']);
      }
    }),
  );
});

test.each([1_000, 100_000, 1_000_000])('%i levels of JSON are no answer, and no stack overflows', (levels) => {
  const logs = { ...ENVELOPE, result: 0 };
  const nested = JSON.stringify(logs).replace('"result":0', `"result":${deep(levels)}`);
  const causes = `${'{"name":"E","message":"m","cause":'.repeat(levels)}null${'}'.repeat(levels)}`;
  const chained = JSON.stringify({ ...ENVELOPE, error: 0 }).replace('"error":0', `"error":${causes}`);
  for (const body of [nested, chained, deep(levels)]) {
    for (const existing of [false, true]) {
      const judged = { name: 'seed', dialect: 'lifecycle' as const, timeoutSeconds: 300, existing };
      expect(judge(answered({ payload: body }), judged)).toMatchObject({
        status: 'FAILED',
        error: { name: 'NoResult' },
      });
    }
    expect(crashEnvelope(`LUMO-ENVELOPE ${body}`, { name: 'seed', dialect: 'lumo' })).toBeUndefined();
  }
});

test('figures are numbers or nothing, in whatever the tail holds', async () => {
  const written = fc.oneof(number, fc.constantFrom('1.2.3', '.', '1e400', '9'.repeat(400)));
  const line = fc.tuple(written, written).map(([billed, memory]) => {
    return `REPORT RequestId: x\tBilled Duration: ${billed} ms\tMax Memory Used: ${memory} MB\t`;
  });
  await hold(
    fc.property(fc.oneof(tail, line), (log) => {
      for (const figure of Object.values(figuresOf(log))) {
        expect(figure === undefined || (Number.isFinite(figure) && figure >= 0)).toBe(true);
      }
      expect(tailLines(log, () => false).every(({ text: shown }) => typeof shown === 'string')).toBe(true);
    }),
  );
});

test('the crash line holds what it says in 2 KB, and is read again', async () => {
  const error = fc.record({ name: text, message: fc.string({ unit: 'binary', maxLength: 3_000 }), stack: text });
  await hold(
    fc.property(error, (thrown) => {
      const line = crashLine(died(thrown));
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(CRASH_LINE_BYTES);
      expect(crashEnvelope(`noise\n${line}\nEND`, { name: 'seed', dialect: 'lumo' })).toMatchObject({
        status: 'FAILED',
      });
    }),
  );
});

test('a crash line can tell of a failure only', async () => {
  await hold(
    fc.property(fc.oneof(anything, mutated(ENVELOPE)), (value) => {
      let body = 'undefined';
      try {
        body = JSON.stringify(value) ?? body;
      } catch {
        return;
      }
      const envelope = crashEnvelope(`LUMO-ENVELOPE ${body}`, { name: 'seed', dialect: 'lumo' });
      if (envelope !== undefined) expect(envelope).toMatchObject({ status: 'FAILED', error: expect.any(Object) });
    }),
  );
});
