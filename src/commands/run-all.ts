import type { History } from '../history/types.ts';
import { bundleWithSourceMap } from '../package/index.ts';
import type { ProjectTask } from '../project/types.ts';
import { translateStack } from '../report/stack.ts';
import { type PlannedRun, RunsStopped, runTasks } from '../runs/run-tasks.ts';
import type { RunError, RunResult } from '../runs/types.ts';
import type { InvokeEvent } from '../runtime/protocol.ts';
import type { EnvironmentState } from '../state/environment.ts';
import { type Deployment, taskOptions } from './deployment.ts';

export interface RunAllOptions {
  /** In run order. */
  runs: readonly PlannedRun[];
  satisfied: ReadonlySet<string>;
  /** CodeSha256 of a task's function, by which a stack is known to belong to this checkout. */
  codeOf(task: string): string | undefined;
  afterRun(result: RunResult): Promise<void>;
}

/** Runs the tasks under the lock and puts what became of them into the report, also when it throws. */
export async function runAll(deployment: Deployment, state: EnvironmentState, options: RunAllOptions): Promise<void> {
  const { cloud, report, session } = deployment;
  const { clock, inputs, runner, signal } = session;
  warnAboutCredentials(deployment, options.runs);
  try {
    report.results = await runTasks({
      runs: options.runs,
      satisfied: options.satisfied,
      maxParallel: inputs.maxParallel,
      failFast: inputs.failFast,
      invoker: cloud.clients.invoker,
      clock,
      runner,
      signal,
      beforeAttempt: (task, deadline) => state.attemptStarting(task, deadline),
      afterRun: async (result) => {
        state.attemptEnded(result.task, result.status);
        await options.afterRun(result);
      },
      translate: (error, task) => translate(deployment, error, task, options.codeOf(task)),
    });
  } catch (error) {
    if (!(error instanceof RunsStopped)) throw error;
    report.results = error.results;
    throw error.cause;
  }
}

/**
 * The event of one task. A Lambda that is not ours gets the payload itself with the deployment beside it; ours finds
 * in it what its TaskContext is made of.
 */
export function eventOf(
  { session, target }: Deployment,
  history: History,
  task: ProjectTask,
  version = target.version,
): InvokeEvent | Record<string, unknown> {
  const deployment = {
    id: session.deploymentId,
    isFirstDeploy: history.isFirstDeploy,
    ...(history.previousVersion !== undefined && { previousVersion: history.previousVersion }),
    environment: target.identity.environment,
    version,
  };
  const payload = { ...task.settings.payload, ...session.inputs.payload };
  if (task.settings.function !== undefined) return { ...payload, deployment };
  return {
    lumo: 1,
    task: task.name,
    deployment,
    config: taskOptions(task),
    payload,
    attempt: { number: 1, maxAttempts: 1 },
  };
}

/** Bundled code is translated with a source map made now, when it is known to be the deployed code. */
async function translate(
  { packaging, project, report, session }: Deployment,
  error: RunError,
  name: string,
  codeSha256: string | undefined,
): Promise<RunError> {
  const task = project.tasks.find((candidate) => candidate.name === name);
  if (!task || !codeSha256) return error;
  const bundle = await bundleWithSourceMap(task, codeSha256, packaging);
  if ('reason' in bundle) {
    const warning = `The stack of ${name} is shown as it is: ${bundle.reason}.`;
    report.warnings.push(warning);
    session.runner.warning(warning);
    return error;
  }
  return translateStack(error, bundle.map, {
    bundleFile: bundle.bundleFile,
    projectRoot: project.boundary,
    boundary: project.boundary,
    ownFolders: [session.distDir, session.tempDir],
  });
}

const LONG_DEPLOYMENT_SECONDS = 50 * 60;

/** Sessions of OIDC roles last one hour unless asked otherwise, and nothing can renew them in the middle of a step. */
function warnAboutCredentials({ cloud, session }: Deployment, runs: readonly PlannedRun[]): void {
  const seconds = runs
    .filter(({ skip }) => skip === undefined)
    .reduce((sum, { task }) => sum + task.settings.timeout, 0);
  if (cloud.provider === 'local' || seconds / session.inputs.maxParallel <= LONG_DEPLOYMENT_SECONDS) return;
  session.runner.warning(
    `The task timeouts add up to ${Math.round(seconds / 60)} minutes, and credentials of an OIDC role last one hour by default: set role-duration-seconds of aws-actions/configure-aws-credentials.`,
  );
}
