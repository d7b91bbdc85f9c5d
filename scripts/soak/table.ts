import { seedings } from './check-runs.ts';
import { recordedSilently } from './check-state.ts';
import { type DeploymentRecord, entriesOf } from './records.ts';
import type { SoakResult } from './run.ts';

/** A Markdown table of what happened, for `docs/reliability.md`. */
export function soakTable({ records, violations, faults, tookMs }: SoakResult): string {
  const deployments = records.flatMap((record) => record.deployments);
  const entries = records.flatMap((record) => record.entries);
  const unknown = records.flatMap((record) =>
    record.deployments.flatMap((deployment) =>
      deployment.results
        .filter(({ status }) => status === 'UNKNOWN')
        .map(({ task }) => ({
          interrupted: deployment.interrupted !== undefined,
          completed: entriesOf(deployment, record.entries, task).some(({ ending }) => ending === 'ok'),
        })),
    ),
  );
  const lostSeeds = records.flatMap(seedings).filter(({ known }) => !known).length;
  const rows: [string, string | number][] = [
    ['deployments', deployments.length],
    ...tally(deployments.map(outcomeOf)).map(([name, count]): [string, number] => [`- ${name}`, count]),
    ['cancelled by the runner', deployments.filter(({ interrupted }) => interrupted?.by === 'cancel').length],
    ['killed', deployments.filter(({ interrupted }) => interrupted?.by === 'kill').length],
    ['two at once in one environment', deployments.filter(({ together }) => together > 1).length],
    ['attempts that ran', entries.length],
    ['- that completed', entries.filter(({ ending }) => ending === 'ok').length],
    ['results that are `UNKNOWN`', unknown.length],
    [
      '- in a deployment that was neither cancelled nor killed',
      unknown.filter(({ interrupted }) => !interrupted).length,
    ],
    ['- of tasks that had completed', unknown.filter(({ completed }) => completed).length],
    ['seeded again, because nobody knew of the first time', lostSeeds],
    ['recorded, but reported as not recorded', records.flatMap(recordedSilently).length],
    ['faults', [...faults.values()].reduce((sum, count) => sum + count, 0)],
    ...[...faults].sort().map(([kind, count]): [string, number] => [`- ${kind}`, count]),
    ['minutes', (tookMs / 60_000).toFixed(1)],
    ['**violations**', `**${violations.length}**`],
  ];
  return ['| what | how many |', '|---|---:|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

function outcomeOf({ outputs, errors, interrupted }: DeploymentRecord): string {
  if (outputs.status === undefined) return interrupted ? 'ended before it could say anything' : 'ended without a word';
  const [code] = errors.filter((error) => error !== '');
  return code === undefined ? outputs.status : `${outputs.status} (${code})`;
}

function tally(values: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}
