import { ActionError } from '../errors.ts';
import { existingFunction } from '../functions/existing.ts';
import { functionName } from '../functions/name.ts';
import { type PlannedFunction, planFunctions } from '../functions/plan.ts';
import { findDeletable } from '../functions/prune.ts';
import { recordedCode } from '../functions/tags.ts';
import type { History } from '../history/types.ts';
import { digestInputs, packageTasks } from '../package/index.ts';
import type { ProjectTask } from '../project/types.ts';
import type { FunctionChange, PlannedTask, Report } from '../report/types.ts';
import { decideRuns } from '../runs/decide.ts';
import { runOrder } from '../runs/order.ts';
import { checkOwner, loadState, type State } from '../state/documents.ts';
import { completedDigest, startProgress } from '../state/progress.ts';
import { type AwsModules, knownRegion } from './cloud.ts';
import { type Deployment, openProjectAndAws, ownTasks, withCloud } from './deployment.ts';
import { existingChanges, knownVersions } from './functions.ts';
import { isSuperseded, workOutHistory } from './history.ts';
import type { OpenProject } from './open-project.ts';
import { checkBucket, checkIdentity, checkInvoke, checkRole, createPreflight, type Preflight } from './preflight.ts';
import { deploymentStart } from './progress-start.ts';
import type { Session } from './session.ts';
import { openTarget } from './target.ts';

/** `plan`: what `deploy` would do and why; writes nothing, takes no lock. */
export async function plan(session: Session, report: Report): Promise<void> {
  const opened = await openProjectAndAws(session, report);
  if (await hasCredentials(session, opened)) await withCloud(session, report, opened, planOnAws);
  else await planOffline(session, opened[0], report);
}

/** Pull requests of forks have none, nor role, region and bucket; and their plan is still worth reading. */
async function hasCredentials(
  session: Session,
  [{ project }, [{ createClients }]]: readonly [OpenProject, AwsModules],
): Promise<boolean> {
  if ((session.inputs.provider ?? project.provider) === 'local') return true;
  // Any region of the usual partition does where none is known: nothing is sent to it.
  const clients = createClients({ region: knownRegion(session, project) ?? 'us-east-1', env: session.env });
  try {
    await clients.checkCredentials();
    return true;
  } catch (error) {
    if (!(error instanceof ActionError) || error.code !== 'CREDENTIALS_MISSING') throw error;
    return false;
  } finally {
    clients.close();
  }
}

async function planOffline(session: Session, opened: OpenProject, report: Report): Promise<void> {
  const { packaging, project, selected } = opened;
  report.notices.push('There are no AWS credentials: functions, history and state are not looked at.');
  report.region = knownRegion(session, project) ?? '';
  await openTarget(session, opened, { region: report.region }, report); // for the version
  await digestInputs(ownTasks(selected), packaging); // a mistake in a file or an asset shows without AWS too
  const names = new Set(selected.map(({ name }) => name));
  report.plan = runOrder(project.tasks).map((task) => ({
    task: task.name,
    file: task.file ?? null,
    function: task.settings.function ?? functionName(project.name, report.environment, task.name),
    action: 'unknown',
    reasons: [],
    run: names.has(task.name),
    reason: names.has(task.name) ? `in phase ${task.settings.runOn.join(' or ')}` : 'not selected',
    ...plannedBehaviour(task),
  }));
}

async function planOnAws(deployment: Deployment): Promise<void> {
  const { cloud, report, selected, session } = deployment;
  const preflight = createPreflight(report);
  checkRole(cloud, report);
  const [, state] = await Promise.all([
    checkIdentity(cloud, session.env, report),
    readState(deployment, preflight),
    ...selected.flatMap((task) => existingFunction(task) ?? []).map((fn) => checkInvoke(cloud, fn, preflight)),
  ]);
  const planned = await preflight.check('functions', async () => {
    const value = await planAll(deployment, state);
    return { value, message: 'can be read' };
  });
  if (state !== undefined && planned !== undefined) {
    const stored = { marker: state.marker?.value, progress: state.progress?.value };
    const { history, superseded } = await session.runner.group('History', async () => ({
      history: await workOutHistory(session, cloud, deployment.target, stored, report),
      superseded: await isSuperseded(deployment, stored.marker),
    }));
    if (superseded) report.functions = []; // what differs would be left as it is
    planRuns(deployment, state, history, superseded ? [] : planned);
  }
  preflight.assertPassed();
}

