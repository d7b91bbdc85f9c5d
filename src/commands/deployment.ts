import { hasOwnS3Endpoint } from '../aws/endpoint.ts';
import type { FunctionsApi } from '../functions/api.ts';
import type { ProjectTask, TaskBehaviour, TaskSettings } from '../project/types.ts';
import type { Report } from '../report/types.ts';
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
  { session, cloud, target }: Deployment,
  body: (state: EnvironmentState) => Promise<void>,
): Promise<void> {
  const { workflow, inputs, clock, runner, signal } = session;
  if (cloud.store && cloud.provider === 'aws' && hasOwnS3Endpoint(session.env)) {
    await testConditions(cloud.store, target.keys);
  }
  const state = await openEnvironment({
    store: cloud.store,
    keys: target.keys,
    owner: target.owner,
    run: workflow.run,
    actor: workflow.actor,
    timeoutSeconds: inputs.lockTimeout,
    clock,
    log: runner,
    signal,
  });
  try {
    await body(state);
  } finally {
    await cloud.endFunctions?.();
    await state.close({ allEnded: cloud.endFunctions !== undefined });
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
