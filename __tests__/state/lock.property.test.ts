import fc from 'fast-check';
import { expect, test } from 'vitest';
import { acquireLock } from '../../src/state/lock.ts';
import type { LockBody } from '../../src/state/types.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { type LostAnswer, MemoryStore } from '../helpers/memory-store.ts';
import { VirtualTime } from '../helpers/virtual-time.ts';

const KEY = 'lumo-tasks/state/shop/production/lock.json';

/** One deployment: when it comes, how long its attempt runs, whether its machine dies, how bad its clock and its line are. */
interface Deployment {
  startsAfter: number;
  runsFor: number;
  dies: boolean;
  /** How wrong its clock is, and that is changed every so often. */
  skews: number[];
  skewChangesAfter: number;
  latencies: number[];
  lost: (LostAnswer | undefined)[];
}

const deployment: fc.Arbitrary<Deployment> = fc.record({
  startsAfter: fc.nat(120_000),
  runsFor: fc.nat(200_000),
  dies: fc.boolean(),
  skews: fc.array(fc.integer({ min: -600_000, max: 600_000 }), { minLength: 1, maxLength: 5 }),
  skewChangesAfter: fc.integer({ min: 1_000, max: 60_000 }),
  latencies: fc.array(fc.oneof(fc.nat(500), fc.integer({ min: 500, max: 90_000 })), { minLength: 1, maxLength: 8 }),
  lost: fc.array(fc.constantFrom<LostAnswer | undefined>(undefined, undefined, 'conflict', 'error'), { maxLength: 6 }),
});

interface Work {
  from: number;
  to: number;
}

test('of 8 racing deployments one works at a time, and generations only grow', async () => {
  let worked = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(deployment, { minLength: 8, maxLength: 8 }), async (deployments) => {
      const time = new VirtualTime();
      const objects: MemoryStore['objects'] = new Map();
      const bodies: LockBody[] = [];
      const work = await time.run(Promise.all(deployments.map((each) => deploy(each, time, objects, bodies))));
      expectNoOverlap(work.flat());
      expectGrowing(bodies);
      worked += work.flat().length;
    }),
    { numRuns: 150 },
  );
  expect(worked).toBeGreaterThan(200);
}, 30_000);

/** What a deployment does with the lock; answers when its attempt ran, by the true clock. */
async function deploy(
  { startsAfter, runsFor, dies, skews, skewChangesAfter, latencies, lost }: Deployment,
  time: VirtualTime,
  objects: MemoryStore['objects'],
  bodies: LockBody[],
): Promise<Work[]> {
  let requests = 0;
  const clock = time.clock(() => skews[Math.floor(time.now / skewChangesAfter) % skews.length] ?? 0);
  const latency = () => time.sleep(latencies[requests++ % latencies.length] ?? 0);
  const store = new MemoryStore({ now: () => time.now, latency }, objects);
  store.lost = [...lost];
  store.onPut = ({ body }) => bodies.push(JSON.parse(body) as LockBody);
  const run = { id: String(startsAfter), attempt: 1, url: null };
  const log = new MemoryLog();

  await time.sleep(startsAfter);
  try {
    const lock = await acquireLock({ store, key: KEY, run, actor: 'ada', timeoutSeconds: 100_000, clock, log });
    try {
      // An attempt that could not end in time is not begun: its answer was too long on the way.
      const to = await lock.keepFor(runsFor, undefined);
      const from = time.now;
      if (from + runsFor > to) return [];
      await time.sleep(to - from);
      return [{ from, to }];
    } finally {
      await (dies ? lock.abandon() : lock.release());
    }
  } catch (error) {
    expect(String(error)).toMatch(/socket hang up|was lost/);
    return [];
  }
}

function expectNoOverlap(work: readonly Work[]): void {
  const sorted = [...work].sort((one, other) => one.from - other.from);
  for (const [index, { from }] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before) expect(from).toBeGreaterThanOrEqual(before.to);
  }
}

function expectGrowing(bodies: readonly LockBody[]): void {
  for (const [index, body] of bodies.entries()) {
    const before = bodies[index - 1];
    if (!before) expect(body.generation).toBe(1);
    else expect(body.generation).toBe(before.owner === body.owner ? before.generation : before.generation + 1);
  }
}
