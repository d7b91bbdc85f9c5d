import { ActionError } from '../errors.ts';
import type { Phase, ProjectTask } from '../project/types.ts';
import { alreadyCompleted } from '../state/progress.ts';
import type { Progress } from '../state/types.ts';
import { phaseSkipReason } from './order.ts';

export interface DecideOptions {
  /** Every task of the project. */
  tasks: readonly ProjectTask[];
  selected: ReadonlySet<string>;
  phase: Phase;
  progress: Progress;
  rerun: 'failed' | 'all';
  /** Contents digest of each task's package; empty for a Lambda that is not ours. */
  digestOf(task: ProjectTask): string;
}

export interface RunDecisions {
  /** Task name to the reason it is skipped for; a task that is missing here runs. */
  skipped: Map<string, string>;
  /** Skipped tasks that count as completed for the `needs` of others. */
  satisfied: Set<string>;
}

/**
 * Which tasks run in this deployment. Throws `TASK_NEEDS_UNMET` when a task that is to run needs one that was neither
 * selected nor completed before: running it would be as wrong as quietly leaving it out.
 */
export function decideRuns(options: DecideOptions): RunDecisions {
  const { tasks, selected, phase, progress, rerun } = options;
  const skipped = new Map<string, string>();
  const satisfied = new Set<string>();
  for (const task of tasks) {
    const { name, settings } = task;
    const otherPhase = phaseSkipReason(task, phase);
    const completed = alreadyCompleted(
      { name, digest: options.digestOf(task), runOn: settings.runOn },
      progress,
      rerun,
    );
    const reason = selected.has(name) ? (otherPhase ?? completed) : 'not selected';
    if (reason !== undefined) skipped.set(name, reason);
    if (otherPhase !== undefined || completed !== undefined) satisfied.add(name);
  }
  assertNeeds(
    tasks.filter(({ name }) => !skipped.has(name)),
    selected,
    satisfied,
  );
  return { skipped, satisfied };
}

function assertNeeds(
  running: readonly ProjectTask[],
  selected: ReadonlySet<string>,
  satisfied: ReadonlySet<string>,
): void {
  const unmet = running.flatMap(({ name, settings }) =>
    settings.needs.filter((need) => !selected.has(need) && !satisfied.has(need)).map((need) => ({ name, need })),
  );
  if (unmet.length === 0) return;
  throw new ActionError('TASK_NEEDS_UNMET', 'Tasks were selected without the tasks they need.', {
    advice: 'Add those to the input `tasks`, or run them in an earlier step of this workflow run.',
    details: unmet.map(({ name, need }) => ({
      message: `${name} needs ${need}, which is not selected and has not completed in this deployment`,
    })),
  });
}
