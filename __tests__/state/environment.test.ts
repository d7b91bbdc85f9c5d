import { describe, expect, test } from 'vitest';
import type { ActionError } from '../../src/errors.ts';
import type { AttemptInFlight } from '../../src/runs/types.ts';
import { type EnvironmentOptions, openEnvironment, resumeEnvironment } from '../../src/state/environment.ts';
import { stateKeys } from '../../src/state/keys.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { MemoryStore } from '../helpers/memory-store.ts';
import { VirtualTime } from '../helpers/virtual-time.ts';
import { completed, marker, OWNER, progress, RUN } from './samples.ts';

const KEYS = stateKeys('shop', 'production');

function setUp() {
  const time = new VirtualTime();
  const store = new MemoryStore({ now: () => time.now });
  const log = new MemoryLog();
  const open = (options: Partial<EnvironmentOptions> = {}) =>
    openEnvironment({
      store,
      keys: KEYS,
      owner: OWNER,
      run: RUN,
      actor: 'ada',
      deployment: '41-1-abc',
      timeoutSeconds: 0,
      clock: time.clock(),
      log,
      ...options,
    });
  const put = (key: string, value: object) => time.run(store.put(key, JSON.stringify(value)));
  return { time, store, log, open, put };
}

const sent = (task: string, deadline: Date): AttemptInFlight => ({ task, attempt: 1, deadline, nonce: `of ${task}` });

async function errorOf(work: Promise<unknown>): Promise<ActionError> {
  return await work.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: ActionError) => error,
  );
}

describe('opening', () => {
  test('a new environment knows nothing, and closing frees it', async () => {
    const { time, store, open } = setUp();
    const state = await time.run(open());
    expect(state).toMatchObject({ marker: undefined, progress: undefined, functions: [], generation: 1 });
    expect(store.json(KEYS.lock)).toMatchObject({ state: 'held' });
    await time.run(state.close());
    expect(store.json(KEYS.lock)).toMatchObject({ state: 'free' });
  });

  test('takes the marker over, so that nobody can write over an older one', async () => {
    const { time, store, open, put } = setUp();
    await put(KEYS.marker, marker({ generation: 3 }));
    const state = await time.run(open());
    expect(state.generation).toBe(4);
    expect(store.json(KEYS.marker)).toEqual(marker({ generation: 4 }));
    await time.run(state.close());
  });

  test.each([
    ['the marker', KEYS.marker, marker({ repository: 'acme/other' })],
    ['the progress', KEYS.progress, progress({ path: 'other' })],
    ['the inventory', KEYS.inventory, { schema: 1, ...OWNER, region: 'us-east-1', functions: [] }],
  ])('fails when %s is of somebody else, changes nothing and frees the lock', async (_, key, document) => {
    const { time, store, open, put } = setUp();
    await put(key, document);
    expect((await time.run(errorOf(open()))).code).toBe('MARKER_FOREIGN');
    expect(store.json(key)).toEqual(document);
    expect(store.json(KEYS.lock)).toMatchObject({ state: 'free' });
  });

  test('says why it failed also when the lock cannot be freed', async () => {
    const { time, store, log, open, put } = setUp();
    await put(KEYS.marker, marker({ repository: 'acme/other' }));
    store.lost = [undefined, 'error'];
    expect((await time.run(errorOf(open()))).code).toBe('MARKER_FOREIGN');
    expect(log.lines).toEqual(['warning: The lock could not be freed, it ends by itself: socket hang up']);
  });
});

describe('the inventory', () => {
  test('grows before functions are made, is written only when it changes, and shrinks after they were deleted', async () => {
    const { time, store, open } = setUp();
    const state = await time.run(open());
    await time.run(state.rememberFunctions(['b', 'a']));
    await time.run(state.rememberFunctions(['a', 'c', 'c']));
    await time.run(state.rememberFunctions(['b']));
    expect(state.functions).toEqual(['a', 'b', 'c']);
    expect(store.json(KEYS.inventory)).toEqual({ schema: 1, ...OWNER, functions: ['a', 'b', 'c'], generation: 1 });
    expect(store.puts.filter(({ key }) => key === KEYS.inventory)).toHaveLength(2);
    await time.run(state.keepFunctions(['c']));
    expect(store.json(KEYS.inventory)).toMatchObject({ functions: ['c'] });
    await time.run(state.close());
  });
});

