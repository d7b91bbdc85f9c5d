import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { phaseSkipReason, runOrder } from '../../src/runs/order.ts';
import { projectTask } from './helpers.ts';

const names = (tasks: { name: string }[]) => tasks.map(({ name }) => name);

describe('runOrder', () => {
  test('keeps the order of the project, and moves what is needed before it', () => {
    const tasks = [
      projectTask('a', { needs: ['c'] }),
      projectTask('b'),
      projectTask('c', { needs: ['d'] }),
      projectTask('d'),
    ];
    expect(names(runOrder(tasks))).toEqual(['d', 'c', 'a', 'b']);
    expect(names(runOrder([projectTask('z'), projectTask('a')]))).toEqual(['z', 'a']);
  });

  test('does not look at needs that are not among the tasks', () => {
    expect(names(runOrder([projectTask('a', { needs: ['elsewhere'] })]))).toEqual(['a']);
  });

  test('names a cycle', () => {
    const tasks = [
      projectTask('x', { needs: ['a'] }),
      projectTask('a', { needs: ['b'] }),
      projectTask('b', { needs: ['a'] }),
    ];
    expect(() => runOrder(tasks)).toThrow(
      expect.objectContaining({ code: 'TASK_NEEDS_CYCLE', message: 'Tasks need each other: a -> b -> a.' }),
    );
  });

  test('holds every task once, each after its needs, and is stable where nothing is needed', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(19), { maxLength: 4 }), { maxLength: 20 }), (needs) => {
        // Task i may need those with a higher number only: no cycles.
        const tasks = needs.map((list, index) =>
          projectTask(`t${index}`, {
            needs: list.filter((need) => need > index && need < needs.length).map((need) => `t${need}`),
          }),
        );
        const order = runOrder(tasks);
        expect(new Set(order)).toEqual(new Set(tasks));
        expect(order).toHaveLength(tasks.length);
        for (const task of tasks) {
          for (const need of task.settings.needs) {
            expect(names(order).indexOf(need)).toBeLessThan(names(order).indexOf(task.name));
          }
        }
        expect(runOrder(order)).toEqual(order);
        if (tasks.every(({ settings }) => settings.needs.length === 0)) {
          expect(order).toEqual(tasks);
        }
      }),
    );
  });
});

test('phaseSkipReason says when the task runs', () => {
  expect(phaseSkipReason(projectTask('a'), 'update')).toBeUndefined();
  expect(phaseSkipReason(projectTask('a', { runOn: ['deploy'] }), 'deploy')).toBeUndefined();
  expect(phaseSkipReason(projectTask('a', { runOn: ['deploy'] }), 'update')).toBe(
    'runs on deploy only, this is phase update',
  );
  expect(phaseSkipReason(projectTask('a', { runOn: [] }), 'update')).toBe('runOn is empty, this is phase update');
});
