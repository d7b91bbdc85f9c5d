import type { Entry } from './ledger.ts';
import {
  type DeploymentRecord,
  deploymentOf,
  type EnvironmentRecord,
  type Expectations,
  entriesOf,
  type Rule,
  resultOf,
  storedBetween,
  type Violation,
  violation,
} from './records.ts';

/** What the ledger says, against the promises and against what the action reported. */
export function checkRuns(record: EnvironmentRecord, expected: Expectations): Violation[] {
  return [
    ...ranTwice(record),
    ...overlapped(record),
    ...wrongCode(record),
    ...record.deployments.flatMap((deployment) => wrongResults(deployment, record, expected)),
    ...seededTwice(record, expected),
    ...firstAgain(record),
    ...ranAgain(record),
  ];
}

function ranTwice({ entries, deployments }: EnvironmentRecord): Violation[] {
  const groups = groupBy(entries, ({ deployment, task, attempt }) => `${deployment}/${task}, attempt ${attempt}`);
  return [...groups]
    .filter(([, executions]) => executions.length > 1)
    .map(([which, executions]) =>
      violation('an attempt ran twice', `${which} ran ${executions.length} times`, ofEntries(executions, deployments)),
    );
}

/** By what the executions wrote themselves: one that was ended from outside counts to its last sign of life. */
function overlapped({ entries, deployments }: EnvironmentRecord): Violation[] {
  return [...groupBy(entries, ({ task }) => task)].flatMap(([task, executions]) =>
    executions.flatMap((later, index) =>
      executions
        .slice(0, index)
        .filter((earlier) => earlier.seen > later.started)
        .map((earlier) =>
          violation(
            'two attempts of one task overlapped',
            `${task}: ${describe(earlier)} and ${describe(later)}, by ${Math.round(earlier.seen - later.started)} ms`,
            ofEntries([earlier, later], deployments),
          ),
        ),
    ),
  );
}

function wrongCode({ entries, deployments }: EnvironmentRecord): Violation[] {
  return entries.flatMap((entry) => {
    const deployment = deploymentOf(entry, deployments);
    if (!deployment || deployment.plan.variant === entry.variant) return [];
    const text = `${describe(entry)} ran code ${entry.variant}, deployed was ${deployment.plan.variant}`;
    return [violation('other code ran than was deployed', text, [deployment])];
  });
}

/** `UNKNOWN` is honest as long as there is nothing to know it from. */
function wrongResults(
  deployment: DeploymentRecord,
  { entries, channelResults }: EnvironmentRecord,
  { channel }: Expectations,
): Violation[] {
  return deployment.results.flatMap(({ task, status, attempts }) => {
    const ran = entriesOf(deployment, entries, task);
    const completed = ran.filter(({ ending }) => ending === 'ok');
    const broken = (rule: Rule, text: string): Violation[] => [
      violation(rule, `${task}: reported ${status}, ${text}`, [deployment]),
    ];
    switch (status) {
      case 'COMPLETED': {
        const last = attempts.at(-1)?.number;
        if (completed.some(({ attempt }) => attempt === last)) return [];
        return broken(
          'reported as completed, unknown to the ledger',
          `the ledger has ${ran.map(describe).join('; ') || 'nothing'}`,
        );
      }
      case 'SKIPPED':
        return ran.length === 0 ? [] : broken('reported as not run, but it ran', ran.map(describe).join('; '));
      case 'UNKNOWN': {
        if (!channel || deployment.interrupted) return [];
        const found = completed.find((entry) => channelResults.has(keyOf(entry)));
        return found ? broken('a completed result was lost', `its result lies in the channel: ${describe(found)}`) : [];
      }
      case 'CANCELED':
        if (deployment.interrupted) return [];
    }
    return completed.length === 0
      ? []
      : broken('a completed result was lost', `the ledger has ${completed.map(describe).join('; ')}`);
  });
}

/** A second completion is wrong when the first one was known: reported, stored, or with a channel, in there. */
function seededTwice(record: EnvironmentRecord, { channel }: Expectations): Violation[] {
  return seedings(record).flatMap(({ earlier, later, known }) => {
    const inChannel = channel && record.channelResults.has(keyOf(earlier));
    if (!known && !inChannel) return [];
    const text = `${describe(earlier)}, then ${describe(later)}`;
    return [violation('seeded twice', text, ofEntries([earlier, later], record.deployments))];
  });
}

export interface Seeding {
  earlier: Entry;
  later: Entry;
  /** The action knew of the earlier one. */
  known: boolean;
}

/** Each completion of `seed` that was not the first one in its environment, with the one before. */
export function seedings(record: EnvironmentRecord): Seeding[] {
  const completed = record.entries.filter(({ task, ending }) => task === 'seed' && ending === 'ok');
  return completed.slice(1).flatMap((later, index) => {
    const earlier = completed[index];
    const [first, second] = [earlier, later].map((entry) => entry && deploymentOf(entry, record.deployments));
    if (!earlier || !first || !second) return [];
    const reported = resultOf(first, 'seed')?.status === 'COMPLETED' && first.errors.length === 0;
    return [{ earlier, later, known: reported || storedBetween(record, first, second, 'seed') }];
  });
}

function firstAgain({ entries, deployments, snapshots }: EnvironmentRecord): Violation[] {
  const recordedAt = snapshots.find(({ marker }) => marker !== undefined)?.at ?? Number.POSITIVE_INFINITY;
  return entries.flatMap((entry) => {
    const deployment = deploymentOf(entry, deployments);
    if (!entry.isFirstDeploy || !deployment || deployment.startedAt <= recordedAt) return [];
    return [violation('a first deployment after one was recorded', describe(entry), [deployment])];
  });
}

/** "Re-run jobs" leaves alone what has completed with the same code. */
function ranAgain(record: EnvironmentRecord): Violation[] {
  const { deployments, entries } = record;
  return deployments.flatMap((later) => {
    const earlier = deployments.find(
      ({ runId, runAttempt }) => runId === later.runId && runAttempt === later.runAttempt - 1,
    );
    if (!earlier || earlier.plan.variant !== later.plan.variant) return [];
    return entriesOf(later, entries)
      .filter(({ task }) => resultOf(earlier, task)?.status === 'COMPLETED')
      .filter(({ task }) => storedBetween(record, earlier, later, task))
      .map((entry) => violation('ran again in a re-run', describe(entry), [earlier, later]));
  });
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return groups;
}

function ofEntries(entries: readonly Entry[], deployments: readonly DeploymentRecord[]): DeploymentRecord[] {
  return [...new Set(entries.flatMap((entry) => deploymentOf(entry, deployments) ?? []))];
}

function keyOf({ deployment, task, attempt }: Entry): string {
  return `${deployment}/${task}/${attempt}`;
}

function describe(entry: Entry): string {
  const times = [entry.started, entry.seen].map((time) => new Date(time).toISOString().slice(11, 23)).join(' to ');
  return `${keyOf(entry)} (${entry.ending ?? 'not ended'}, ${times})`;
}