describe('progress and marker', () => {
  test('are written under the conditions that the last write left', async () => {
    const { time, store, open } = setUp();
    const state = await time.run(open());
    await time.run(state.saveProgress(progress()));
    await time.run(state.saveProgress(progress({ completed: { migrate: completed() } })));
    await time.run(state.record(marker({ generation: state.generation })));
    expect(state.marker).toEqual(store.json(KEYS.marker));
    expect(store.json(KEYS.history(1))).toEqual(store.json(KEYS.marker));
    await time.run(state.close());
  });

  test('of an environment that somebody else has changed are refused', async () => {
    const { time, store, open, put } = setUp();
    const state = await time.run(open());
    await time.run(state.saveProgress(progress()));
    const theirs = progress({ run: { ...RUN, id: '99' } });
    await put(KEYS.progress, theirs);
    expect((await time.run(errorOf(state.saveProgress(progress({ version: 'v9' }))))).code).toBe('LOCK_LOST');
    await put(KEYS.marker, marker({ version: 'v8', generation: 1 }));
    expect((await time.run(errorOf(state.record(marker({ version: 'v9' }))))).code).toBe('LOCK_LOST');
    expect(store.json(KEYS.progress)).toEqual(theirs);
    expect(store.json(KEYS.marker)).toMatchObject({ version: 'v8' });
    await time.run(state.close());
  });

  test('nothing is recorded without the lock', async () => {
    const { time, store, open } = setUp();
    const state = await time.run(open());
    await time.run(store.delete(KEYS.lock));
    expect((await time.run(errorOf(state.record(marker())))).code).toBe('LOCK_LOST');
    expect(store.objects.has(KEYS.marker)).toBe(false);
  });
});

describe('attempts in flight', () => {
  const inMinutes = (time: VirtualTime, minutes: number) => new Date(time.now + minutes * 60_000);

  test('keep the lock until the latest of their deadlines', async () => {
    const { time, store, open } = setUp();
    const state = await time.run(open());
    const late = inMinutes(time, 15);
    await time.run(state.attemptStarting(sent('long', late)));
    await time.run(state.attemptStarting(sent('short', inMinutes(time, 2))));
    const busyUntil = Date.parse(String(store.json(KEYS.lock).busyUntil));
    expect(busyUntil).toBeGreaterThanOrEqual(late.getTime());
    expect(busyUntil).toBeLessThan(late.getTime() + 5_000);

    state.attemptEnded('short', 'FAILED');
    await time.run(state.close());
    expect(store.json(KEYS.lock)).toMatchObject({ state: 'held' });
    await time.run(time.sleep(14 * 60_000));
    expect((await time.run(errorOf(open()))).code).toBe('LOCK_HELD');
    await time.run(time.sleep(2 * 60_000));
    await time.run((await time.run(open())).close());
  });

  test.each(['COMPLETED', 'FAILED', 'TIMED_OUT', 'CRASHED', 'SYSTEM_FAILURE', 'CANCELED'] as const)(
    'that ended as %s do not',
    async (status) => {
      const { time, store, open } = setUp();
      const state = await time.run(open());
      await time.run(state.attemptStarting(sent('migrate', inMinutes(time, 5))));
      state.attemptEnded('migrate', status);
      await time.run(state.close());
      expect(store.json(KEYS.lock)).toMatchObject({ state: 'free', busyUntil: null });
    },
  );

  test('whose end nobody knows may still be running', async () => {
    const { time, store, log, open } = setUp();
    const state = await time.run(open());
    await time.run(state.attemptStarting(sent('migrate', inMinutes(time, 5))));
    state.attemptEnded('migrate', 'UNKNOWN');
    await time.run(state.close());
    expect(store.json(KEYS.lock)).toMatchObject({ state: 'held' });
    expect(log.lines).toEqual([
      'warning: The lock stays until 2026-03-01T10:05:03.000Z, because migrate may be running until then: the next deployment of this environment waits.',
    ]);
  });

  test('that have been ended by somebody who can do not', async () => {
    const { time, store, open } = setUp();
    const state = await time.run(open());
    await time.run(state.attemptStarting(sent('migrate', inMinutes(time, 5))));
    state.attemptEnded('migrate', 'UNKNOWN');
    await time.run(state.close({ allEnded: true }));
    expect(store.json(KEYS.lock)).toMatchObject({ state: 'free', busyUntil: null });
  });

  test('that start together share one write, which covers each of them', async () => {
    const { time, store, open } = setUp();
    const state = await time.run(open());
    const before = store.puts.length;
    const starting = [1, 15, 2].map((minutes) =>
      state.attemptStarting(sent(`task-${minutes}`, inMinutes(time, minutes))),
    );
    const untils = await time.run(Promise.all(starting));
    expect(store.puts.length - before).toBe(1);
    for (const [index, minutes] of [1, 15, 2].entries()) {
      const late = (untils[index]?.getTime() ?? 0) - inMinutes(time, minutes).getTime();
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThan(5_000);
    }
    state.attemptEnded('task-15', 'COMPLETED');
    await time.run(state.attemptStarting(sent('task-3', inMinutes(time, 3))));
    expect(Date.parse(String(store.json(KEYS.lock).busyUntil))).toBeLessThan(inMinutes(time, 4).getTime());
    await time.run(state.close());
  });

  test('keep the lock also while the clock is set', async () => {
    const { time, store, open } = setUp();
    let skew = 0;
    const state = await time.run(open({ clock: time.clock(() => skew) }));
    const late = inMinutes(time, 15);
    await time.run(state.attemptStarting(sent('long', late)));
    skew = 10 * 60_000;
    await time.run(state.attemptStarting(sent('short', new Date(time.now + skew + 60_000))));
    expect(Date.parse(String(store.json(KEYS.lock).busyUntil))).toBeGreaterThanOrEqual(late.getTime());
    await time.run(state.close());
  });

  test('whose next one could not be announced may still be running', async () => {
    const { time, store, open } = setUp();
    const state = await time.run(open());
    await time.run(state.attemptStarting(sent('migrate', inMinutes(time, 5))));
    store.lost = ['error'];
    await time.run(errorOf(state.attemptStarting(sent('migrate', inMinutes(time, 5)))));
    await time.run(state.close());
    expect(store.json(KEYS.lock)).toMatchObject({ state: 'held' });
  });

  test('that could not be announced were not started', async () => {
    const { time, store, open } = setUp();
    const state = await time.run(open());
    store.lost = ['error'];
    await time.run(errorOf(state.attemptStarting(sent('migrate', inMinutes(time, 5)))));
    await time.run(state.close());
    expect(store.json(KEYS.lock)).toMatchObject({ state: 'free' });
  });
});

