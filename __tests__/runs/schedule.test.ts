import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Job, schedule } from '../../src/runs/schedule.ts';
import { type Queue, Slots } from '../../src/runs/slots.ts';
import type { RunStatus } from '../../src/runs/types.ts';
import { VirtualClock } from './helpers.ts';

interface Planned extends Job {
  durationMs: number;
  fails: boolean;
  /** Milliseconds between its attempts; one attempt more than there are pauses. */
  pauses: number[];
}

/** One attempt. */
interface Execution {
  name: string;
  queue: string;
  start: number;
  end: number;
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
  options: { maxParallel?: number; failFast?: boolean; satisfied?: string[]; queues?: Queue[] } = {},
): Promise<{ results: Trace[]; peak: number; starts: string[]; executions: Execution[] }> {
  const { maxParallel = 1, failFast = true, satisfied = [], queues = [] } = options;
  const clock = new VirtualClock();
  const executions: Execution[] = [];
  const starts: string[] = [];
  const never = new AbortController().signal;
  let running = 0;
  let peak = 0;
  let stopped: string | undefined;
  const work = schedule<Planned, Trace>({
    jobs,
    satisfied: new Set(satisfied),
    slots: new Slots(maxParallel, queues),
    oneAtATime: maxParallel === 1,
    stopReason: () => stopped,
    statusOf: ({ status }) => status,
    async start({ name, queue, durationMs, fails, pauses }, slot) {
      starts.push(name);
      const start = clock.now();
      for (const pause of [undefined, ...pauses]) {
        if (pause !== undefined) {
          slot.release();
          await clock.sleep(pause);
          await slot.regain(never);
        }
        running += 1;
        peak = Math.max(peak, running);
        const execution = { name, queue, start: clock.now(), end: clock.now() + durationMs };
        executions.push(execution);
        await clock.sleep(durationMs);
        running -= 1;
      }
      if (fails && failFast) stopped = `not started: ${name} FAILED`;
      slot.release();
      return { name, status: fails ? 'FAILED' : 'COMPLETED', start, end: clock.now() };
    },
    skip: async ({ name }, reason) => ({ name, status: 'SKIPPED', reason, start: clock.now(), end: clock.now() }),
  });
  return { results: await clock.runUntil(work), peak, starts, executions };
}

function job(name: string, changes: Partial<Planned> = {}): Planned {
  return {
    name,
    needs: [],
    skip: undefined,
    queue: `task/${name}`,
    durationMs: 10,
    fails: false,
    pauses: [],
    ...changes,
  };
}

/** True for the first of equal neighbours. */
function isNew(name: string, index: number, all: readonly string[]): boolean {
  return name !== all[index - 1];
}

/** The largest number of executions that overlap. */
function overlap(executions: readonly Execution[]): number {
  const at = executions.map(({ start }) => executions.filter((each) => each.start <= start && each.end > start).length);
  return Math.max(0, ...at);
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

  test('one at a time means one task with all its attempts, else others go ahead of one that waits for its next', async () => {
    const jobs = [job('a', { pauses: [100] }), job('b'), job('c')];
    const order = async (maxParallel: number) =>
      (await simulate(jobs, { maxParallel })).executions.map(({ name, start }) => `${name} ${start}`);
    expect(await order(1)).toEqual(['a 0', 'a 110', 'b 120', 'c 130']);
    expect(await order(2)).toEqual(['a 0', 'b 0', 'c 10', 'a 110']);
  });

  test('a task whose queue is full is overtaken, and does not take the place of another', async () => {
    const queues = [{ name: 'db', concurrencyLimit: 1 }];
    const jobs = ['a', 'b', 'c'].map((name) => job(name, { queue: 'db' })).concat(job('d'), job('e'));
    const { executions } = await simulate(jobs, { maxParallel: 3, queues });
    expect(executions.map(({ name, start }) => `${name} ${start}`)).toEqual(['a 0', 'd 0', 'e 0', 'b 10', 'c 20']);
  });

  test('twenty tasks on a queue of one never overlap, with max-parallel 8; without the limit they do', async () => {
    const jobs = Array.from({ length: 20 }, (_, index) => job(`t${index}`, { queue: 'db', pauses: [5] }));
    const limited = await simulate(jobs, { maxParallel: 8, queues: [{ name: 'db', concurrencyLimit: 1 }] });
    expect(limited.executions).toHaveLength(40);
    expect(overlap(limited.executions)).toBe(1);
    expect(overlap((await simulate(jobs, { maxParallel: 8 })).executions)).toBe(8);
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
        queue: fc.constantFrom('one', 'two', 'free'),
        pauses: fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 2 }),
      }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(plan, fc.integer({ min: 1, max: 4 }), fc.boolean(), async (specs, maxParallel, failFast) => {
        const jobs = specs.map((spec, index) =>
          job(`t${index}`, { ...spec, needs: spec.needs.filter((need) => need < index).map((need) => `t${need}`) }),
        );
        const satisfied = jobs.filter(({ skip }) => skip !== undefined).map(({ name }) => name);
        const queues = [
          { name: 'one', concurrencyLimit: 1 },
          { name: 'two', concurrencyLimit: 2 },
          { name: 'free', concurrencyLimit: undefined },
        ];
        const run = await simulate(jobs, { maxParallel, failFast, satisfied, queues });
        const { results, peak, starts, executions } = run;

        expect(results.map(({ name }) => name)).toEqual(jobs.map(({ name }) => name));
        expect(peak).toBeLessThanOrEqual(maxParallel);
        for (const { name, concurrencyLimit = Number.POSITIVE_INFINITY } of queues) {
          expect(overlap(executions.filter(({ queue }) => queue === name))).toBeLessThanOrEqual(concurrencyLimit);
        }
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
        if (maxParallel === 1) expect(executions.map(({ name }) => name).filter(isNew)).toEqual(starts);
        if (failed === undefined) expect(ran).toHaveLength(jobs.length - satisfied.length);
        if (failFast && maxParallel === 1)
          expect(results.filter(({ status }) => status === 'FAILED').length).toBeLessThan(2);
      }),
      { numRuns: 150 },
    );
  });
});
