import { expect, test } from 'vitest';
import { type EnvironmentOptions, type EnvironmentState, openEnvironment } from '../../src/state/environment.ts';
import { stateKeys } from '../../src/state/keys.ts';
import { type PendingRecord, pendingRecord, recordPending } from '../../src/state/pending-record.ts';
import type { MarkerContent } from '../../src/state/types.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { MemoryStore } from '../helpers/memory-store.ts';
import { VirtualTime } from '../helpers/virtual-time.ts';
import { completed, marker, OWNER, progress, RUN } from './samples.ts';

const KEYS = stateKeys('shop', 'production');
const OTHER = { id: '42', attempt: 1, url: null };
const { generation: _generation, ...MARKER }: MarkerContent & { generation: number } = marker({ version: 'v2.0.0' });

/** A main step that completed everything and left the record to its post step. */
async function mainStep() {
  const time = new VirtualTime();
  const store = new MemoryStore({ now: () => time.now });
  const common = {
    keys: KEYS,
    owner: OWNER,
    actor: 'ada',
    deployment: '41-1-abc',
    timeoutSeconds: 0,
    clock: time.clock(),
    log: new MemoryLog(),
  };
  const options: EnvironmentOptions = { ...common, store, run: RUN };
  const step = async (work: (state: EnvironmentState) => Promise<unknown>): Promise<void> => {
    const state = await time.run(openEnvironment(options));
    await time.run(work(state));
    await time.run(state.close());
  };
  const post = (pending: PendingRecord) => time.run(recordPending(pending, options));
  await step((state) => state.record(marker({ version: 'v1.0.0', run: { ...RUN, id: '40' } })));
  let pending: PendingRecord | undefined;
  await step(async (state) => {
    await state.saveProgress(progress({ version: 'v2.0.0', completed: { migrate: completed() } }));
    pending = pendingRecord(state, MARKER);
  });
  // It travels as JSON.
  return { store, step, post, pending: JSON.parse(JSON.stringify(pending)) as PendingRecord };
}

test('the post step records what the main step left, with a generation of its own, and frees the lock', async () => {
  const { store, post, pending } = await mainStep();
  expect(store.json(KEYS.marker)).toMatchObject({ version: 'v1.0.0' });
  expect(await post(pending)).toBeUndefined();
  expect(store.json(KEYS.marker)).toEqual({ ...MARKER, generation: 3 });
  expect(store.json(KEYS.history(3))).toEqual(store.json(KEYS.marker));
  expect(store.json(KEYS.lock)).toMatchObject({ state: 'free' });
});

test('who only took the lock meanwhile is no obstacle', async () => {
  const { store, step, post, pending } = await mainStep();
  await step(async (state) => state.attemptEnded('by hand', 'COMPLETED'));
  expect(await post(pending)).toBeUndefined();
  expect(store.json(KEYS.marker)).toMatchObject({ version: 'v2.0.0', generation: 4 });
});

test.each<[string, (state: EnvironmentState) => Promise<unknown>, string]>([
  [
    'another deployment that is not complete',
    (state) => state.saveProgress(progress({ version: 'v3.0.0', run: OTHER })),
    'run 42 has deployed v3.0.0 meanwhile',
  ],
  [
    'another deployment that is recorded',
    async (state) => {
      await state.saveProgress(progress({ version: 'v3.0.0', run: OTHER }));
      await state.record(marker({ version: 'v3.0.0', run: OTHER }));
    },
    'run 42 has deployed v3.0.0 meanwhile',
  ],
  [
    'a later step that ran a task again',
    (state) => state.saveProgress(progress({ version: 'v2.0.0' })),
    'tasks of this deployment were run again meanwhile',
  ],
  ['a removal', (state) => state.remove(), 'the environment was destroyed meanwhile'],
])('%s meanwhile: nothing is recorded', async (_name, meanwhile, why) => {
  const { store, step, post, pending } = await mainStep();
  await step(meanwhile);
  const before = store.objects.has(KEYS.marker) ? store.json(KEYS.marker).version : undefined;
  expect(await post(pending)).toBe(why);
  const after = store.objects.has(KEYS.marker) ? store.json(KEYS.marker).version : undefined;
  expect(after).toBe(before);
  expect(store.json(KEYS.lock)).toMatchObject({ state: 'free' });
});

test('what another step of the job has recorded is recorded', async () => {
  const { step, post, pending } = await mainStep();
  await step((state) => state.record(MARKER));
  expect(await post(pending)).toBeUndefined();
});
