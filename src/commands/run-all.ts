import { createPresigner } from '../aws/presign.ts';
import { publishWithMemory } from '../functions/machine.ts';
import { bundleWithSourceMap } from '../package/index.ts';
import type { Machine } from '../project/types.ts';
import { translateStack } from '../report/stack.ts';
import { Channels } from '../runs/channel/channels.ts';
import { skippedResult, unfinishedResult } from '../runs/result.ts';
import type { PlannedRun } from '../runs/run-task.ts';
import { RunsStopped, type RunTasksOptions, runTasks } from '../runs/run-tasks.ts';
import type { RunResult } from '../runs/types.ts';
import type { EnvironmentState } from '../state/environment.ts';
import { channelPrefix } from '../state/keys.ts';
import type { Deployment } from './deployment.ts';
import type { TaskFunction } from './functions.ts';

export interface RunAllOptions {
  /** In run order. */
  runs: readonly PlannedRun[];
  satisfied: ReadonlySet<string>;
  /** By task name; their CodeSha256 is what a stack is known by to belong to this checkout. */
  functions: ReadonlyMap<string, TaskFunction>;
  afterRun(result: RunResult): Promise<void>;
}

/** Runs the tasks under the lock and puts what became of them into the report, also when it throws. */
export async function runAll(deployment: Deployment, state: EnvironmentState, options: RunAllOptions): Promise<void> {
  const { cloud, report, session } = deployment;
  const { clock, inputs, runner, signal } = session;
  warnAboutCredentials(deployment, options.runs);
  const channels = await openChannels(deployment);
  const known = new Map(options.runs.map((run) => [run.task.name, provisional(run)]));
  const update = (task: string, result: RunResult): void => {
    report.results = [...known.set(task, result).values()];
  };
  try {
    report.results = await runTasks({
      runs: options.runs,
      satisfied: options.satisfied,
      maxParallel: inputs.maxParallel,
      failFast: inputs.failFast,
      invoker: cloud.clients.invoker,
      channels,
      clock,
      runner,
      signal,
      beforeAttempt: async (attempt) => {
        const until = await state.attemptStarting(attempt);
        const run = options.runs.find(({ task }) => task.name === attempt.task);
        if (run) update(attempt.task, unfinishedResult(run));
        return until;
      },
      afterRun: async (result) => {
        update(result.task, result);
        await options.afterRun(result);
        // Only now: a result that could not be saved stays with the lock, for whoever gets that next.
        state.attemptEnded(result.task, result.status);
      },
      translate: translator(deployment, options.functions),
      enlarge: (task, machine) => enlarge(deployment, options.functions.get(task), machine),
    });
  } catch (error) {
    if (!(error instanceof RunsStopped)) throw error;
    report.results = error.results;
    throw error.cause;
  } finally {
    for (const warning of channels?.warnings() ?? []) {
      report.warnings.push(warning);
      runner.warning(warning);
    }
  }
}

/** What the report says of a task as long as it has not started: it may have to be given before all have ended. */
function provisional(run: PlannedRun): RunResult {
  return skippedResult(run, run.skip ?? 'not started: the deployment was cancelled');
}

/** Without a bucket there is nothing to talk over. */
async function openChannels({ cloud, session, target }: Deployment): Promise<Channels | undefined> {
  const { store, signing } = cloud;
  const { channel } = session.inputs;
  if (channel === 'off' || store === undefined || signing === undefined) return undefined;
  const { project, environment } = target.identity;
  return new Channels({
    store,
    presigner: await createPresigner(signing),
    prefix: channelPrefix(project, environment, session.deploymentId),
    required: channel === 'required',
    clock: session.clock,
  });
}

/**
 * Bundled code is translated with a source map made now, once for each task, when it is known to be the deployed code.
 */
function translator(
  { packaging, project, report, session }: Deployment,
  functions: RunAllOptions['functions'],
): RunTasksOptions['translate'] {
  const bundles = new Map<string, ReturnType<typeof bundleWithSourceMap>>();
  async function bundleOf({ task, codeSha256 }: TaskFunction) {
    const bundle = await bundleWithSourceMap(task, codeSha256, packaging);
    if ('reason' in bundle) {
      const warning = `The stack of ${task.name} is shown as it is: ${bundle.reason}.`;
      report.warnings.push(warning);
      session.runner.warning(warning);
    }
    return bundle;
  }
  return async (error, name) => {
    const fn = functions.get(name);
    if (!fn?.codeSha256) return error;
    const made = bundles.get(name) ?? bundleOf(fn);
    bundles.set(name, made);
    const bundle = await made;
    if ('reason' in bundle) return error;
    return translateStack(error, bundle.map, {
      bundleFile: bundle.bundleFile,
      projectRoot: project.boundary,
      boundary: project.boundary,
      ownFolders: [session.distDir, session.tempDir],
    });
  };
}

/** The task's function on another machine, for the rest of its run. */
async function enlarge(
  { api, report }: Deployment,
  fn: TaskFunction | undefined,
  { memory }: Machine,
): Promise<string> {
  if (!fn) throw new Error('Only a task that has a function runs out of memory');
  const { task, functionName, codeSha256 } = fn;
  const deployed = { function: functionName, codeSha256, memory: task.settings.memory };
  const version = await publishWithMemory(api, deployed, memory);
  report.notices.push(`${task.name} ran out of memory; version ${version} of ${functionName} has ${memory} MB.`);
  return version;
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
