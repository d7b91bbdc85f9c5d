import { expect, test } from 'vitest';
import { planRounds, planShapes } from '../../scripts/soak/plan.ts';

const rounds = [...planRounds(1, 2000)];
const deployments = rounds.flatMap((round) => round.deployments);

test('the seed decides about everything', () => {
  expect([...planRounds(1, 200)]).toEqual([...planRounds(1, 200)]);
  expect([...planRounds(1, 200)]).not.toEqual([...planRounds(2, 200)]);
  expect(planShapes(1, 8)).toEqual(planShapes(1, 8));
  expect(planShapes(1, 8)).not.toEqual(planShapes(2, 8));
});

test('as many deployments as were asked for, and each kind of trouble among them', () => {
  expect(deployments).toHaveLength(2000);
  const share = (count: number): number => count / deployments.length;
  for (const by of ['cancel', 'kill'] as const) {
    const interrupted = deployments.filter(({ interruption }) => interruption.by === by);
    expect(share(interrupted.length)).toBeGreaterThan(0.04);
  }
  for (const mode of ['impatient', 'rerun'] as const) {
    expect(deployments.filter((each) => each.mode === mode).length).toBeGreaterThan(40);
  }
  expect(rounds.filter((round) => round.deployments.length === 2).length).toBeGreaterThan(100);
  const endings = new Set(
    deployments.flatMap(({ scripts }) => Object.values(scripts).flatMap((script) => script.endings)),
  );
  expect([...endings].sort()).toEqual(['exit', 'hang', 'ok', 'refuse', 'throw']);
});

test('projects differ: dialects, phases, retries, needs, parallel tasks', () => {
  const shapes = Array.from({ length: 20 }, (_, seed) => planShapes(seed, 8)).flat();
  const tasks = shapes.flatMap((shape) => shape.tasks);
  expect(new Set(shapes.map((shape) => shape.tasks.length))).toEqual(new Set([1, 2, 3, 4]));
  expect(new Set(shapes.map(({ maxParallel }) => maxParallel))).toEqual(new Set([1, 2, 4]));
  expect(new Set(tasks.map(({ dialect }) => dialect))).toEqual(new Set(['lumo', 'lifecycle']));
  expect(new Set(tasks.map(({ runOn }) => runOn.join()))).toEqual(new Set(['deploy', 'update', 'deploy,update']));
  expect(new Set(tasks.map(({ maxAttempts }) => maxAttempts))).toEqual(new Set([1, 2, 3]));
  expect(tasks.some(({ needs }) => needs.length > 1)).toBe(true);
  expect(tasks.filter(({ name }) => name === 'seed').every(({ runOn }) => runOn.join() === 'deploy')).toBe(true);
});
