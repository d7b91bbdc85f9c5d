import type { Phase } from '../project/types.ts';
import type { RunStatus } from '../runs/types.ts';
import type { StateOwner } from './documents.ts';
import type { CompletedTask, Marker, MarkerContent, MarkerTask, Progress, RunIdentity } from './types.ts';

/** What is known when the functions of a deployment are about to be made. */
export interface DeploymentStart extends StateOwner {
  project: string;
  environment: string;
  run: RunIdentity;
  version: string;
  phase: Phase;
  previousVersion: string | undefined;
  source: Progress['source'];
}

/** A task as far as it matters for "has it run already". */
export interface TaskCode {
  name: string;
  /** Contents digest of its package. */
  digest: string;
  runOn: readonly Phase[];
}

/**
 * The progress a deployment starts with. What an earlier step or attempt of the same workflow run completed for this
 * version stays, also when it has been recorded meanwhile. Of other, unfinished deployments only first-deploy tasks
 * stay, and only until the environment has a marker.
 */
export function startProgress(
  previous: Progress | undefined,
  marker: Marker | undefined,
  start: DeploymentStart,
): Progress {
  const { previousVersion, ...rest } = start;
  const stays = (task: CompletedTask): boolean =>
    (task.run.id === start.run.id && task.version === start.version) ||
    (marker === undefined && isFirstDeployOnly(task.runOn));
  const kept = Object.entries(previous?.completed ?? {}).filter(([, task]) => stays(task));
  return {
    schema: 1,
    ...rest,
    ...(previousVersion === undefined ? {} : { previousVersion }),
    completed: { ...completedByMarker(marker, start), ...Object.fromEntries(kept) },
  };
}

/** `progress` after `task`, which was planned, has completed; the same when it was not. */
export function completePlanned(progress: Progress, task: string, completedAt: string): Progress {
  const { planned } = progress;
  const counts = own(planned?.tasks, task);
  if (!planned || !counts) return progress;
  return {
    ...progress,
    completed: { ...progress.completed, [task]: { ...counts, completedAt } },
    planned: { ...planned, tasks: without(planned.tasks, task) },
  };
}

/**
 * `progress` after `task` has run and is not known to have completed: an earlier completion does not count any more. It
 * stays planned, for its result may still be found.
 */
export function forgetCompleted(progress: Progress, task: string): Progress {
  return { ...progress, completed: without(progress.completed, task) };
}

function without<T>(record: Record<string, T>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
}

/** Why `task` is not run again, or undefined when it has to run. */
export function alreadyCompleted(task: TaskCode, progress: Progress, rerun: 'failed' | 'all'): string | undefined {
  const run = rerun === 'all' ? undefined : completedIn(task, progress);
  return run && `already completed in run ${run.id}`;
}

/**
 * Digest with which `task` completed: what a task counts with that this step does not deploy, because an earlier one of
 * the same workflow run did.
 */
export function completedDigest(progress: Progress, task: string): string | undefined {
  return own(progress.completed, task)?.digest;
}

export interface RecordOptions {
  recordOn: 'all' | 'selection' | 'job' | 'never';
  /** Every task of the phase, selected or not. */
  phaseTasks: readonly TaskCode[];
  selected: ReadonlySet<string>;
  progress: Progress;
}

/** Why the environment does not count as deployed yet, in words; undefined: it is to be recorded. */
export function whyNotRecorded({ recordOn, phaseTasks, selected, progress }: RecordOptions): string | undefined {
  if (recordOn === 'never') return '`record-on` is `never`';
  const wanted = recordOn === 'selection' ? phaseTasks.filter((task) => selected.has(task.name)) : phaseTasks;
  const missing = missingForRecord(wanted, progress);
  return missing.length === 0 ? undefined : `still missing: ${missing.join(', ')}`;
}

/** Names of the tasks that have not completed for the version that is being deployed. */
export function missingForRecord(tasks: readonly TaskCode[], progress: Progress): string[] {
  return tasks.filter((task) => completedIn(task, progress) === undefined).map((task) => task.name);
}

export interface MarkerDetails {
  commit: string;
  actor: string;
  /** ISO 8601. */
  deployedAt: string;
  /** Every task whose function belongs to the environment. */
  tasks: Record<string, Omit<MarkerTask, 'status'>>;
}

/** The marker of a deployment that is complete. All of it, in and out, is plain JSON. */
export function createMarker(progress: Progress, previous: Marker | undefined, details: MarkerDetails): MarkerContent {
  const { completed, planned: _planned, source: _source, generation: _generation, ...deployment } = progress;
  const statusOf = (name: string): RunStatus =>
    Object.hasOwn(completed, name) ? 'COMPLETED' : (own(previous?.tasks, name)?.status ?? 'SKIPPED');
  const tasks = Object.entries(details.tasks).map(([name, task]) => [name, { ...task, status: statusOf(name) }]);
  return { ...deployment, ...details, tasks: Object.fromEntries(tasks) };
}

/** The run in which `task` completed so that it counts for this deployment. */
function completedIn(task: TaskCode, progress: Progress): RunIdentity | undefined {
  const completed = own(progress.completed, task.name);
  if (!completed) return undefined;
  const sameRun = completed.run.id === progress.run.id && completed.version === progress.version;
  if (sameRun && completed.digest === task.digest) return completed.run;
  // A first-deploy task counts whatever its code: it must never seed twice.
  return progress.phase === 'deploy' && isFirstDeployOnly(task.runOn) ? completed.run : undefined;
}

/** A re-run of a workflow run that has been recorded finds its tasks in the marker only, once another one has started. */
function completedByMarker(marker: Marker | undefined, start: DeploymentStart): Record<string, CompletedTask> {
  if (marker?.run.id !== start.run.id || marker.version !== start.version) return {};
  const completed = Object.entries(marker.tasks).filter(([, task]) => task.status === 'COMPLETED');
  return Object.fromEntries(completed.map(([name, task]) => [name, fromMarkerTask(task, marker)]));
}

function fromMarkerTask(task: MarkerTask, marker: Marker): CompletedTask {
  return {
    digest: task.digest,
    version: marker.version,
    run: marker.run,
    completedAt: marker.deployedAt,
    runOn: [],
    function: task.function,
    functionVersion: task.version,
    codeSha256: task.codeSha256,
    ...(task.lastModified !== undefined && { lastModified: task.lastModified }),
    options: task.options,
  };
}

function isFirstDeployOnly(runOn: readonly Phase[]): boolean {
  return runOn.length === 1 && runOn[0] === 'deploy';
}

/** Task names may be `constructor`. */
function own<T>(record: Record<string, T> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}
