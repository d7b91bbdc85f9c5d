import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { READ_RATE, rateLimiter, WRITE_RATE } from '../../src/aws/limiter.ts';
import { retryControlPlane } from '../../src/aws/retry.ts';
import { manualClock, recordingLog } from './helpers.ts';

function refusal(name: string, message: string, status: number): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}

function failing(error: Error, times = Number.POSITIVE_INFINITY) {
  let calls = 0;
  const request = async (): Promise<string> => {
    calls++;
    if (calls <= times) throw error;
    return 'done';
  };
  return { request, calls: () => calls };
}

async function attempt(error: Error, times?: number, limitMs?: number) {
  const clock = manualClock();
  const log = recordingLog();
  const { request, calls } = failing(error, times);
  const start = clock.now();
  const options = { clock, log, what: 'CreateFunction shop--dev--seed', ...(limitMs && { limitMs }) };
  const outcome = await retryControlPlane(request, options).catch((thrown: unknown) => thrown);
  return { outcome, calls: calls(), lines: log.lines, elapsed: clock.now() - start, slept: clock.slept };
}

describe('retries', () => {
  test.each([
    ['throttled', refusal('TooManyRequestsException', 'Rate exceeded', 429)],
    ['update in progress', refusal('ResourceConflictException', 'An update is in progress for resource: x', 409)],
    ['error of AWS', refusal('ServiceException', 'oops', 500)],
    ['connection', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
    [
      'new role',
      refusal('InvalidParameterValueException', 'The role defined for the function cannot be assumed by Lambda.', 400),
    ],
  ])('%s passes: tried again, one line each', async (_name, error) => {
    const { outcome, calls, lines, slept } = await attempt(error, 3);
    expect(outcome).toBe('done');
    expect(calls).toBe(4);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain('CreateFunction shop--dev--seed: ');
    expect(slept[2]).toBeGreaterThan(slept[0] ?? 0);
  });

  test.each([
    ['name taken', refusal('ResourceConflictException', 'Function already exist: x', 409)],
    ['not allowed', refusal('AccessDeniedException', 'no', 403)],
    ['wrong value', refusal('InvalidParameterValueException', 'Member must satisfy', 400)],
    ['no credentials', Object.assign(new Error('Could not load credentials'), { name: 'CredentialsProviderError' })],
    ['a defect of ours', new TypeError('x is not a function')],
  ])('%s does not pass: thrown at once', async (_name, error) => {
    expect(await attempt(error)).toMatchObject({ outcome: error, calls: 1, lines: [] });
  });

  test.each([
    ['a role that stays wrong', refusal('InvalidParameterValueException', 'cannot be assumed by Lambda', 400), 90_000],
    ['no network', Object.assign(new Error(''), { code: 'ENOTFOUND' }), 30_000],
    ['throttled for ever', refusal('TooManyRequestsException', '', 429), 300_000],
  ])('%s ends with the error itself, within the limit', async (_name, error, limit) => {
    const { outcome, elapsed } = await attempt(error);
    expect(outcome).toBe(error);
    expect(elapsed).toBeLessThanOrEqual(limit);
    expect(elapsed).toBeGreaterThan(limit - 6_000);
  });

  test('the limit of the caller wins', async () => {
    const { elapsed } = await attempt(refusal('TooManyRequestsException', '', 429), undefined, 4_000);
    expect(elapsed).toBeLessThanOrEqual(4_000);
  });

  test('a cancel ends the waiting', async () => {
    const controller = new AbortController();
    const { request, calls } = failing(refusal('TooManyRequestsException', '', 429));
    const clock = manualClock();
    const log = { ...recordingLog(), info: () => controller.abort(new Error('cancelled')) };
    await expect(retryControlPlane(request, { clock, log, what: 'x', signal: controller.signal })).rejects.toThrow(
      'cancelled',
    );
    expect(calls()).toBe(1);
  });
});

describe('rate limiter', () => {
  /** When each of the requests passes, in milliseconds; they ask at the given intervals. */
  async function times(rate: { perSecond: number; burst: number }, gaps: readonly number[]): Promise<number[]> {
    let now = 0;
    const passed: number[] = [];
    const clock = { now: () => now, random: () => 0, sleep: async (wait: number) => void passed.push(now + wait) };
    const limiter = rateLimiter(clock, rate);
    for (const gap of gaps) {
      now += gap;
      const before = passed.length;
      await limiter.take();
      if (passed.length === before) passed.push(now);
    }
    return passed;
  }

  const busiestSecond = (passed: readonly number[]): number =>
    Math.max(...passed.map((start) => passed.filter((time) => time >= start && time < start + 1000).length));

  test('writes stay under 15 and reads under 100 in every second, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 120 }), async (gaps) => {
        const writes = await times(WRITE_RATE, gaps);
        expect(busiestSecond(writes)).toBeLessThan(15);
        expect(writes).toEqual([...writes].sort((a, b) => a - b));
        expect(
          busiestSecond(
            await times(
              READ_RATE,
              gaps.map((gap) => gap / 40),
            ),
          ),
        ).toBeLessThan(100);
      }),
      { numRuns: 60 },
    );
  });

  test('does not hold up what is slow enough', async () => {
    expect(await times(WRITE_RATE, [0, 100, 100, 100])).toEqual([0, 100, 200, 300]);
    expect((await times(WRITE_RATE, Array(26).fill(0))).at(-1)).toBeCloseTo(2000, 5);
  });
});
