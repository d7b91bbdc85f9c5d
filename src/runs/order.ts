import { ActionError } from '../errors.ts';
import type { Phase, ProjectTask } from '../project/types.ts';

/**
 * The tasks in the order they run in one at a time: as they come, each right after the tasks it needs. Needs that are
 * not among `tasks` are not looked at. Throws `TASK_NEEDS_CYCLE`.
 */
export function runOrder(tasks: readonly ProjectTask[]): ProjectTask[] {
  const byName = new Map(tasks.map((task) => [task.name, task]));
  const placed = new Set<ProjectTask>();
  const place = (task: ProjectTask, path: readonly string[]): void => {
    if (path.includes(task.name)) {
      throw needsCycle([...path.slice(path.indexOf(task.name)), task.name]);
    }
    if (placed.has(task)) {
      return;
    }
    for (const need of task.settings.needs) {
      const needed = byName.get(need);
      if (needed !== undefined) {
        place(needed, [...path, task.name]);
      }
    }
    placed.add(task);
  };
  for (const task of tasks) {
    place(task, []);
  }
  return [...placed];
}

function needsCycle(cycle: readonly string[]): ActionError {
  return new ActionError('TASK_NEEDS_CYCLE', `Tasks need each other: ${cycle.join(' -> ')}.`, {
    advice: 'Remove one of these entries of `needs`.',
    location: { key: `tasks.${cycle[0]}.needs` },
  });
}

/** Why the task does not run in this phase, or undefined when it does. */
export function phaseSkipReason(task: ProjectTask, phase: Phase): string | undefined {
  const { runOn } = task.settings;
  if (runOn.includes(phase)) {
    return undefined;
  }
  const runs = runOn.length === 0 ? 'runOn is empty' : `runs on ${runOn.join(' and ')} only`;
  return `${runs}, this is phase ${phase}`;
}
