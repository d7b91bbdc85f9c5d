import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Job, schedule } from '../../src/runs/schedule.ts';
import type { RunStatus } from '../../src/runs/types.ts';
import { VirtualClock } from './helpers.ts';

interface Planned extends Job {
  durationMs: number;
  fails: boolean;
}

interface Trace {
  name: string;
  status: RunStatus;
  reason?: string;
  start: number;
  end: number;
}

async function simulate(
  jobs: Planned[],
  options: { maxParallel?: number; failFast?: boolean; satisfied?: string[] } = {},
): Promise<{ results: Trace[]; peak: number; starts: string[] }> {
  const { maxParallel = 1, failFast = true, satisfied = [] } = options;
  const clock = new VirtualClock();
  const starts: string[] = [];
  let running = 0;
  let peak = 0;
  let stopped: string | undefined;
  const work = schedule<Planned, Trace>({
    jobs,
    satisfied: new Set(satisfied),
    maxParallel,
    stopReason: () => stopped,
    statusOf: ({ status }) => status,
    async start({ name, durationMs, fails }) {
      starts.push(name);
      running += 1;
      peak = Math.max(peak, running);
      const start = clock.now();
      await clock.sleep(durationMs);
      running -= 1;
      if (fails && failFast) stopped = `not started: ${name} FAILED`;
      return { name, status: fails ? 'FAILED' : 'COMPLETED', start, end: clock.now() };
    },
    skip: async ({ name }, reason) => ({ name, status: 'SKIPPED', reason, start: clock.now(), end: clock.now() }),
  });
  return { results: await clock.runUntil(work), peak, starts };
}

function job(name: string, changes: Partial<Planned> = {}): Planned {
  return { name, needs: [], skip: undefined, durationMs: 10, fails: false, ...changes };
}

const summary = ({ results }: { results: Trace[] }) =>
  results.map(({ name, status, reason }) => `${name} ${reason ?? status}`);

describe('schedule', () => {
  test('one at a time, in order', async () => {
    const { starts, peak } = await simulate([job('a'), job('b'), job('c')]);
    expect({ starts, peak }).toEqual({ starts: ['a', 'b', 'c'], peak: 1 });
  });

  test('stops after a failure when it shall, and lets what is in flight end', async () => {
    const jobs = [job('a', { fails: true }), job('b', { durationMs: 50 }), job('c'), job('d', { needs: ['a'] })];
    expect(summary(await simulate(jobs, { maxParallel: 2 }))).toEqual([
      'a FAILED',
      'b COMPLETED',
      'c not started: a FAILED',
      'd needs a, which FAILED',
    ]);
  });

  test('goes on with what does not need the failed one when it may', async () => {
    const jobs = [job('a', { fails: true }), job('b', { needs: ['a'] }), job('c', { needs: ['b'] }), job('d')];
    expect(summary(await simulate(jobs, { failFast: false }))).toEqual([
      'a FAILED',
      'b needs a, which FAILED',
      'c needs b, which was SKIPPED',
      'd COMPLETED',
    ]);
  });

  test('a need that was skipped counts when it is satisfied, and not otherwise', async () => {
    const jobs = [job('a', { skip: 'runs on deploy only' }), job('b', { needs: ['a'] })];
    expect(summary(await simulate(jobs, { satisfied: ['a'] }))).toEqual(['a runs on deploy only', 'b COMPLETED']);
    expect(summary(await simulate(jobs))).toEqual(['a runs on deploy only', 'b needs a, which was SKIPPED']);
    expect(summary(await simulate([job('b', { needs: ['x'] })], { satisfied: ['x'] }))).toEqual(['b COMPLETED']);
    expect(summary(await simulate([job('b', { needs: ['x'] })]))).toEqual(['b needs x, which has not completed']);
  });

  test('nothing is left waiting when needs form a circle', async () => {
    expect(summary(await simulate([job('a', { needs: ['b'] }), job('b', { needs: ['a'] })]))).toEqual([
      'a its needs form a circle',
      'b needs a, which was SKIPPED',
    ]);
  });

  test('whatever the plan: each once, never too many, needs first, nobody idles', async () => {
    const plan = fc.array(
      fc.record({
        durationMs: fc.integer({ min: 0, max: 100 }),
        fails: fc.integer({ max: 9, min: 0 }).map((dice) => dice === 0),
        skip: fc.integer({ max: 9, min: 0 }).map((dice) => (dice === 0 ? 'phase' : undefined)),
        needs: fc.array(fc.nat(11), { maxLength: 3 }),
      }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(plan, fc.integer({ min: 1, max: 4 }), fc.boolean(), async (specs, maxParallel, failFast) => {
        const jobs = specs.map((spec, index) =>
          job(`t${index}`, { ...spec, needs: spec.needs.filter((need) => need < index).map((need) => `t${need}`) }),
        );
        const satisfied = jobs.filter(({ skip }) => skip !== undefined).map(({ name }) => name);
        const { results, peak, starts } = await simulate(jobs, { maxParallel, failFast, satisfied });

        expect(results.map(({ name }) => name)).toEqual(jobs.map(({ name }) => name));
        expect(peak).toBeLessThanOrEqual(maxParallel);
        const ran = results.filter(({ status }) => status !== 'SKIPPED');
        expect([...starts].sort()).toEqual(ran.map(({ name }) => name).sort());
        const byName = new Map(results.map((result) => [result.name, result]));
        for (const { name, needs, skip } of jobs) {
          const result = byName.get(name);
          if (skip !== undefined) expect(result?.reason).toBe('phase');
          if (result?.status === 'SKIPPED') continue;
          for (const need of needs.filter((each) => !satisfied.includes(each))) {
            expect(byName.get(need)?.status).toBe('COMPLETED');
            expect(byName.get(need)?.end).toBeLessThanOrEqual(result?.start ?? -1);
          }
        }
        const failed = results.find(({ status }) => status === 'FAILED');
        if (failed === undefined) expect(ran).toHaveLength(jobs.length - satisfied.length);
        if (failFast && maxParallel === 1)
          expect(results.filter(({ status }) => status === 'FAILED').length).toBeLessThan(2);
      }),
      { numRuns: 150 },
    );
  });
});
