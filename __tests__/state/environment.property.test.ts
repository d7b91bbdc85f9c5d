import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openEnvironment } from '../../src/state/environment.ts';
import { stateKeys } from '../../src/state/keys.ts';
import { Machine, type MachineOptions } from '../helpers/machine.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { type LostAnswer, MemoryStore, type StoredPut } from '../helpers/memory-store.ts';
import { VirtualTime } from '../helpers/virtual-time.ts';
import { completed, marker, OWNER, progress } from './samples.ts';

const KEYS = stateKeys('shop', 'production');
const HOUR = 3_600_000;

interface Deployment extends MachineOptions {
  startsAfter: number;
  /** Attempts that start in parallel, and then the next ones; `lost`: nobody hears how they end. */
  rounds: { after: number; runsFor: number; lost: boolean }[][];
  lostAnswers: (LostAnswer | undefined)[];
}

/** An attempt, by the true clock. */
interface Attempt {
  deployment: number;
  from: number;
  to: number;
  /** Until when the lock is kept for it, by the server's clock. */
  until: number;
}

/** A deployment has the lock and has shut out all before it, from whatever it found. */
interface Opened {
  generation: number;
  puts: number;
  existing: ReadonlySet<string>;
}

interface World {
  time: VirtualTime;
  objects: MemoryStore['objects'];
  puts: StoredPut[];
  attempts: Attempt[];
  opened: Map<number, Opened>;
  /** Attempts are refused that could not end before their `until`. */
  refuses: boolean;
}

