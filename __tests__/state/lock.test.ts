import { expect, test } from 'vitest';
import type { ActionError } from '../../src/errors.ts';
import { acquireLock, type LockOptions, resumeLock } from '../../src/state/lock.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { MemoryStore } from '../helpers/memory-store.ts';
import { VirtualTime } from '../helpers/virtual-time.ts';

const KEY = 'lumo-tasks/state/shop/production/lock.json';
const RUN = { id: '41', attempt: 1, url: 'https://github.example/acme/shop/actions/runs/41' };

function setUp() {
  const time = new VirtualTime();
  const store = new MemoryStore({ now: () => time.now });
  const log = new MemoryLog();
  const options = (): LockOptions => ({
    store,
    key: KEY,
    run: RUN,
    actor: 'ada',
    timeoutSeconds: 0,
    clock: time.clock(),
    log,
  });
  const acquire = (changes: Partial<LockOptions> = {}) => acquireLock({ ...options(), ...changes });
  return { time, store, log, acquire, options };
}

async function errorOf(work: Promise<unknown>): Promise<ActionError> {
  return await work.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: ActionError) => error,
  );
}

test('a lock is created, renewed every 20 s, and freed', async () => {
  const { time, store, acquire } = setUp();
  const lock = await time.run(acquire());
  expect(lock.generation).toBe(1);
  expect(store.json(KEY)).toMatchObject({ state: 'held', actor: 'ada', run: RUN, ttlSeconds: 60, busyUntil: null });
  await time.run(time.sleep(61_000));
  expect(store.puts).toHaveLength(4);
  await time.run(lock.release());
  expect(store.json(KEY)).toMatchObject({ state: 'free', owner: lock.owner });
  await time.run(time.sleep(120_000));
  expect(store.puts).toHaveLength(5);
});

test('a freed lock is taken at once, with the next generation', async () => {
  const { time, acquire } = setUp();
  await time.run((await time.run(acquire())).release());
  const began = time.now;
  const second = await time.run(acquire());
  expect(second.generation).toBe(2);
  expect(time.now).toBe(began);
  await time.run(second.release());
});

test('a held lock fails at once with lock-timeout 0, naming holder, end and way out', async () => {
  const { time, acquire } = setUp();
  const lock = await time.run(acquire());
  const error = await time.run(errorOf(acquire({ actor: 'bob', run: { id: '42', attempt: 1, url: null } })));
  expect(error.code).toBe('LOCK_HELD');
  expect(error.message).toContain(`ada, run ${RUN.url} (attempt 1), since 2026-03-01T10:00:00.000Z`);
  expect(error.message).toContain('ends by itself at 2026-03-01T10:01:00.000Z');
  expect(error.advice).toContain(`s3://memory/${KEY}`);
  await time.run(lock.release());
});

test('a waiting deployment says for whom and until when, and gets the lock when it is freed', async () => {
  const { time, log, acquire } = setUp();
  const first = await time.run(acquire());
  const second = acquire({ actor: 'bob', timeoutSeconds: 1800 });
  await time.run(time.sleep(200_000));
  await time.run(first.release());
  const freedAt = time.now;
  const lock = await time.run(second);
  expect(lock.generation).toBe(2);
  expect(time.now - freedAt).toBeLessThan(12_000);
  const waiting = log.lines.filter((line) => line.startsWith('info: Waiting'));
  expect(waiting[0]).toContain('ada, run https://github.example/acme/shop/actions/runs/41');
  expect(waiting[0]).toContain('giving up at 2026-03-01T10:30:00.000Z');
  expect(waiting.length).toBeGreaterThan(1);
  expect(waiting.length).toBeLessThan(5);
  await time.run(lock.release());
});

test('waiting ends after lock-timeout', async () => {
  const { time, acquire } = setUp();
  const lock = await time.run(acquire());
  const began = time.now;
  const error = await time.run(errorOf(acquire({ timeoutSeconds: 90 })));
  expect(error.code).toBe('LOCK_HELD');
  expect(error.message).toContain('waited 90 s');
  expect(time.now - began).toBeGreaterThanOrEqual(90_000);
  expect(time.now - began).toBeLessThan(95_000);
  await time.run(lock.release());
});

