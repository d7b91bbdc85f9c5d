import type { RunResult } from '../../src/runs/types.ts';
import type { LockBody, Marker, Progress } from '../../src/state/types.ts';
import type { Entry } from './ledger.ts';
import type { PlannedDeployment } from './plan.ts';
import type { StepResult } from './step.ts';

/** One deployment of the soak: what was asked for, and what the action said. Times in milliseconds since the epoch. */
export interface DeploymentRecord extends Omit<StepResult, 'log'> {
  /** Of the round it was started in. */
  round: number;
  plan: PlannedDeployment;
  environment: string;
  runId: string;
  runAttempt: number;
  version: string;
  /** Counts up within an environment: what a later version is. */
  versionNumber: number;
  /** Deployments that were started with it in the same environment. */
  together: number;
  startedAt: number;
  endedAt: number;
  /** Codes of the errors it annotated, such as `LOCK_HELD`. */
  errors: string[];
  logFile: string;
}

/** What lies in the bucket while nobody deploys. */
export interface Snapshot {
  /** Milliseconds since the epoch. */
  at: number;
  marker: Marker | undefined;
  progress: Progress | undefined;
  lock: { body: LockBody; lastModified: number; serverNow: number } | undefined;
}

/** Everything that is known about one environment, from all sides. */
export interface EnvironmentRecord {
  environment: string;
  deployments: readonly DeploymentRecord[];
  /** What really ran, in the order of the starts. */
  entries: readonly Entry[];
  /** In order. */
  snapshots: readonly Snapshot[];
  /** The audit copies of all markers. */
  markers: readonly Marker[];
  /** `<deployment>/<task>/<attempt>` of the attempts whose completed result lies in the channel. */
  channelResults: ReadonlySet<string>;
}

/** What may be expected of the action beyond what every version of it promises. */
export interface Expectations {
  /** Lost answers are found in the channel. */
  channel: boolean;
  /** Of two deployments started together, the older one never follows the newer. */
  order: boolean;
}

/** The promises that are checked, named by how they are broken; explained in docs/reliability.md. */
export const RULES = [
  'an attempt ran twice',
  'two attempts of one task overlapped',
  'other code ran than was deployed',
  'reported as completed, unknown to the ledger',
  'a completed result was lost',
  'reported as not run, but it ran',
  'seeded twice',
  'a first deployment after one was recorded',
  'ran again in a re-run',
  'the marker went backwards',
  'said to be recorded, but it is not',
  'a lock is held for too long',
  'a lock stays',
  'cancelled, but it did not leave in time',
  'the step says something else than its results',
  'it ended without a word',
  'a defect of the action',
  'an environment does not recover',
] as const;
export type Rule = (typeof RULES)[number];

/** A promise that was broken. */
export interface Violation {
  rule: Rule;
  environment: string;
  /** Rounds that have to do with it. */
  rounds: number[];
  text: string;
}

export function violation(rule: Rule, text: string, deployments: readonly DeploymentRecord[]): Violation {
  return {
    rule,
    environment: deployments[0]?.environment ?? '',
    rounds: deployments.map(({ round }) => round),
    text,
  };
}

export function entriesOf({ runId, runAttempt }: DeploymentRecord, entries: readonly Entry[], task?: string): Entry[] {
  const prefix = `${runId}-${runAttempt}-`;
  return entries.filter((entry) => entry.deployment.startsWith(prefix) && (task === undefined || entry.task === task));
}

export function deploymentOf(entry: Entry, deployments: readonly DeploymentRecord[]): DeploymentRecord | undefined {
  return deployments.find(({ runId, runAttempt }) => entry.deployment.startsWith(`${runId}-${runAttempt}-`));
}

export function resultOf({ results }: DeploymentRecord, task: string): RunResult | undefined {
  return results.find((result) => result.task === task);
}

/** Whether `task` counted as completed in what was stored after `earlier` and before `later`. */
export function storedBetween(
  { snapshots }: EnvironmentRecord,
  earlier: DeploymentRecord,
  later: DeploymentRecord,
  task: string,
): boolean {
  return snapshots
    .filter(({ at }) => at >= earlier.endedAt && at <= later.startedAt)
    .some(({ progress, marker }) => {
      const completed = progress?.completed[task];
      if (completed?.run.id === earlier.runId) return true;
      return marker?.run.id === earlier.runId && marker.tasks[task]?.status === 'COMPLETED';
    });
}