function deployments(machine: fc.Arbitrary<MachineOptions>): fc.Arbitrary<Deployment[]> {
  const attempt = fc.record({
    after: fc.oneof(fc.constant(0), fc.nat(30_000)),
    runsFor: fc.nat(200_000),
    lost: fc.integer({ min: 0, max: 3 }).map((number) => number === 0),
  });
  const deployment = fc
    .record({
      startsAfter: fc.nat(120_000),
      rounds: fc.array(fc.array(attempt, { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
      lostAnswers: fc.array(
        fc.constantFrom<LostAnswer | undefined>(undefined, undefined, undefined, 'conflict', 'error'),
        { maxLength: 20 },
      ),
    })
    .chain((plan) => machine.map((options) => ({ ...plan, ...options })));
  return fc.array(deployment, { minLength: 3, maxLength: 6 });
}

const skews = {
  skews: fc.array(fc.integer({ min: -5 * HOUR, max: 5 * HOUR }), { minLength: 1, maxLength: 5 }),
  skewChangesAfter: fc.integer({ min: 1_000, max: 60_000 }),
};

const badMachine: fc.Arbitrary<MachineOptions> = fc.record({
  ...skews,
  pauses: fc.array(fc.record({ after: fc.oneof(fc.nat(5_000), fc.nat(400_000)), for: fc.nat(300_000) }), {
    maxLength: 3,
  }),
  diesAfter: fc.option(fc.nat(300_000), { nil: undefined, freq: 3 }),
  latencies: fc.array(fc.oneof(fc.nat(500), fc.nat(90_000)), { minLength: 1, maxLength: 8 }),
});

const soundMachine: fc.Arbitrary<MachineOptions> = fc.record({
  ...skews,
  pauses: fc.constant([]),
  diesAfter: fc.constant(undefined),
  latencies: fc.array(fc.nat(2_000), { minLength: 1, maxLength: 8 }),
});

test('whatever goes wrong: no two at once, nothing goes backwards, and the lock ends', async () => {
  const seen = { attempts: 0, recorded: 0, lost: 0 };
  await fc.assert(
    fc.asyncProperty(deployments(badMachine), async (plans) => {
      const { world, outcomes } = await play(plans, { refuses: true });
      expectNoOverlap(world.attempts);
      expectLockGenerations(world.puts);
      for (const key of [KEYS.marker, KEYS.progress, KEYS.inventory]) expectNeverBackwards(key, world.puts);
      for (const opened of world.opened.values()) expectShutOut(opened, world.puts);
      for (const [index, outcome] of outcomes.entries())
        expectLostToSomebody(outcome, world.opened.get(index), world.puts);
      await expectLockEnds(world);
      seen.attempts += world.attempts.length;
      seen.recorded += outcomes.filter((outcome) => outcome === 'recorded').length;
      seen.lost += outcomes.filter((outcome) => outcome.includes('LOCK_LOST')).length;
    }),
    { numRuns: 300 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10);
}, 60_000);

test('machines that are only slow, with wrong clocks and lost answers: nobody loses the lock, and a write that failed is no obstacle', async () => {
  let recorded = 0;
  await fc.assert(
    fc.asyncProperty(deployments(soundMachine), async (plans) => {
      const { world, outcomes } = await play(plans, { refuses: false });
      expectNoOverlap(world.attempts);
      expectLockGenerations(world.puts);
      for (const { from, to, until } of world.attempts) {
        expect(until).toBeGreaterThanOrEqual(to - 2_000); // the way back
        expect(until).toBeLessThan(to + 10_000);
        expect(from).toBeLessThanOrEqual(to);
      }
      for (const outcome of outcomes) expect(outcome).toMatch(/^(recorded|.*socket hang up)$/);
      recorded += outcomes.filter((outcome) => outcome === 'recorded').length;
    }),
    { numRuns: 150 },
  );
  expect(recorded).toBeGreaterThan(50);
}, 60_000);

async function play(
  plans: readonly Deployment[],
  { refuses }: { refuses: boolean },
): Promise<{ world: World; outcomes: string[] }> {
  const world: World = {
    time: new VirtualTime(),
    objects: new Map(),
    puts: [],
    attempts: [],
    opened: new Map(),
    refuses,
  };
  const outcomes = await world.time.run(Promise.all(plans.map((plan, index) => deploy(plan, index, world))));
  return { world, outcomes };
}

async function deploy(plan: Deployment, index: number, world: World): Promise<string> {
  await world.time.sleep(plan.startsAfter);
  const machine = new Machine(world.time, plan);
  const store = storeOf(world, (leg) => machine.latency(leg));
  store.lost = [...plan.lostAnswers];
  return await Promise.race([
    machine.dead().then(() => 'died'),
    work(plan, index, world, machine, store).then(
      () => 'recorded',
      (error: Error) => `${(error as { code?: string }).code ?? ''} ${error.message}`,
    ),
  ]);
}

function storeOf({ time, objects, puts }: World, latency?: (leg: 'there' | 'back') => Promise<void>): MemoryStore {
  const store = new MemoryStore({ now: () => time.now, ...(latency && { latency }) }, objects);
  store.onPut = (put) => puts.push(put);
  return store;
}

/** What `deploy` does with the state of its environment. */
async function work(
  { rounds }: Deployment,
  index: number,
  world: World,
  machine: Machine,
  store: MemoryStore,
): Promise<void> {
  const { clock } = machine;
  const version = `v${index}`;
  const run = { id: String(index), attempt: 1, url: null };
  const log = new MemoryLog();
  const common = {
    keys: KEYS,
    owner: OWNER,
    run,
    actor: 'ada',
    deployment: '41-1-abc',
    timeoutSeconds: 10 * 3600,
    clock,
    log,
  };
  const state = await openEnvironment({ store, ...common });
  world.opened.set(index, {
    generation: state.generation,
    puts: world.puts.length,
    existing: new Set([
      ...(state.marker ? [KEYS.marker] : []),
      ...(state.progress ? [KEYS.progress] : []),
      ...(state.functions.length > 0 ? [KEYS.inventory] : []),
    ]),
  });
  try {
    await state.rememberFunctions([`function-${index}`]);
    let current = progress({ version, run });
    await state.saveProgress(current);
    const problems: unknown[] = [];
    for (const [round, attempts] of rounds.entries()) {
      const ended = attempts.map(async ({ after, runsFor, lost }, number) => {
        const task = `${round}-${number}`;
        if (after > 0) await machine.sleep(after);
        const until = await state.attemptStarting({
          task,
          attempt: 1,
          deadline: new Date(clock.now() + runsFor),
          nonce: undefined,
        });
        const from = world.time.now;
        const to = from + runsFor;
        // The runtime does not begin what could not end in time: the answer was too long on the way.
        if (world.refuses && to > until.getTime()) return state.attemptEnded(task, 'CANCELED');
        world.attempts.push({ deployment: index, from, to, until: until.getTime() });
        if (lost) return state.attemptEnded(task, 'UNKNOWN');
        await machine.sleep(runsFor);
        state.attemptEnded(task, 'COMPLETED');
        current = { ...current, completed: { ...current.completed, [task]: completed({ run }) } };
        await state.saveProgress(current);
      });
      for (const outcome of await Promise.allSettled(ended)) {
        if (outcome.status === 'rejected') problems.push(outcome.reason);
      }
      if (problems.length > 0) break;
    }
    // As when other tasks still end: what failed before must not keep this from being written.
    if (problems.length > 0) await state.saveProgress(current);
    if (problems.length > 0) throw problems[0];
    await state.record(marker({ version, run, generation: 0 }));
  } finally {
    await state.close();
  }
}

function expectNoOverlap(attempts: readonly Attempt[]): void {
  for (const one of attempts) {
    for (const other of attempts) {
      if (one.deployment >= other.deployment) continue;
      expect(one.from >= other.to || other.from >= one.to, JSON.stringify([one, other])).toBe(true);
    }
  }
}

/** After somebody has opened the environment nobody before them writes what they found. */
function expectShutOut({ generation, puts: before, existing }: Opened, puts: readonly StoredPut[]): void {
  for (const key of [KEYS.marker, KEYS.progress, KEYS.inventory].filter((each) => existing.has(each))) {
    for (const later of parsed(key, puts.slice(before))) expect(later.generation).toBeGreaterThanOrEqual(generation);
  }
}

/** Nobody is told that the lock was lost who has it. */
function expectLostToSomebody(outcome: string, opened: Opened | undefined, puts: readonly StoredPut[]): void {
  if (!outcome.startsWith('LOCK_LOST') || opened === undefined) return;
  const highest = Math.max(...parsed(KEYS.lock, puts).map(({ generation }) => generation));
  expect(highest).toBeGreaterThan(opened.generation);
}

function parsed(key: string, puts: readonly StoredPut[]): { generation: number; owner?: string }[] {
  return puts.filter((put) => put.key === key).map(({ body }) => JSON.parse(body));
}

function expectLockGenerations(puts: readonly StoredPut[]): void {
  const bodies = parsed(KEYS.lock, puts);
  for (const [index, { generation, owner }] of bodies.entries()) {
    const before = bodies[index - 1];
    const expected = before === undefined ? 1 : before.generation + (before.owner === owner ? 0 : 1);
    expect(generation).toBe(expected);
  }
}

function expectNeverBackwards(key: string, puts: readonly StoredPut[]): void {
  const generations = parsed(key, puts).map(({ generation }) => generation);
  expect(generations).toEqual(generations.toSorted((one, other) => one - other));
}

/** Whoever comes last gets the lock as soon as the last attempt has ended for sure. */
async function expectLockEnds(world: World): Promise<void> {
  const { time, objects } = world;
  await time.run(time.sleep(200_000)); // what the dead had sent has arrived
  const lock = JSON.parse(String(objects.get(KEYS.lock)?.body ?? '{}')) as { busyUntil?: string | null };
  const latest = Math.max(time.now, lock.busyUntil ? Date.parse(lock.busyUntil) : 0) + 15_000;
  const run = { id: 'last', attempt: 1, url: null };
  const common = { keys: KEYS, owner: OWNER, run, actor: 'eve', deployment: '41-1-def', timeoutSeconds: 10 * 3600 };
  const options = { ...common, store: storeOf(world), clock: time.clock(), log: new MemoryLog() };
  const state = await time.run(openEnvironment(options));
  expect(time.now).toBeLessThan(latest);
  await time.run(state.close());
}