test('waiting ends when it is cancelled', async () => {
  const { time, acquire } = setUp();
  const lock = await time.run(acquire());
  const cancel = new AbortController();
  const waiting = acquire({ timeoutSeconds: 1800, signal: cancel.signal });
  const outcome = errorOf(waiting);
  await time.run(time.sleep(10_000));
  cancel.abort(new Error('cancelled'));
  expect((await time.run(outcome)).message).toBe('cancelled');
  await time.run(lock.release());
});

test('a lock that is not renewed ends after its time to live, by the server only', async () => {
  const { time, acquire } = setUp();
  const lock = await time.run(acquire());
  await time.run(lock.abandon());
  const anHourAhead = time.clock(() => 3_600_000);
  expect((await time.run(errorOf(acquire({ clock: anHourAhead })))).code).toBe('LOCK_HELD');
  await time.run(time.sleep(60_000));
  expect((await time.run(errorOf(acquire()))).code).toBe('LOCK_HELD');
  await time.run(time.sleep(1_000));
  const next = await time.run(acquire({ clock: time.clock(() => -3_600_000) }));
  expect(next.generation).toBe(2);
  await time.run(next.release());
});

test.each([-300_000, 300_000])('busyUntil holds, and not longer, when the holder is wrong by %i ms', async (skew) => {
  const { time, acquire } = setUp();
  const wrong = time.clock(() => skew);
  const lock = await time.run(acquire({ clock: wrong }));
  await time.run(time.sleep(5_000));
  await time.run(lock.keepFor(600_000, undefined));
  const busyUntil = time.now + 600_000;
  await time.run(lock.abandon());
  await time.run(time.sleep(busyUntil - time.now - 1_000));
  expect((await time.run(errorOf(acquire()))).message).toMatch(/ends by itself at 2026-03-01T10:10:0[5-9]/);
  const next = await time.run(acquire({ timeoutSeconds: 60 }));
  expect(time.now).toBeGreaterThanOrEqual(busyUntil);
  expect(time.now).toBeLessThan(busyUntil + 10_000);
  await time.run(next.release());
});

test.each([-7_200_000, 7_200_000])('busyUntil holds, and not longer, when the clock was set by %i ms', async (by) => {
  const { time, store, acquire } = setUp();
  let skew = 0;
  const clock = time.clock(() => skew);
  const lock = await time.run(acquire({ clock }));
  skew = by;
  const until = await time.run(lock.keepFor(300_000, undefined));
  expect(until).toBeGreaterThanOrEqual(time.now + 300_000);
  expect(until).toBeLessThan(time.now + 310_000);
  expect(Date.parse(String(store.json(KEY).busyUntil))).toBe(until);
  await time.run(lock.prove(undefined));
  expect(store.json(KEY).busyUntil).toBeNull();
  await time.run(lock.release());
});

test('a created lock whose answer was lost is recognised', async () => {
  const { time, store, acquire } = setUp();
  store.lost = ['conflict'];
  const lock = await time.run(acquire());
  expect(lock.generation).toBe(1);
  expect(store.json(KEY).owner).toBe(lock.owner);
  await time.run(lock.release());
});

test.each(['conflict', 'error'] as const)('renewals go on after a lost answer (%s)', async (kind) => {
  const { time, store, log, acquire } = setUp();
  const lock = await time.run(acquire());
  store.lost = [kind];
  await time.run(time.sleep(50_000));
  expect(lock.lost.aborted).toBe(false);
  store.lost = [kind === 'error' ? undefined : kind];
  await time.run(lock.keepFor(60_000, undefined));
  await time.run(lock.prove(undefined));
  await time.run(lock.release());
  expect(store.json(KEY)).toMatchObject({ state: 'free', owner: lock.owner });
  expect(log.lines.filter((line) => line.startsWith('warning'))).toHaveLength(kind === 'error' ? 1 : 0);
});

test('what was stored without an answer does not pass for the write after it', async () => {
  const { time, store, acquire } = setUp();
  const lock = await time.run(acquire());
  store.lost = ['error'];
  await time.run(time.sleep(21_000));
  const until = await time.run(lock.keepFor(600_000, undefined));
  expect(until).toBeGreaterThanOrEqual(time.now + 600_000);
  expect(Date.parse(String(store.json(KEY).busyUntil))).toBe(until);
  store.lost = ['error'];
  await time.run(errorOf(lock.keepFor(600_000, undefined)));
  await time.run(lock.release());
  expect(store.json(KEY)).toMatchObject({ state: 'free', busyUntil: null });
});

