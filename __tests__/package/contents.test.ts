import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { compressedFiles } from '../../src/package/contents.ts';
import { limiter } from '../../src/package/limiter.ts';
import { tempFolder } from './helpers.ts';

test('a file is read and deflated once, however often it is asked for', async () => {
  const file = path.join(await tempFolder(), 'a');
  await writeFile(file, 'first');
  const compressed = compressedFiles();
  const content = await compressed(file);
  await writeFile(file, 'second');
  expect(await compressed(file)).toBe(content);
  expect(content.size).toBe(5);
});

test('the limiter keeps the order and the limit, also after failures', async () => {
  const inTurn = limiter(2);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const work = [30, 5, 5, 20, 1].map((milliseconds, index) =>
    inTurn(async () => {
      started.push(index);
      running += 1;
      most = Math.max(most, running);
      await delay(milliseconds);
      running -= 1;
      if (index === 1) throw new Error('one fails');
      return index;
    }),
  );
  const settled = await Promise.allSettled(work);
  expect(settled.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, true, true]);
  expect(started).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
});