test('progress that is saved while a write is under way shares the next one', async () => {
  const { time, store, open } = setUp();
  const state = await time.run(open());
  const versions = ['v1', 'v2', 'v3', 'v4'];
  await time.run(Promise.all(versions.map((version) => state.saveProgress(progress({ version })))));
  expect(store.json(KEYS.progress)).toMatchObject({ version: 'v4' });
  expect(store.puts.filter(({ key }) => key === KEYS.progress).length).toBeLessThanOrEqual(2);
  await time.run(state.close());
});

test('a copy for the history that cannot be written does not make the deployment fail', async () => {
  const { time, store, log, open } = setUp();
  const state = await time.run(open());
  store.lost = [undefined, undefined, 'error']; // proof, marker, copy
  await time.run(state.record(marker()));
  expect(store.json(KEYS.marker)).toMatchObject({ version: 'v1.0.0', generation: 1 });
  expect(log.lines).toEqual([expect.stringContaining('its copy for the history could not be written')]);
  await time.run(state.close());
});

test('a holder that was paused while it removes deletes nothing of its successor', async () => {
  const time = new VirtualTime();
  let pause: () => Promise<void> = () => Promise.resolve();
  const slow = new MemoryStore({ now: () => time.now, latency: () => pause() });
  const fast = new MemoryStore({ now: () => time.now }, slow.objects);
  const common = {
    keys: KEYS,
    owner: OWNER,
    run: RUN,
    actor: 'ada',
    deployment: '41-1-abc',
    timeoutSeconds: 300,
    clock: time.clock(),
  };
  await time.run(fast.put(KEYS.marker, JSON.stringify(marker())));
  const first = await time.run(openEnvironment({ ...common, store: slow, log: new MemoryLog() }));
  pause = () => time.sleep(100_000);
  const second = await time.run(openEnvironment({ ...common, store: fast, log: new MemoryLog() }));
  pause = () => Promise.resolve();
  expect((await time.run(errorOf(first.remove()))).code).toBe('LOCK_LOST');
  expect(fast.json(KEYS.marker)).toMatchObject({ generation: second.generation });
  await time.run(first.close());
  expect(fast.json(KEYS.lock)).toMatchObject({ state: 'held' });
  await time.run(second.close());
});

