import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ActionError } from '../../src/errors.ts';
import { mapLimit } from '../../src/functions/concurrency.ts';

describe('mapLimit', () => {
  test('keeps the order, and never more than the limit at once', async () => {
    let running = 0;
    let most = 0;
    const results = await mapLimit([30, 5, 20, 1, 10], 2, async (milliseconds) => {
      most = Math.max(most, ++running);
      await delay(milliseconds);
      running--;
      return milliseconds * 2;
    });
    expect(results).toEqual([60, 10, 40, 2, 20]);
    expect(most).toBe(2);
    expect(await mapLimit([], 8, async () => 1)).toEqual([]);
  });

  test('after a failure nothing is started, what runs is waited for, and every failure is told', async () => {
    const started: number[] = [];
    const ended: number[] = [];
    const failed = mapLimit([1, 2, 3, 4, 5], 3, async (item) => {
      started.push(item);
      await delay(item * 10);
      ended.push(item);
      if (item !== 3) throw new ActionError('AWS_FAILED', `failed ${item}`, { advice: 'again' });
    });
    await expect(failed).rejects.toMatchObject({ message: 'failed 1', details: [{ message: 'failed 2' }] });
    expect(started).toEqual([1, 2, 3]);
    expect(ended).toEqual([1, 2, 3]);
  });
});
