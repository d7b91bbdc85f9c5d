import { endsAt } from '../../src/state/lock-body.ts';
import type { Marker } from '../../src/state/types.ts';
import {
  type DeploymentRecord,
  type EnvironmentRecord,
  type Expectations,
  type Rule,
  type Violation,
  violation,
} from './records.ts';

/** What is stored and what was said about it, against the promises. */
export function checkState(record: EnvironmentRecord, expected: Expectations): Violation[] {
  return [
    ...generationsFell(record),
    ...versionsFell(record, expected),
    ...notRecorded(record),
    ...locksStay(record),
    ...record.deployments.flatMap(wrongEnd),
  ];
}

function generationsFell({ snapshots, deployments }: EnvironmentRecord): Violation[] {
  return snapshots.slice(1).flatMap(({ marker, at }, index) => {
    const before = snapshots[index]?.marker;
    if (!before || (marker && marker.generation >= before.generation)) return [];
    const text = `${before.generation}, then ${marker?.generation ?? 'no marker'}`;
    return [violation('the marker went backwards', text, deployments.filter((each) => each.endedAt <= at).slice(-1))];
  });
}

function versionsFell({ markers, deployments }: EnvironmentRecord, { order }: Expectations): Violation[] {
  const inOrder = markers.toSorted((a, b) => a.generation - b.generation);
  return inOrder.slice(1).flatMap((marker, index) => {
    const [before, after] = [inOrder[index], marker].map((each) => each && writerOf(each, deployments));
    if (!before || !after || after.versionNumber >= before.versionNumber) return [];
    if (!order && before.round === after.round) return [];
    const text = `generation ${marker.generation}: ${before.version}, then ${after.version}`;
    return [violation('the marker went backwards', text, [before, after])];
  });
}

function notRecorded({ deployments, markers, snapshots }: EnvironmentRecord): Violation[] {
  const all = [...markers, ...snapshots.flatMap(({ marker }) => marker ?? [])];
  return deployments
    .filter(({ outputs }) => outputs.recorded === 'true')
    .filter((each) => !all.some((marker) => marker.run.id === each.runId && marker.version === each.version))
    .map((each) => violation('said to be recorded, but it is not', each.version, [each]));
}

/** Deployments that say nothing was recorded, and yet a marker of theirs is there. */
export function recordedSilently({ deployments, snapshots }: EnvironmentRecord): DeploymentRecord[] {
  const run = ({ id, attempt }: Marker['run']): string => `${id}-${attempt}`;
  const runs = new Set(snapshots.flatMap(({ marker }) => (marker ? [run(marker.run)] : [])));
  return deployments.filter(
    ({ outputs, runId, runAttempt }) =>
      outputs.recorded === 'false' && runs.has(run({ id: runId, attempt: runAttempt, url: null })),
  );
}

/** Time to live, or a task of 3 s with 30 s for the way, and as much again for clocks, whole seconds and slow machines. */
const LONGEST_HOLD_MS = 75_000;

function locksStay({ snapshots, deployments }: EnvironmentRecord): Violation[] {
  const held = snapshots.filter(({ lock }) => lock?.body.state === 'held');
  const tooLong = held.filter(({ lock }) => lock && endsAt({ ...lock, etag: '' }) > lock.serverNow + LONGEST_HOLD_MS);
  const refused = deployments.filter((each) => each.errors.includes('LOCK_HELD') && !mayBeHeld(each, snapshots));
  return [
    ...tooLong.map(({ lock, at }) => {
      const text = `busy until ${lock?.body.busyUntil}, written at ${new Date(lock?.lastModified ?? 0).toISOString()}`;
      return violation('a lock is held for too long', text, deployments.filter((each) => each.endedAt <= at).slice(-1));
    }),
    ...refused.map((each) => violation('a lock stays', 'LOCK_HELD although nobody has it any more', [each])),
  ];
}

/** By another deployment at the same time, or by one whose end is so fresh that nobody waited for the lock's. */
function mayBeHeld(
  { together, plan, startedAt }: DeploymentRecord,
  snapshots: EnvironmentRecord['snapshots'],
): boolean {
  const before = snapshots.filter(({ at }) => at <= startedAt).at(-1)?.lock;
  return together > 1 || (plan.mode === 'impatient' && before?.body.state === 'held');
}

/** A cancelled main step leaves before the runner gets rough. */
const CANCEL_LIMIT_MS = 7_500;

function wrongEnd(deployment: DeploymentRecord): Violation[] {
  const { errors, exitCode, interrupted, outputs, results } = deployment;
  const broken = (rule: Rule, text: string): Violation[] => [violation(rule, text, [deployment])];
  if (errors.includes('INTERNAL')) return broken('a defect of the action', 'INTERNAL');
  if (interrupted?.by === 'kill') return [];
  if (interrupted && interrupted.tookMs > CANCEL_LIMIT_MS) {
    return broken('cancelled, but it did not leave in time', `${Math.round(interrupted.tookMs)} ms`);
  }
  // A signal before it listens to signals ends it like any process.
  if (exitCode === null || outputs.status === undefined) {
    return interrupted ? [] : broken('it ended without a word', `exit code ${exitCode}`);
  }
  const good = results.every(({ status }) => status === 'COMPLETED' || status === 'SKIPPED');
  const succeeded = outputs.status === 'succeeded' || outputs.status === 'superseded';
  if ((exitCode === 0) !== succeeded || (succeeded && !good)) {
    return broken('the step says something else than its results', `${outputs.status}, exit code ${exitCode}`);
  }
  return [];
}

function writerOf({ run, version }: Marker, deployments: readonly DeploymentRecord[]): DeploymentRecord | undefined {
  return deployments.find(
    (each) => each.runId === run.id && each.runAttempt === run.attempt && each.version === version,
  );
}