describe('attempts that nobody has heard of', () => {
  const attempt = { deployment: '41-1-abc', task: 'migrate', attempt: 1, nonce: 'of migrate' };

  async function leaveBehind({ time, open }: ReturnType<typeof setUp>): Promise<void> {
    const state = await time.run(open());
    await time.run(state.attemptStarting(sent('migrate', new Date(time.now + 60_000))));
    state.attemptEnded('migrate', 'UNKNOWN');
    await time.run(state.close());
    await time.run(time.sleep(120_000));
  }

  test('are handed to the next deployment, until one has settled them', async () => {
    const world = setUp();
    const { time, store, open } = world;
    await leaveBehind(world);
    const unsettled = await time.run(open());
    expect(unsettled.leftovers).toEqual([attempt]);
    await time.run(unsettled.close());
    const settled = await time.run(open());
    expect(settled.leftovers).toEqual([attempt]);
    settled.settle();
    await time.run(settled.attemptStarting(sent('seed', new Date(time.now + 60_000))));
    expect(store.json(KEYS.lock).inFlight).toEqual([{ ...attempt, task: 'seed', nonce: 'of seed' }]);
    settled.attemptEnded('seed', 'COMPLETED');
    await time.run(settled.close());
    expect((await time.run(open())).leftovers).toEqual([]);
  });

  test('stay listed beside those of a deployment that dies before it has settled them', async () => {
    const world = setUp();
    const { time, open } = world;
    await leaveBehind(world);
    const state = await time.run(open());
    await time.run(state.attemptStarting(sent('seed', new Date(time.now + 60_000))));
    state.attemptEnded('seed', 'UNKNOWN');
    await time.run(state.close());
    await time.run(time.sleep(120_000));
    expect((await time.run(open())).leftovers.map(({ task }) => task)).toEqual(['migrate', 'seed']);
  });

  test('have a result in their channel that the next one may read, also when the lock is free by then', async () => {
    const { time, store, open } = setUp();
    const state = await time.run(open());
    await time.run(state.attemptStarting(sent('migrate', new Date(time.now + 60_000))));
    await time.run(time.sleep(60_000));
    state.attemptEnded('migrate', 'UNKNOWN');
    await time.run(state.close()); // waits for the seconds that are left
    expect(store.json(KEYS.lock)).toMatchObject({ state: 'free', inFlight: [attempt] });
  });

  test('are not those that were tried again', async () => {
    const { time, store, open } = setUp();
    const state = await time.run(open());
    const deadline = new Date(time.now + 60_000);
    await time.run(state.attemptStarting(sent('migrate', deadline)));
    await time.run(state.attemptStarting({ ...sent('migrate', deadline), attempt: 2, nonce: 'of the second' }));
    expect(store.json(KEYS.lock).inFlight).toEqual([{ ...attempt, attempt: 2, nonce: 'of the second' }]);
    await time.run(state.close());
  });

  test('keep the lock also while another process goes on with it, and nobody goes on who has lost it', async () => {
    const { time, store, log, open } = setUp();
    const state = await time.run(open());
    const deadline = time.now + 300_000;
    await time.run(state.attemptStarting(sent('migrate', new Date(deadline))));
    await time.run(state.close()); // as a step that is cancelled
    const common = { keys: KEYS, owner: OWNER, run: RUN, actor: 'ada', deployment: '41-1-abc', timeoutSeconds: 0 };
    const options = { ...common, store, clock: time.clock(), log };
    const resumed = await time.run(resumeEnvironment(options, state.lockOwner ?? ''));
    expect(resumed?.generation).toBe(state.generation);
    await time.run(resumed?.record(marker()) ?? Promise.resolve());
    expect(Date.parse(String(store.json(KEYS.lock).busyUntil))).toBeGreaterThanOrEqual(deadline);
    await time.run(resumed?.close() ?? Promise.resolve());

    const slow = new MemoryStore({ now: () => time.now, latency: () => time.sleep(400_000) }, store.objects);
    const late = errorOf(resumeEnvironment({ ...options, store: slow }, state.lockOwner ?? ''));
    await time.run(time.sleep(500_000)); // it has seen the lock, and reads the rest when somebody else has it
    await time.run(open());
    expect((await time.run(late)).code).toBe('LOCK_LOST');
  });
});

test('closing never fails: the lock ends by itself', async () => {
  const { time, store, log, open } = setUp();
  const state = await time.run(open());
  store.lost = ['error'];
  await time.run(state.close());
  expect(log.lines).toEqual(['warning: The lock could not be freed, it ends by itself: socket hang up']);
});

test('removing leaves nothing, and no other environment is touched', async () => {
  const { time, store, log, open, put } = setUp();
  const other = stateKeys('shop', 'production2');
  await put(other.marker, marker({ environment: 'production2' }));
  const state = await time.run(open());
  await time.run(state.rememberFunctions(['a']));
  await time.run(state.saveProgress(progress()));
  await time.run(state.record(marker({ generation: 1 })));
  await time.run(state.remove());
  await time.run(state.close());
  expect([...store.objects.keys()]).toEqual([other.marker]);
  expect(log.lines).toEqual([]);
});

test('without a bucket nothing is known and nothing kept', async () => {
  const { time, store, open } = setUp();
  const state = await time.run(open({ store: undefined }));
  await state.rememberFunctions(['a']);
  await state.saveProgress(progress());
  await state.attemptStarting(sent('migrate', new Date(time.now + 1_000)));
  await state.record(marker());
  await state.close();
  expect(state).toMatchObject({ marker: undefined, progress: undefined, functions: [], generation: 0 });
  expect(store.objects.size).toBe(0);
});
