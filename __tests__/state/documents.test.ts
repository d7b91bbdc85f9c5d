import { expect, test } from 'vitest';
import {
  checkOwner,
  deleteState,
  loadState,
  touchMarker,
  writeInventory,
  writeMarker,
  writeProgress,
} from '../../src/state/documents.ts';
import { stateKeys } from '../../src/state/keys.ts';
import { MemoryStore } from '../helpers/memory-store.ts';
import { completed, marker, OWNER, progress } from './samples.ts';

const KEYS = stateKeys('shop', 'production');
const INVENTORY = { schema: 1 as const, ...OWNER, functions: ['shop--production--migrate'] };

function emptyStore(): MemoryStore {
  return new MemoryStore({ now: () => Date.parse('2026-03-01T10:00:00.000Z') });
}

test('an empty bucket holds nothing', async () => {
  expect(await loadState(emptyStore(), KEYS)).toEqual({ marker: undefined, progress: undefined, inventory: undefined });
});

test('what was written is read again, with an ETag that the next write takes', async () => {
  const store = emptyStore();
  const unfinished = progress({ previousVersion: 'v0.9.0', completed: { migrate: completed() } });
  await writeMarker(store, KEYS, marker(), undefined);
  await writeProgress(store, KEYS, unfinished, undefined);
  await writeInventory(store, KEYS, INVENTORY, undefined);
  const state = await loadState(store, KEYS);
  expect(state.marker?.value).toEqual(marker());
  expect(state.progress?.value).toEqual(unfinished);
  expect(state.inventory?.value).toEqual(INVENTORY);
  const next = await writeProgress(store, KEYS, progress(), state.progress);
  await writeProgress(store, KEYS, unfinished, next);
  expect(store.json(KEYS.history(3))).toEqual(marker());
});

test('a second creator, and a writer with an old ETag, have lost the lock', async () => {
  const store = emptyStore();
  const first = await writeMarker(store, KEYS, marker(), undefined);
  await expect(writeMarker(store, KEYS, marker({ actor: 'bob' }), undefined)).rejects.toMatchObject({
    code: 'LOCK_LOST',
  });
  await writeMarker(store, KEYS, marker({ version: 'v1.1.0', generation: 4 }), first);
  await expect(writeMarker(store, KEYS, marker({ version: 'v1.2.0' }), first)).rejects.toMatchObject({
    code: 'LOCK_LOST',
  });
  expect(store.json(KEYS.marker).version).toBe('v1.1.0');
});

test('taking over changes nothing but the generation, and shuts the old holder out', async () => {
  const store = emptyStore();
  await store.put(KEYS.marker, JSON.stringify({ ...marker(), note: 'of a newer release' }));
  const { marker: old } = await loadState(store, KEYS);
  if (!old) throw new Error('no marker');
  const taken = await touchMarker(store, KEYS, old, 9);
  expect(store.json(KEYS.marker)).toEqual({ ...marker({ generation: 9 }), note: 'of a newer release' });
  await expect(writeMarker(store, KEYS, marker(), old)).rejects.toMatchObject({ code: 'LOCK_LOST' });
  expect((await touchMarker(store, KEYS, taken, 1)).value.generation).toBe(10);
});

test('a write whose answer was lost has been done', async () => {
  const store = emptyStore();
  store.lost = ['conflict'];
  const written = await writeProgress(store, KEYS, progress(), undefined);
  await writeProgress(store, KEYS, progress({ version: 'v2.0.0' }), written);
  expect(store.json(KEYS.progress).version).toBe('v2.0.0');
});

test.each([
  ['no JSON', 'marker', '{"schema":', 'is not what this action wrote'],
  ['no object', 'marker', '[]', 'is not what this action wrote'],
  ['no schema', 'progress', '{}', 'is not what this action wrote'],
  ['a newer schema', 'inventory', '{"schema":2}', 'has schema 2; this release reads 1'],
] as const)('%s is an error', async (_name, document, body, message) => {
  const store = emptyStore();
  await store.put(KEYS[document], body);
  await expect(loadState(store, KEYS)).rejects.toMatchObject({
    code: 'STATE_INVALID',
    message: expect.stringContaining(message),
  });
});

test('every fault of a document is named', async () => {
  const store = emptyStore();
  const broken = { ...marker(), version: 7, phase: 'later', run: null, tasks: { migrate: { function: 'f' } } };
  await store.put(KEYS.marker, JSON.stringify(broken));
  const error = await loadState(store, KEYS).then(
    () => undefined,
    (thrown: { details: { message: string }[] }) => thrown,
  );
  expect(error?.details.map(({ message }) => message)).toEqual([
    'version: expected a string, found a number',
    'phase: expected deploy or update, found a string',
    'run: expected an object, found null',
    'tasks.migrate.version: expected a string, found nothing',
    'tasks.migrate.digest: expected a string, found nothing',
    'tasks.migrate.codeSha256: expected a string, found nothing',
    'tasks.migrate.options: expected an object, found nothing',
    'tasks.migrate.status: expected a string, found nothing',
  ]);
});

test.each([
  ['repository', { repository: 'acme/other' }],
  ['path', { path: 'apps/shop' }],
  ['region', { region: 'us-east-1' }],
])('the state of another %s is refused', async (name, change) => {
  const store = emptyStore();
  await writeMarker(store, KEYS, marker(change), undefined);
  const state = await loadState(store, KEYS);
  expect(() => checkOwner(state, OWNER)).toThrowError(
    expect.objectContaining({ code: 'MARKER_FOREIGN', message: expect.stringContaining(name) }),
  );
  expect(() => checkOwner(state, { ...OWNER, ...change })).not.toThrow();
});

test('GitHub writes owner and name in any case', async () => {
  const store = emptyStore();
  await writeInventory(store, KEYS, INVENTORY, undefined);
  const state = await loadState(store, KEYS);
  expect(() => checkOwner(state, { ...OWNER, repository: 'Acme/Shop' })).not.toThrow();
  expect(() => checkOwner(state, { ...OWNER, repository: 'acme/other' })).toThrowError(
    expect.objectContaining({ code: 'MARKER_FOREIGN' }),
  );
});

test('deleting leaves the lock and other environments alone', async () => {
  const store = emptyStore();
  const other = stateKeys('shop', 'production-2');
  await writeMarker(store, KEYS, marker(), undefined);
  await writeProgress(store, KEYS, progress(), undefined);
  await writeInventory(store, KEYS, INVENTORY, undefined);
  for (let generation = 100; generation < 140; generation += 1) await store.put(KEYS.history(generation), '{}');
  await store.put(KEYS.lock, '{}');
  await writeInventory(store, other, INVENTORY, undefined);
  await deleteState(store, KEYS);
  expect([...store.objects.keys()]).toEqual([KEYS.lock, other.inventory]);
  await deleteState(store, KEYS);
});