test('a holder that was paused learns that it lost the lock, and frees nothing', async () => {
  const time = new VirtualTime();
  let pause: () => Promise<void> = () => Promise.resolve();
  const slow = new MemoryStore({ now: () => time.now, latency: () => pause() });
  const fast = new MemoryStore({ now: () => time.now }, slow.objects);
  const log = new MemoryLog();
  const common = { key: KEY, run: RUN, timeoutSeconds: 300, clock: time.clock(), log };
  const first = await time.run(acquireLock({ ...common, store: slow, actor: 'ada' }));
  pause = () => time.sleep(100_000);
  const second = await time.run(acquireLock({ ...common, store: fast, actor: 'bob' }));
  expect(second.generation).toBe(2);
  expect(first.lost.aborted).toBe(false);
  const refused = await time.run(errorOf(first.keepFor(60_000, undefined)));
  expect(refused.code).toBe('LOCK_LOST');
  expect(refused.message).toContain('bob');
  expect(first.lost.reason).toMatchObject({ code: 'LOCK_LOST' });
  await time.run(first.release());
  expect(log.lines.at(-1)).toContain('warning: Nothing to release');
  expect(fast.json(KEY)).toMatchObject({ state: 'held', owner: second.owner });
  await time.run(second.release());
});

test('every renewal changes the ETag, so a take-over never hits a lock that was renewed meanwhile', async () => {
  const { time, store, acquire } = setUp();
  const lock = await time.run(acquire());
  const seen = await store.get(KEY);
  await time.run(time.sleep(21_000));
  expect(await store.put(KEY, 'mine', { ifMatch: String(seen?.etag) })).toEqual({ ok: false });
  await time.run(lock.release());
});

test('another process goes on with the lock by the name of its owner, and only with that', async () => {
  const { time, acquire, options } = setUp();
  const lock = await time.run(acquire());
  await time.run(lock.abandon());
  expect(await time.run(resumeLock(options(), 'somebody'))).toBeUndefined();
  const resumed = await time.run(resumeLock(options(), lock.owner));
  expect(resumed?.generation).toBe(lock.generation);
  await time.run(time.sleep(3_600_000));
  await time.run(resumed?.release() ?? Promise.resolve());
  expect(await time.run(resumeLock(options(), lock.owner))).toBeUndefined();
  await time.run((await time.run(acquire())).release());
});

test('a lock that was freed by another process is not renewed any more, and nothing starts under it', async () => {
  const { time, store, acquire, options } = setUp();
  const lock = await time.run(acquire());
  await time.run((await time.run(resumeLock(options(), lock.owner)))?.release() ?? Promise.resolve());
  expect((await time.run(errorOf(lock.keepFor(60_000, undefined)))).code).toBe('LOCK_LOST');
  expect(store.json(KEY)).toMatchObject({ state: 'free' });
  await time.run(lock.release());
});

test('a request that takes long does not shorten what the lock is kept for, nor do others in flight', async () => {
  const time = new VirtualTime();
  const latencies = [0, 0, 0, 0, 40_000, 0, 20_000, 0];
  const store = new MemoryStore({ now: () => time.now, latency: () => time.sleep(latencies.shift() ?? 0) });
  const log = new MemoryLog();
  const lock = await time.run(
    acquireLock({ store, key: KEY, run: RUN, actor: 'ada', timeoutSeconds: 0, clock: time.clock(), log }),
  );
  const until = await time.run(lock.keepFor(300_000, undefined));
  expect(until).toBeGreaterThanOrEqual(time.now + 300_000);
  expect(await time.run(lock.keepFor(1_000, until))).toBeLessThan(time.now + 10_000);
  expect(Date.parse(String(store.json(KEY).busyUntil))).toBe(until);
  await time.run(lock.release());
});

test('a removed lock is gone, and the next one begins again', async () => {
  const { time, store, acquire } = setUp();
  const lock = await time.run(acquire());
  await time.run(lock.remove());
  expect(store.objects.size).toBe(0);
  await time.run((await time.run(acquire())).release());
});

test.each([
  ['no JSON', 'held by ada'],
  ['another shape', '{"schema":1,"state":"locked"}'],
  ['a newer schema', '{"schema":2,"state":"held"}'],
])('%s in lock.json is an error that says what to do', async (_name, body) => {
  const { time, store, acquire } = setUp();
  await store.put(KEY, body);
  const error = await time.run(errorOf(acquire()));
  expect(error.code).toBe('STATE_INVALID');
  expect(error.advice).toMatch(/delete the object|a release of the action/);
});
