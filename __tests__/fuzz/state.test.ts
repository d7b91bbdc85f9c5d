import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type DocumentType,
  formatDocument,
  INVENTORY,
  LOCK,
  MARKER,
  PROGRESS,
  parseDocument,
} from '../../src/state/json.ts';
import { MemoryStore } from '../helpers/memory-store.ts';
import { completed, marker, progress } from '../state/samples.ts';
import { damaged, deep, hold, json, mutated, orActionError, text } from './arbitraries.ts';

const store = new MemoryStore({ now: () => 0 });
const OWNER = { repository: 'acme/shop', path: '.', region: 'eu-central-1' };
const DOCUMENTS: [DocumentType<unknown>, object][] = [
  [MARKER, marker()],
  [PROGRESS, progress({ completed: { seed: completed() } })],
  [INVENTORY, { schema: 1, ...OWNER, functions: ['shop--dev--seed'] }],
  [
    LOCK,
    {
      schema: 1,
      state: 'held',
      owner: 'o',
      run: { id: '1', attempt: 1, url: null },
      actor: 'a',
      acquiredAt: '2026-01-01T00:00:00.000Z',
      ttlSeconds: 60,
      busyUntil: null,
      inFlight: [],
      generation: 1,
      revision: 1,
    },
  ],
];

test.each(DOCUMENTS)('%s: what is read has its shape, else it is STATE_INVALID', async (type, valid) => {
  const parse = (body: string | Buffer) => orActionError(() => parseDocument(type, Buffer.from(body), store, 'key'));
  expect(parse(JSON.stringify(valid))).toEqual(valid);
  const document = fc.oneof(
    text,
    damaged(JSON.stringify(valid)),
    fc.oneof(json, mutated(valid)).map((value) => JSON.stringify(value) ?? ''),
  );
  await hold(
    fc.property(document, (body) => {
      const read = parse(body);
      if (read === undefined) return;
      expect(type.shape(read, '')).toEqual([]);
      expect(parse(formatDocument(read as object))).toEqual(read);
    }),
  );
  await hold(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parse(Buffer.from(bytes))));
});

test.each([2_000, 200_000])('%i levels are refused without a stack overflow', (levels) => {
  const body = JSON.stringify({ ...marker(), more: 0 }).replace('"more":0', `"more":${deep(levels)}`);
  expect(() => parseDocument(MARKER, Buffer.from(body), store, 'key')).toThrow(/is not what this action wrote/);
});
