import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ActionError } from '../../src/errors.ts';
import { judge } from '../../src/runs/judge.ts';
import { figuresOf, tailLines } from '../../src/runs/log-tail.ts';
import { isOk } from '../../src/runs/types.ts';
import { answered, envelope } from './helpers.ts';

const OURS = { name: 'seed', dialect: 'lumo', timeoutSeconds: 300, existing: false } as const;
const THEIRS = { ...OURS, existing: true };
const REPORT = [
  'START RequestId: 1-2 Version: 7',
  '2026-01-01T00:00:00.000Z\t1-2\tINFO\thello\rworld',
  '2026-01-01T00:00:00.000Z\t1-2\tERROR\toh no',
  'END RequestId: 1-2',
  'REPORT RequestId: 1-2\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 126 MB\tInit Duration: 150.50 ms\t',
  '',
].join('\n');

function failure(type: string, message: string, logTail = '', trace: string[] = []) {
  const payload = JSON.stringify({ ...(type && { errorType: type }), errorMessage: message, trace });
  return answered({ functionError: 'Unhandled', payload, logTail });
}

describe('transport', () => {
  test('a lost connection is unknown, and says that it was not started again', () => {
    const verdict = judge({ kind: 'unknown', reason: 'the connection was lost', requestId: undefined }, OURS);
    expect(verdict).toMatchObject({ status: 'UNKNOWN', reason: 'the connection was lost' });
    expect(verdict.message).toContain('may have run');
  });

  test('a refusal carries the advice', () => {
    const error = new ActionError('ACCESS_DENIED', 'may not', { advice: 'Add this statement' });
    expect(judge({ kind: 'refused', error }, OURS)).toMatchObject({
      status: 'SYSTEM_FAILURE',
      message: 'The task was not started. may not Add this statement',
      error: { name: 'ACCESS_DENIED' },
    });
    expect(judge({ kind: 'canceled' }, OURS)).toMatchObject({ status: 'CANCELED' });
  });
});

