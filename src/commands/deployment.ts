import { hasOwnS3Endpoint } from '../aws/endpoint.ts';
import type { FunctionsApi } from '../functions/api.ts';
import { forgetLock, saveLock } from '../hand-over.ts';
import type { ProjectTask, TaskBehaviour, TaskSettings } from '../project/types.ts';
import type { Report } from '../report/types.ts';
import { settleLeftovers } from '../runs/leftovers.ts';
import { type EnvironmentState, openEnvironment } from '../state/environment.ts';
import { testConditions } from '../state/self-test.ts';
import { type AwsModules, type Cloud, loadAws, openCloud } from './cloud.ts';
import { type OpenProject, openProject } from './open-project.ts';
import type { Session } from './session.ts';
import { openTarget, type Target } from './target.ts';

/** What the phases of a command that talks to AWS work on. */
export interface Deployment extends OpenProject {
  session: Session;
  report: Report;
  cloud: Cloud;
  target: Target;
  api: FunctionsApi;
}

/** Reads the project and opens the cloud, for as long as `body` takes. */
export async function withDeployment(
  session: Session,
  report: Report,
  body: (deployment: Deployment) => Promise<void>,
): Promise<void> {
  await withCloud(session, report, await openProjectAndAws(session, report), body);
}

/** What can be had without credentials. The clients load while esbuild reads the project. */
export async function openProjectAndAws(session: Session, report: Report): Promise<[OpenProject, AwsModules]> {
  return await session.runner.group('Project', () => Promise.all([openProject(session, report), loadAws()]));
}

export async function withCloud(
  session: Session,
  report: Report,
  [opened, aws]: readonly [OpenProject, AwsModules],
  body: (deployment: Deployment) => Promise<void>,
): Promise<void> {
  const cloud = await openCloud(session, opened, aws, report);
  try {
    const target = await openTarget(session, opened, cloud, report);
    await body({ ...opened, session, report, cloud, target, api: cloud.functions });
  } finally {
    await cloud.close();
  }
}

/** Holds the lock of the environment for as long as `body` takes. */
export async function underLock(
  deployment: Deployment,
  body: (state: EnvironmentState) => Promise<void>,
): Promise<void> {
  const { session, cloud, target } = deployment;
  const { workflow, inputs, clock, runner, signal, deploymentId } = session;
  if (cloud.store && cloud.provider === 'aws' && hasOwnS3Endpoint(session.env)) {
    await testConditions(cloud.store, target.keys);
  }
  const state = await openEnvironment({
    store: cloud.store,
    keys: target.keys,
    owner: target.owner,
    deployment: deploymentId,
    run: workflow.run,
    actor: workflow.actor,
    timeoutSeconds: inputs.lockTimeout,
    clock,
    log: runner,
    signal,
  });
  handOver(deployment, state);
  try {
    await reportLeftovers(deployment, state);
    await body(state);
  } finally {
    try {
      await cloud.endFunctions?.();
    } finally {
      await state.close({ allEnded: cloud.endFunctions !== undefined });
      if (state.isClosed) forgetLock(session.runner);
    }
  }
}

/** Whatever happens to this process, its post step frees the lock. */
function handOver({ session, cloud, target }: Deployment, { lockOwner }: EnvironmentState): void {
  if (cloud.signing === undefined || lockOwner === undefined) return;
  const { bucket, bucketOwner } = cloud.signing;
  const { identity, owner } = target;
  const place = {
    provider: cloud.provider,
    root: session.root,
    region: cloud.region,
    bucket,
    ...(bucketOwner !== undefined && { bucketOwner }),
    project: identity.project,
    environment: identity.environment,
    owner,
    run: session.workflow.run,
    actor: session.workflow.actor,
    deployment: session.deploymentId,
  };
  saveLock(session.runner, place, lockOwner);
}

/** An earlier deployment that was killed has left attempts of which nobody knows yet what they came to. */
async function reportLeftovers({ session, report, cloud, target }: Deployment, state: EnvironmentState): Promise<void> {
  if (cloud.store === undefined || state.leftovers.length === 0) return;
  const { project, environment } = target.identity;
  const now = new Date(session.clock.now()).toISOString();
  const leftovers = await settleLeftovers(state, { store: cloud.store, project, environment, now });
  for (const { status, message } of leftovers) {
    const line = `Of an earlier deployment that was interrupted: ${message}`;
    if (status === 'COMPLETED') session.runner.info(line);
    else session.runner.warning(line);
    (status === 'COMPLETED' ? report.notices : report.warnings).push(line);
  }
}

/** The tasks whose functions are ours to make. */
export function ownTasks(tasks: readonly ProjectTask[]): ProjectTask[] {
  return tasks.filter((task) => task.settings.function === undefined);
}

/** `config` of the TaskContext: the task's entry with defaults, without `env`, `role` and `vpc`. */
export function taskConfig(task: ProjectTask): Record<string, unknown> {
  const { env: _env, role: _role, vpc: _vpc, ...config } = task.settings;
  return config;
}

/** What is recorded of a task, so that it can be run again as it was deployed, also from another checkout. */
export function recordedOptions(task: ProjectTask): Record<string, unknown> {
  return { ...taskConfig(task), behaviour: task.behaviour };
}

/** The task with the options that were recorded for it; `behaviour` may be missing from older records. */
export function withRecordedOptions(task: ProjectTask, options: Record<string, unknown>): ProjectTask {
  const { behaviour = task.behaviour, ...settings } = options;
  return {
    ...task,
    settings: { ...task.settings, ...settings } as TaskSettings,
    behaviour: behaviour as TaskBehaviour,
  };
}
