import { type DeployedFunction, deployFunctions } from '../functions/deploy.ts';
import { functionName } from '../functions/name.ts';
import { deleteOldVersions, pruneFunctions } from '../functions/prune.ts';
import type { History } from '../history/types.ts';
import { digestInputs, packageTasks } from '../package/index.ts';
import type { Report } from '../report/types.ts';
import { decideRuns } from '../runs/decide.ts';
import { runOrder } from '../runs/order.ts';
import { skippedResult } from '../runs/result.ts';
import { isOk } from '../runs/types.ts';
import type { EnvironmentState } from '../state/environment.ts';
import { completedDigest, startProgress } from '../state/progress.ts';
import type { Progress } from '../state/types.ts';
import { type Deployment, ownTasks, underLock, withDeployment } from './deployment.ts';
import { eventsOf } from './event.ts';
import { existingChanges, knownVersions, recordedFunctions, type TaskFunction, taskFunctions } from './functions.ts';
import { isSuperseded, workOutHistory } from './history.ts';
import { refuseUnsafeEvents } from './open-project.ts';
import { deploymentStart } from './progress-start.ts';
import { leaveRecord, recordDeployment, trackProgress } from './record.ts';
import { runAll } from './run-all.ts';
import type { Session } from './session.ts';

/** Project, lock, history, functions, runs, record: the story of a deployment. */
export async function deploy(session: Session, report: Report): Promise<void> {
  refuseUnsafeEvents(session);
  await withDeployment(session, report, async (deployment) => {
    const { runner } = session;
    // Before the lock: whoever has a mistake in a file or an asset hears of it at once, and nothing has been written.
    const inputs = await digestInputs(ownTasks(deployment.selected), deployment.packaging);
    await underLock(deployment, async (state) => {
      const { history, superseded } = await runner.group('History', async () => ({
        history: await workOutHistory(session, deployment.cloud, deployment.target, state, report),
        superseded: await isSuperseded(deployment, state.marker),
      }));
      if (superseded) return skipAll(deployment);
      const functions = await runner.group('Functions', async () => deployAll(deployment, state, inputs));
      const targets = taskFunctions(deployment.selected, functions);
      const progress = await runPhase(deployment, state, history, targets);
      const outcome = await recordDeployment(deployment, state, progress, targets);
      if (outcome.kind === 'when the job succeeds') await leaveRecord(session, outcome.pending);
      await cleanUp(deployment, state, functions, outcome.kind === 'recorded');
    });
  });
}

function skipAll({ project, report }: Deployment): void {
  const reason = `superseded by ${report.superseded?.by}`;
  report.results = runOrder(project.tasks).map((task) => skippedResult({ task, target: undefined }, reason));
}

async function deployAll(
  deployment: Deployment,
  state: EnvironmentState,
  inputs: ReadonlyMap<string, string>,
): Promise<DeployedFunction[]> {
  const { api, cloud, project, packaging, report, selected, target } = deployment;
  const tasks = ownTasks(selected);
  const { identity } = target;
  const functions = await deployFunctions({
    api,
    tasks,
    identity,
    role: cloud.role,
    eventBusName: project.eventBusName,
    inputs,
    pack: (unclear) => packageTasks(unclear, packaging),
    known: knownVersions(state.marker),
    store: cloud.store,
    beforeWrites: (names) => state.rememberFunctions(names),
  });
  report.functions.push(...functions.map(({ change }) => change), ...existingChanges(selected));
  const unchanged = functions.filter(({ change }) => change.action === 'unchanged').length;
  if (unchanged > 0) api.log.info(`${unchanged} of ${functions.length} functions unchanged`);
  return functions;
}

/** Runs the tasks of the phase that have not completed yet, and keeps the progress as each one ends. */
async function runPhase(
  deployment: Deployment,
  state: EnvironmentState,
  history: History,
  functions: ReadonlyMap<string, TaskFunction>,
): Promise<Progress> {
  const { project, selected, session } = deployment;
  const start = startProgress(state.progress, state.marker, deploymentStart(deployment, history));
  const { skipped, satisfied } = decideRuns({
    tasks: project.tasks,
    selected: new Set(selected.map(({ name }) => name)),
    phase: history.phase,
    progress: start,
    rerun: session.inputs.rerun,
    digestOf: ({ name }) => functions.get(name)?.digest ?? completedDigest(start, name) ?? '',
  });
  const planned = project.tasks.filter(({ name }) => !skipped.has(name)).map(({ name }) => name);
  const tracker = trackProgress(deployment, state, { start, planned, functions });
  await tracker.save();
  const eventOf = eventsOf(deployment, history);
  await runAll(deployment, state, {
    runs: runOrder(project.tasks).map((task) => ({
      task,
      skip: skipped.get(task.name),
      target: functions.get(task.name),
      event: eventOf(task),
    })),
    satisfied,
    functions,
    afterRun: (result) => tracker.ended(result),
  });
  return tracker.progress;
}

/**
 * What is not needed any more goes only after the tasks have run: until then it may be what one falls back to. What
 * could not be deleted is in the inventory still, and nobody runs the tasks again because of it.
 */
async function cleanUp(
  deployment: Deployment,
  state: EnvironmentState,
  deployed: readonly DeployedFunction[],
  isRecorded: boolean,
): Promise<void> {
  const { api, project, report, session, target } = deployment;
  if (session.signal.aborted || !report.results.every(({ status }) => isOk(status))) return;
  const changed = deployed.filter(({ change }) => change.action === 'update');
  const recorded = knownVersions(state.marker);
  for (const { function: name, version } of changed) {
    await deleteOldVersions(api, name, [version, recorded.get(name)?.version]);
  }
  // What is recorded can be run again: its functions go once something else is.
  if (!isRecorded || !session.inputs.prune || session.inputs.tasks !== '') return;
  const { identity } = target;
  const wanted = ownTasks(project.tasks).map(({ name }) => functionName(identity.project, identity.environment, name));
  report.functions.push(...(await pruneFunctions(api, recordedFunctions(state), wanted, identity)));
  await state.keepFunctions(wanted);
}