describe('what Lambda calls a failure', () => {
  test.each([
    [
      'Sandbox.Timedout',
      'RequestId: 1-2 Error: Task timed out after 3.00 seconds',
      'TIMED_OUT',
      /after 3 s.*tasks\.seed\.timeout, at most to 900/,
    ],
    ['', '2026-01-01T00:00:00.000Z 1-2 Task timed out after 900.00 seconds', 'TIMED_OUT', /allows no more: split/],
    [
      'Runtime.ExitError',
      'RequestId: 1-2 Error: Runtime exited with error: exit status 3',
      'CRASHED',
      /exit code 3.*process\.exit/,
    ],
    ['Runtime.ExitError', 'RequestId: 1-2 Error: Runtime exited without providing a reason', 'CRASHED', /exit code 0/],
    [
      'Runtime.ExitError',
      'RequestId: 1-2 Error: Runtime exited with error: signal: segmentation fault',
      'CRASHED',
      /signal: segmentation fault/,
    ],
    ['Runtime.ExitError', 'RequestId: 1-2 Error: Runtime exited with error: exit status 13', 'FAILED', /never settled/],
    ['Runtime.NodeJsExit', '', 'FAILED', /never settled/],
    [
      'Runtime.OutOfMemory',
      'RequestId: 1-2 Error: Runtime exited with error: signal: killed',
      'CRASHED',
      /Out of memory.*tasks\.seed\.memory/,
    ],
    [
      'Runtime.ImportModuleError',
      "Error: Cannot find package 'sharp'",
      'SYSTEM_FAILURE',
      /could not be loaded.*sharp.*build\.exclude/,
    ],
    ['Runtime.UserCodeSyntaxError', 'SyntaxError: Unexpected token', 'SYSTEM_FAILURE', /Unexpected token/],
    ['Runtime.HandlerNotFound', 'index.handler is undefined', 'SYSTEM_FAILURE', /could not be loaded/],
    ['RangeError', 'at the top', 'SYSTEM_FAILURE', /RangeError: at the top.*outside the function run/],
    ['Runtime.UnhandledPromiseRejection', 'Error: nobody awaited', 'FAILED', /nobody awaited/],
    ['Function.ResponseSizeTooLarge', 'Response payload size exceeded', 'FAILED', /did not take its answer/],
  ])('%s %s', (type, message, status, expected) => {
    const verdict = judge(failure(type, message), OURS);
    expect(verdict.status).toBe(status);
    expect(verdict.message).toMatch(expected);
    expect(verdict.error?.name).toBeTruthy();
  });

  test('killed near the limit is out of memory, far from it probably so, and V8 says so itself', () => {
    const killed = 'RequestId: 1-2 Error: Runtime exited with error: signal: killed';
    expect(judge(failure('Runtime.ExitError', killed, REPORT), OURS)).toMatchObject({
      status: 'CRASHED',
      message: 'Out of memory: used 126 of 128 MB. Raise tasks.seed.memory.',
    });
    expect(judge(failure('Runtime.ExitError', killed, REPORT.replace('126 MB', '70 MB')), OURS).message).toMatch(
      /killed \(signal: killed\).*used 70 of 128 MB/,
    );
    const heap = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory';
    expect(
      judge(failure('Runtime.ExitError', 'Runtime exited with error: signal: aborted', heap), OURS).message,
    ).toMatch(/^Out of memory/);
  });

  test('a task cannot fake a time-out by an error of its own', () => {
    expect(judge(failure('Error', 'Task timed out after 3 seconds'), THEIRS).status).toBe('FAILED');
  });

  test('the trace becomes the stack', () => {
    const trace = ['RangeError: at the top', '    at file:///var/task/index.mjs:1:7'];
    expect(judge(failure('RangeError', 'at the top', '', trace), OURS).error?.stack).toBe(trace.join('\n'));
  });

  test('the marked line of a dying process tells what happened, and only a failure', () => {
    const exit = 'Runtime exited with error: exit status 1';
    const line = (status: string) =>
      `noiseLUMO-ENVELOPE ${envelope('seed', { status, result: undefined, error: { name: 'RangeError', message: 'late', stack: 's' }, warnings: ['TASK_RUN_UNCAUGHT_EXCEPTION: x'] })}\n${REPORT}`;
    expect(judge(failure('Runtime.ExitError', exit, line('FAILED')), OURS)).toMatchObject({
      status: 'FAILED',
      message: 'late',
      error: { name: 'RangeError', stack: 's' },
      log: { lines: [{ text: 'hello\rworld' }, { text: 'oh no', stream: 'stderr' }] },
      warnings: ['TASK_RUN_UNCAUGHT_EXCEPTION: x'],
    });
    expect(judge(failure('Runtime.ExitError', exit, line('COMPLETED')), OURS).status).toBe('CRASHED');
    expect(judge(failure('Runtime.ExitError', exit, `LUMO-ENVELOPE ${envelope('seed')}`), OURS).status).toBe('CRASHED');
    expect(judge(failure('Runtime.ExitError', exit, 'LUMO-ENVELOPE {"cut'), OURS).status).toBe('CRASHED');
  });
});

