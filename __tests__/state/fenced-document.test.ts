import { describe, expect, test } from 'vitest';
import { FencedDocument } from '../../src/state/fenced-document.ts';
import { PROGRESS } from '../../src/state/json.ts';
import { stateKeys } from '../../src/state/keys.ts';
import type { Progress } from '../../src/state/types.ts';
import { MemoryStore } from '../helpers/memory-store.ts';
import { progress } from './samples.ts';

const KEY = stateKeys('shop', 'production').progress;

function setUp() {
  const store = new MemoryStore({ now: () => Date.parse('2026-03-01T10:00:00.000Z') });
  /** The document as a holder with that generation sees it, who reads it now. */
  const holder = async (generation: number, checkLock: () => Promise<void> = async () => undefined) => {
    const found = await store.get(KEY);
    const stored = found && { value: JSON.parse(found.body.toString()) as Progress, etag: found.etag };
    return new FencedDocument({ store, key: KEY, type: PROGRESS, generation, checkLock }, stored);
  };
  const stored = () => store.json(KEY);
  return { store, holder, stored };
}

const write = (document: FencedDocument<Progress>, version: string) => document.write(() => progress({ version }));
const notOurs = () => Promise.reject(new Error('the lock is not ours'));

describe('a successor', () => {
  test('shuts its predecessor out before it has anything to write, and changes nothing else', async () => {
    const { store, holder, stored } = setUp();
    await store.put(KEY, JSON.stringify({ ...progress(), generation: 1, note: 'of a newer release' }));
    const first = await holder(1);
    const second = await holder(2);
    await second.takeOver();
    expect(stored()).toEqual({ ...progress(), generation: 2, note: 'of a newer release' });
    await expect(write(first, 'v1')).rejects.toMatchObject({ code: 'LOCK_LOST' });
    await write(second, 'v2');
    expect(stored()).toMatchObject({ version: 'v2', generation: 2 });
  });

  test('writes over what its predecessor created late, as long as the lock is its own', async () => {
    const { holder, stored } = setUp();
    const [first, second, third] = await Promise.all([holder(1), holder(2), holder(2, notOurs)]);
    await write(first, 'late');
    await expect(write(third, 'v2')).rejects.toThrow('the lock is not ours');
    expect(stored()).toMatchObject({ version: 'late' });
    await write(second, 'v2');
    expect(stored()).toMatchObject({ version: 'v2', generation: 2 });
    await expect(write(first, 'later')).rejects.toMatchObject({ code: 'LOCK_LOST' });
  });

  test('takes over what its predecessor wrote since it read', async () => {
    const { holder, stored } = setUp();
    const first = await holder(1);
    await write(first, 'v1');
    const second = await holder(2);
    await write(first, 'v1.1');
    await second.takeOver();
    expect(stored()).toMatchObject({ version: 'v1.1', generation: 2 });
    expect(second.value).toMatchObject({ version: 'v1.1' });
  });
});

test('what does not exist is created only with the lock', async () => {
  const { store, holder } = setUp();
  await expect(write(await holder(1, notOurs), 'v1')).rejects.toThrow('the lock is not ours');
  expect(store.objects.size).toBe(0);
});

describe('a write of our own without an answer', () => {
  test.each(['conflict', 'error'] as const)('is known (%s), also by the write after the next', async (kind) => {
    const { store, holder, stored } = setUp();
    const document = await holder(1);
    await write(document, 'v1');
    store.lost = [kind];
    const sent = write(document, 'v2');
    if (kind === 'error') await expect(sent).rejects.toThrow('socket hang up');
    else await sent;
    await write(document, 'v3');
    await write(document, 'v4');
    expect(stored()).toMatchObject({ version: 'v4' });
  });

  test('is known when it created the document', async () => {
    const { store, holder, stored } = setUp();
    const document = await holder(1);
    store.lost = ['error'];
    await expect(write(document, 'v1')).rejects.toThrow('socket hang up');
    await write(document, 'v2');
    expect(stored()).toMatchObject({ version: 'v2' });
  });
});

describe('somebody who writes without the lock', () => {
  test.each([
    ['a higher generation', 9],
    ['ours', 2],
    ['none', undefined],
  ])('with %s is never written over', async (_name, generation) => {
    const { store, holder, stored } = setUp();
    const document = await holder(2);
    await write(document, 'v1');
    const theirs = { ...progress({ version: 'theirs' }), ...(generation !== undefined && { generation }) };
    await store.put(KEY, JSON.stringify(theirs));
    await expect(write(document, 'v2')).rejects.toMatchObject({ code: 'LOCK_LOST' });
    await expect(document.remove()).rejects.toMatchObject({ code: 'LOCK_LOST' });
    expect(stored()).toEqual(theirs);
  });

  test('and deletes it ends the deployment', async () => {
    const { store, holder } = setUp();
    const document = await holder(1);
    await write(document, 'v1');
    await store.delete(KEY);
    await expect(write(document, 'v2')).rejects.toMatchObject({ code: 'LOCK_LOST' });
    await document.remove();
  });
});