async function readState({ cloud, target }: Deployment, preflight: Preflight): Promise<State | undefined> {
  const { store } = cloud;
  if (store === undefined) return { marker: undefined, progress: undefined, inventory: undefined };
  await checkBucket(cloud, preflight);
  return await preflight.check('state', async () => {
    const state = await loadState(store, target.keys);
    checkOwner(state, target.owner);
    return {
      value: state,
      message: state.marker ? `generation ${state.marker.value.generation}` : 'nothing recorded yet',
    };
  });
}

async function planAll(deployment: Deployment, state: State | undefined): Promise<PlannedFunction[]> {
  const { api, cloud, packaging, project, report, selected, session, target } = deployment;
  const tasks = ownTasks(selected);
  const planned = await planFunctions({
    api,
    tasks,
    identity: target.identity,
    role: cloud.role,
    eventBusName: project.eventBusName,
    inputs: await digestInputs(tasks, packaging),
    pack: (unclear) => packageTasks(unclear, packaging),
    known: knownVersions(state?.marker?.value),
  });
  const deletable = session.inputs.prune && session.inputs.tasks === '' ? await superfluous(deployment, state) : [];
  report.functions.push(...planned.map(({ change }) => change), ...existingChanges(selected), ...deletable);
  return planned;
}

async function superfluous({ api, project, target }: Deployment, state: State | undefined): Promise<FunctionChange[]> {
  const { identity } = target;
  const wanted = ownTasks(project.tasks).map(({ name }) => functionName(identity.project, identity.environment, name));
  const recorded = state?.inventory?.value.functions ?? [];
  const names = recorded.filter((name) => !wanted.includes(name));
  return await findDeletable(api, names, identity, 'its task is no longer in the project');
}

function planRuns(deployment: Deployment, state: State, history: History, planned: readonly PlannedFunction[]): void {
  const { project, report, selected, session } = deployment;
  const functions = new Map(planned.map((each) => [each.task.name, each]));
  const progress = startProgress(state.progress?.value, state.marker?.value, deploymentStart(deployment, history));
  const { skipped } = decideRuns({
    tasks: project.tasks,
    selected: new Set(selected.map(({ name }) => name)),
    phase: history.phase,
    progress,
    rerun: session.inputs.rerun,
    digestOf: ({ name }) => {
      const each = functions.get(name);
      if (each === undefined) return completedDigest(progress, name) ?? '';
      return each.pkg?.digest ?? recordedCode(each.existing?.tags ?? {})?.digest ?? '';
    },
  });
  report.plan = runOrder(project.tasks).map((task): PlannedTask => {
    const change = functions.get(task.name)?.change;
    const skip = report.superseded ? `superseded by ${report.superseded.by}` : skipped.get(task.name);
    return {
      task: task.name,
      file: task.file ?? null,
      function: task.settings.function ?? functionName(project.name, report.environment, task.name),
      action: change?.action ?? (task.settings.function === undefined ? 'unknown' : 'existing'),
      reasons: change?.reasons ?? [],
      run: skip === undefined,
      reason: skip === undefined ? `phase ${history.phase}` : `${skip}${neverAgain(task, history)}`,
      ...plannedBehaviour(task),
    };
  });
}

function plannedBehaviour({ behaviour, settings }: ProjectTask) {
  const { dialect, hooks, machine, queue, retry } = behaviour;
  const ours = settings.function === undefined;
  return {
    dialect,
    maxAttempts: retry.maxAttempts,
    queue: queue.name,
    concurrencyLimit: queue.concurrencyLimit ?? null,
    machine: (ours ? machine.name : undefined) ?? null,
    memoryMb: ours ? machine.memory : null,
    hooks,
  };
}

/** An environment is deployed for the first time once. */
function neverAgain({ settings }: ProjectTask, { phase }: History): string {
  return phase === 'update' && !settings.runOn.includes('update')
    ? ', and will never run in this environment again'
    : '';
}