describe('our envelope', () => {
  test('a success', () => {
    const payload = envelope('seed', { result: { success: true, message: 'ok', data: { n: 1 } }, warnings: ['cut'] });
    expect(judge(answered({ payload, logTail: REPORT }), OURS)).toEqual({
      status: 'COMPLETED',
      message: 'ok',
      data: { n: 1 },
      log: { lines: [{ number: 1, stream: 'stdout', text: 'hello from seed' }], droppedLines: 0 },
      warnings: ['cut'],
    });
  });

  test('success: false has the message and no error; a thrown error has its causes', () => {
    const no = judge(
      answered({ payload: envelope('seed', { status: 'FAILED', result: { success: false, message: 'no' } }) }),
      OURS,
    );
    expect(no).toMatchObject({ status: 'FAILED', message: 'no' });
    expect(no.error).toBeUndefined();
    const error = { name: 'A', message: 'a', stack: 'sa', cause: { name: 'B', message: 'b' } };
    expect(
      judge(answered({ payload: envelope('seed', { status: 'FAILED', result: undefined, error }) }), OURS),
    ).toMatchObject({
      status: 'FAILED',
      message: 'a',
      error,
    });
  });

  test.each([
    ['null', 'null'],
    ['', 'an empty answer'],
    ['not json', 'not json'],
    ['{"success":true,"message":"mine"}', 'mine'],
    [envelope('other'), 'other'],
    [envelope('seed', { lumo: 2 }), 'lumo'],
    [envelope('seed', { logs: 'none' }), 'none'],
    [envelope('seed', { logs: [{ number: 1, stream: 'x', text: '' }] }), 'lumo'],
    [envelope('seed', { status: 'DONE' }), 'DONE'],
    [envelope('seed', { result: { success: false, message: 'x' } }), 'lumo'],
    [envelope('seed', { result: null }), 'lumo'],
    [envelope('seed', { status: 'FAILED' }), 'lumo'],
  ])('anything else has returned no result: %s', (payload, shown) => {
    const verdict = judge(answered({ payload, logTail: REPORT }), OURS);
    expect(verdict).toMatchObject({ status: 'FAILED', error: { name: 'NoResult' }, log: { lines: [{}, {}] } });
    expect(verdict.message).toContain('returned no result');
    expect(verdict.message).toContain(shown);
  });

  describe('of a lifecycle task', () => {
    const LIFECYCLE = { ...OURS, dialect: 'lifecycle' } as const;
    const error = { name: 'TypeError', message: 'boom' };
    const verdictOf = (changes: Record<string, unknown>) =>
      judge(answered({ payload: envelope('seed', changes) }), LIFECYCLE);

    test.each([
      ['an object', { success: false, message: 'mine' }],
      ['an array', [1, null]],
      ['a string', 'done'],
      ['zero', 0],
      ['null', null],
      ['nothing', undefined],
    ])('its output is %s', (_, result) => {
      const verdict = verdictOf({ result });
      expect(verdict).toMatchObject({ status: 'COMPLETED', ...(result !== undefined && { data: result }) });
      expect(verdict).not.toHaveProperty('message');
      expect('data' in verdict).toBe(result !== undefined);
    });

    test.each(['FAILED', 'TIMED_OUT', 'CRASHED', 'SYSTEM_FAILURE', 'CANCELED'])('%s', (status) => {
      expect(verdictOf({ status, result: undefined, error })).toMatchObject({ status, message: 'boom', error });
    });

    test('a cancelled one needs no reason, every other failure does', () => {
      expect(verdictOf({ status: 'CANCELED', result: undefined }).status).toBe('CANCELED');
      expect(verdictOf({ status: 'TIMED_OUT', result: undefined }).error?.name).toBe('NoResult');
      expect(verdictOf({ status: 'FAILED', result: { success: false, message: 'x' } }).error?.name).toBe('NoResult');
    });

    test('who decides about the next attempt', () => {
      const failedWith = (changes: object) =>
        verdictOf({ status: 'FAILED', result: undefined, error, ...changes }).retry;
      expect(failedWith({})).toBeUndefined();
      expect(failedWith({ retry: { delayMs: 5 } })).toEqual({ by: 'envelope', delayMs: 5 });
      expect(failedWith({ retry: { delayMs: 5 }, outOfMemory: true })).toEqual({ by: 'memory' });
      expect(failedWith({ retry: { delayMs: 5 }, status: 'CRASHED' })).toBeUndefined();
    });

    test.each([
      { retry: { delayMs: -1 } } as Record<string, unknown>,
      { retry: { delayMs: '5' } },
      { hooks: [{ hook: 'onStart', scope: 'mine', error: { name: '', message: '' } }] },
      { hooks: {} },
      { metadata: [] },
    ])('what is not of the protocol is no result: %j', (changes) => {
      expect(verdictOf(changes).error?.name).toBe('NoResult');
    });
  });

  test('no answer but a complete one is ever a success', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.anything().map((value) => JSON.stringify(value) ?? ''),
        ),
        fc.string(),
        (payload, functionError) => {
          expect(isOk(judge(answered({ payload, functionError: undefined }), OURS).status)).toBe(false);
          expect(isOk(judge(answered({ payload: envelope('seed'), functionError }), OURS).status)).toBe(false);
          expect(isOk(judge(answered({ payload, functionError }), THEIRS).status)).toBe(false);
        },
      ),
    );
  });
});

