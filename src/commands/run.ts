import { ActionError } from '../errors.ts';
import type { ProjectTask } from '../project/types.ts';
import type { Report } from '../report/types.ts';
import { runOrder } from '../runs/order.ts';
import type { PlannedRun } from '../runs/run-task.ts';
import type { EnvironmentState } from '../state/environment.ts';
import type { MarkerTask } from '../state/types.ts';
import { type Deployment, underLock, withDeployment, withRecordedOptions } from './deployment.ts';
import { eventsOf } from './event.ts';
import { existingTarget, type TaskFunction } from './functions.ts';
import { workOutHistory } from './history.ts';
import { refuseUnsafeEvents } from './open-project.ts';
import { runAll } from './run-all.ts';
import type { Session } from './session.ts';

/** `run`: the named tasks once more, as they were last deployed; nothing is deployed and nothing recorded. */
export async function run(session: Session, report: Report): Promise<void> {
  refuseUnsafeEvents(session);
  if (session.inputs.tasks === '') {
    throw new ActionError('INPUT_INVALID', 'Input `tasks` is empty, and `run` runs only what is named.', {
      advice: 'Name the tasks to run, for example `tasks: run-migrations`.',
      location: { key: 'tasks' },
    });
  }
  await withDeployment(session, report, (deployment) =>
    underLock(deployment, (state) => runRecorded(deployment, state)),
  );
}

async function runRecorded(deployment: Deployment, state: EnvironmentState): Promise<void> {
  const { session, report, cloud, project, selected } = deployment;
  const recorded = recordedDeployment(state);
  const target = { ...deployment.target, version: recorded?.version ?? deployment.target.version };
  report.version = target.version;
  const functions = new Map(
    runOrder(selected).map((task) => [task.name, asDeployed(deployment, task, recorded?.tasks)]),
  );
  const history = await session.runner.group('History', () =>
    workOutHistory(session, cloud, target, state, report, recorded?.run),
  );
  const eventOf = eventsOf({ ...deployment, target }, history);
  await runAll(deployment, state, {
    runs: [...functions.values()].map(
      (fn): PlannedRun => ({
        task: fn.task,
        skip: undefined,
        target: fn,
        event: eventOf(fn.task),
      }),
    ),
    // What a task needs is the affair of whoever runs it by hand; among the named ones the order is kept.
    satisfied: new Set(project.tasks.map(({ name }) => name).filter((name) => !functions.has(name))),
    functions,
    afterRun: async () => undefined,
  });
}

/** The last complete deployment, else what has completed of one that is not. */
function recordedDeployment({ marker, progress }: EnvironmentState) {
  if (marker) return { version: marker.version, run: marker.run, tasks: marker.tasks };
  if (!progress) return undefined;
  const tasks = Object.entries(progress.completed).map(([name, { functionVersion: version, ...task }]) => [
    name,
    { ...task, version, status: 'COMPLETED' as const },
  ]);
  return {
    version: progress.version,
    run: progress.run,
    tasks: Object.fromEntries(tasks) as Record<string, MarkerTask>,
  };
}

/** The task with the function and the options it was deployed with. */
function asDeployed(
  { target }: Deployment,
  task: ProjectTask,
  recorded: Readonly<Record<string, MarkerTask>> = {},
): TaskFunction {
  if (task.settings.function !== undefined) return existingTarget(task);
  const last = Object.hasOwn(recorded, task.name) ? recorded[task.name] : undefined;
  if (last === undefined) {
    throw new ActionError(
      'NOT_DEPLOYED',
      `Task ${task.name} has not been deployed to ${target.identity.environment}.`,
      {
        advice: 'Run `command: deploy` for this environment first, or check the input `environment`.',
      },
    );
  }
  const { function: functionName, version: qualifier, digest, codeSha256 } = last;
  const asRecorded = withRecordedOptions(task, last.options);
  return {
    task: asRecorded,
    functionName,
    qualifier,
    existing: false,
    digest,
    codeSha256,
    lastModified: last.lastModified,
  };
}
