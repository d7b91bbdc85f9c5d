import { expect, test } from 'vitest';
import { checkOwner, loadState } from '../../src/state/documents.ts';
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

test('what was written is read again, with the ETag that the next write needs', async () => {
  const store = emptyStore();
  const documents = {
    marker: marker(),
    progress: progress({ completed: { migrate: completed() } }),
    inventory: INVENTORY,
  };
  await store.put(KEYS.marker, JSON.stringify(documents.marker));
  await store.put(KEYS.progress, JSON.stringify(documents.progress));
  await store.put(KEYS.inventory, JSON.stringify(documents.inventory));
  const state = await loadState(store, KEYS);
  expect(state.marker?.value).toEqual(documents.marker);
  expect(state.progress?.value).toEqual(documents.progress);
  expect(state.inventory?.value).toEqual(documents.inventory);
  expect(await store.put(KEYS.progress, '{}', { ifMatch: state.progress?.etag ?? '' })).toMatchObject({ ok: true });
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
  await store.put(KEYS.marker, JSON.stringify(marker(change)));
  const state = await loadState(store, KEYS);
  expect(() => checkOwner(state, OWNER)).toThrowError(
    expect.objectContaining({ code: 'MARKER_FOREIGN', message: expect.stringContaining(name) }),
  );
  expect(() => checkOwner(state, { ...OWNER, ...change })).not.toThrow();
});

test('GitHub writes owner and name in any case', async () => {
  const store = emptyStore();
  await store.put(KEYS.inventory, JSON.stringify(INVENTORY));
  const state = await loadState(store, KEYS);
  expect(() => checkOwner(state, { ...OWNER, repository: 'Acme/Shop' })).not.toThrow();
  expect(() => checkOwner(state, { ...OWNER, repository: 'acme/other' })).toThrowError(
    expect.objectContaining({ code: 'MARKER_FOREIGN' }),
  );
});
