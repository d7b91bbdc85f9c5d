import type { Clock } from '../clock.ts';
import type { RunResult } from '../runs/types.ts';
import type { EnvironmentState } from '../state/environment.ts';
import {
  completedDigest,
  completePlanned,
  createMarker,
  forgetCompleted,
  type MarkerDetails,
  whyNotRecorded,
} from '../state/progress.ts';
import type { PlannedTask, Progress } from '../state/types.ts';
import { type Deployment, recordedOptions } from './deployment.ts';
import type { TaskFunction } from './functions.ts';

type Functions = ReadonlyMap<string, TaskFunction>;

/** The progress of a deployment, saved as each task ends. */
export interface ProgressTracker {
  readonly progress: Progress;
  save(): Promise<void>;
  ended(result: RunResult): Promise<void>;
}

export function trackProgress(
  { session }: Deployment,
  state: EnvironmentState,
  { start, planned, functions }: { start: Progress; planned: readonly string[]; functions: Functions },
): ProgressTracker {
  let progress: Progress = {
    ...start,
    planned: { deployment: session.deploymentId, tasks: plannedTasks(start, planned, functions) },
  };
  const save = (): Promise<void> => state.saveProgress(progress);
  return {
    get progress() {
      return progress;
    },
    save,
    async ended({ task, status }) {
      progress =
        status === 'COMPLETED'
          ? completePlanned(progress, task, isoTime(session.clock))
          : forgetCompleted(progress, task);
      await save();
    },
  };
}

/** Writes the marker when the environment counts as deployed; else the report says what is still missing. */
export async function recordDeployment(
  deployment: Deployment,
  state: EnvironmentState,
  progress: Progress,
  functions: Functions,
): Promise<void> {
  const { cloud, project, report, selected, session } = deployment;
  report.notRecorded = cloud.store
    ? whyNotRecorded({
        recordOn: session.inputs.recordOn,
        phaseTasks: project.tasks
          .filter((task) => task.settings.runOn.includes(progress.phase))
          .map(({ name, settings }) => ({
            name,
            runOn: settings.runOn,
            digest: functions.get(name)?.digest ?? completedDigest(progress, name) ?? '',
          })),
        selected: new Set(selected.map(({ name }) => name)),
        progress,
      })
    : 'there is no bucket to record it in';
  if (report.notRecorded !== undefined) return;
  await state.record(createMarker(progress, state.marker, markerDetails(deployment, state, progress, functions)));
  report.recorded = true;
}

/** The functions of this step, of earlier steps of the deployment, and of the last one, in this order of precedence. */
function markerDetails(
  { project, session, target }: Deployment,
  state: EnvironmentState,
  progress: Progress,
  functions: Functions,
): MarkerDetails {
  const names = new Set(project.tasks.map(({ name }) => name));
  const before = Object.entries(state.marker?.tasks ?? {}).filter(([name]) => names.has(name));
  const earlier = Object.entries(progress.completed)
    .filter(([name]) => names.has(name))
    .map(([name, { function: functionName, functionVersion: version, digest, codeSha256, options }]) => [
      name,
      { function: functionName, version, digest, codeSha256, options },
    ]);
  const now = [...functions].map(([name, { functionName, qualifier, digest, codeSha256, task }]) => [
    name,
    { function: functionName, version: qualifier ?? '', digest, codeSha256, options: recordedOptions(task) },
  ]);
  return {
    commit: target.commit,
    actor: session.workflow.actor,
    deployedAt: isoTime(session.clock),
    generation: state.generation,
    tasks: Object.fromEntries([...before, ...earlier, ...now]),
  };
}

function plannedTasks(progress: Progress, names: readonly string[], functions: Functions) {
  const entries = names.flatMap((name) => {
    const target = functions.get(name);
    return target ? [[name, plannedTask(target, progress)] as const] : [];
  });
  return Object.fromEntries(entries);
}

function plannedTask(
  { task, functionName, qualifier, digest, codeSha256 }: TaskFunction,
  progress: Progress,
): PlannedTask {
  return {
    digest,
    codeSha256,
    version: progress.version,
    run: progress.run,
    runOn: task.settings.runOn,
    function: functionName,
    functionVersion: qualifier ?? '',
    options: recordedOptions(task),
  };
}

function isoTime(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
