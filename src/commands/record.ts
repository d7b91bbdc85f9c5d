import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { saveRecordFile } from '../hand-over.ts';
import type { RunResult } from '../runs/types.ts';
import type { EnvironmentState } from '../state/environment.ts';
import { type PendingRecord, pendingRecord } from '../state/pending-record.ts';
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
import type { Session } from './session.ts';

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

/** For the post step of the job. */
export async function leaveRecord({ deploymentId, env, runner }: Session, pending: PendingRecord): Promise<void> {
  const file = path.join(env.RUNNER_TEMP ?? os.tmpdir(), `lumo-tasks-record-${deploymentId}.json`);
  await writeFile(file, JSON.stringify(pending));
  saveRecordFile(runner, file);
}

/** Whether the environment counts as deployed now. */
export type RecordOutcome =
  | { kind: 'recorded' }
  | { kind: 'not recorded'; why: string }
  /** For the post step, see `recordPending`. */
  | { kind: 'when the job succeeds'; pending: PendingRecord };

/** Writes the marker when the environment counts as deployed; else the report says what is still missing. */
export async function recordDeployment(
  deployment: Deployment,
  state: EnvironmentState,
  progress: Progress,
  functions: Functions,
): Promise<RecordOutcome> {
  const { report, session } = deployment;
  report.notRecorded = whyNot(deployment, progress, functions);
  if (report.notRecorded !== undefined) return { kind: 'not recorded', why: report.notRecorded };
  const marker = createMarker(progress, state.marker, markerDetails(deployment, state, progress, functions));
  // Outside a job there is none that could fail later.
  if (session.inputs.recordOn === 'job' && session.workflow.onActions) {
    report.notRecorded = 'not before the whole job has succeeded, by the post step';
    return { kind: 'when the job succeeds', pending: pendingRecord(state, marker) };
  }
  await state.record(marker);
  report.recorded = true;
  return { kind: 'recorded' };
}

function whyNot(
  { cloud, project, selected, session }: Deployment,
  progress: Progress,
  functions: Functions,
): string | undefined {
  return cloud.store
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
    .map(([name, { function: functionName, functionVersion: version, digest, codeSha256, lastModified, options }]) => [
      name,
      { function: functionName, version, digest, codeSha256, ...known({ lastModified }), options },
    ]);
  const now = [...functions].map(([name, { functionName, qualifier: version = '', digest, codeSha256, ...fn }]) => [
    name,
    { function: functionName, version, digest, codeSha256, ...known(fn), options: recordedOptions(fn.task) },
  ]);
  return {
    commit: target.commit,
    actor: session.workflow.actor,
    deployedAt: isoTime(session.clock),
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
  { task, functionName, qualifier, digest, codeSha256, lastModified }: TaskFunction,
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
    ...known({ lastModified }),
    options: recordedOptions(task),
  };
}

function known({ lastModified }: { lastModified: string | undefined }): { lastModified?: string } {
  return lastModified === undefined ? {} : { lastModified };
}

function isoTime(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