describe('a Lambda of the user', () => {
  test.each([
    ['{"success":true,"message":"ok","data":{"a":1}}', { status: 'COMPLETED', message: 'ok', data: { a: 1 } }],
    ['{"success":false,"message":"no"}', { status: 'FAILED', message: 'no' }],
    ['{"success":false,"error":"x"}', { status: 'FAILED', data: { success: false, error: 'x' } }],
    [
      '{"statusCode":200,"body":"fine"}',
      { status: 'COMPLETED', message: 'fine', data: { statusCode: 200, body: 'fine' } },
    ],
    ['{"statusCode":500,"body":"bad"}', { status: 'FAILED', message: 'bad' }],
    ['{"statusCode":"404"}', { status: 'FAILED', message: 'The function answered {"statusCode":"404"}' }],
    ['{"applied":3}', { status: 'COMPLETED', data: { applied: 3 } }],
    ['[1]', { status: 'COMPLETED', data: [1] }],
    ['"done"', { status: 'COMPLETED', data: 'done' }],
    ['null', { status: 'FAILED', message: expect.stringContaining('returned no result') }],
    ['', { status: 'FAILED', message: expect.stringContaining('an empty answer') }],
    ['<html>', { status: 'FAILED', message: expect.stringContaining('returned no result') }],
  ])('%s', (payload, expected) => {
    expect(judge(answered({ payload }), THEIRS)).toMatchObject(expected);
  });

  test('its errors are its own, of every runtime', () => {
    const python = JSON.stringify({
      errorType: 'KeyError',
      errorMessage: "'x'",
      stackTrace: ['  File "a.py", line 1\n'],
    });
    expect(judge(answered({ functionError: 'Unhandled', payload: python }), THEIRS)).toMatchObject({
      status: 'FAILED',
      error: { name: 'KeyError', message: "'x'", stack: '  File "a.py", line 1\n' },
    });
    expect(judge(failure('Sandbox.Timedout', 'Task timed out after 3.00 seconds'), THEIRS)).toMatchObject({
      status: 'TIMED_OUT',
      message: expect.stringContaining('Raise the Timeout of the function'),
    });
    expect(judge(failure('Runtime.ImportModuleError', 'x'), THEIRS).status).toBe('SYSTEM_FAILURE');
  });
});

describe('the log tail', () => {
  test('figures, as text, as JSON and from the last report only', () => {
    const figures = { billedMs: 13, memorySizeMb: 128, maxMemoryMb: 126, initMs: 150.5 };
    expect(figuresOf(REPORT)).toEqual(figures);
    expect(figuresOf(`REPORT RequestId: x\tBilled Duration: 99999 ms\n${REPORT}`)).toEqual(figures);
    expect(
      figuresOf(
        '{"time":"t","type":"platform.report","record":{"requestId":"1","metrics":{"durationMs":1.5,"billedDurationMs":2,"memorySizeMB":128,"maxMemoryUsedMB":64}}}',
      ),
    ).toEqual({ billedMs: 2, memorySizeMb: 128, maxMemoryMb: 64, initMs: undefined });
    expect(figuresOf('')).toEqual({
      billedMs: undefined,
      memorySizeMb: undefined,
      maxMemoryMb: undefined,
      initMs: undefined,
    });
  });

  test('lines without those of the system, and a note when they are the last of many', () => {
    expect(tailLines(REPORT, () => false)).toEqual([
      { number: 1, stream: 'stdout', text: 'hello\rworld' },
      { number: 2, stream: 'stderr', text: 'oh no' },
    ]);
    const full = tailLines(`${'x'.repeat(4000)}\n${'y'.repeat(95)}`, () => false);
    expect(full[0]?.text).toMatch(/^…/);
    expect(full).toHaveLength(3);
    // The first line may have lost its beginning.
    expect(full[1]?.text).toMatch(/^…x+$/);
  });
});
