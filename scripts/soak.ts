/**
 * `npm run soak -- --deployments 2000 --seed 1 --parallel 2`: deploys small projects again and again on an embedded AWS
 * that fails at random, cancels and kills the deployments, and compares what a ledger in a real PostgreSQL saw with what
 * the action says and with what it promises. Exits with 1 when a promise was broken. See docs/reliability.md.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_RATES, type FaultRates } from '../src/local/random-faults.ts';
import { recordedSilently } from './soak/check-state.ts';
import { type SoakResult, soak } from './soak/run.ts';
import { soakTable } from './soak/table.ts';

const { values } = parseArgs({
  options: {
    deployments: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    parallel: { type: 'string', default: '2' },
    environments: { type: 'string', default: '40' },
    /** How far the clock of AWS is ahead, in milliseconds; by default 90 s, with an even seed as much behind. */
    'clock-skew': { type: 'string' },
    /** Keeps the logs also when nothing was broken. */
    'keep-logs': { type: 'boolean', default: false },
    /** Writes the table into `docs/reliability.md`. */
    document: { type: 'boolean', default: false },
    /** What else to expect of the action: `channel`, `order`. */
    expect: { type: 'string', multiple: true, default: [] },
  },
});

// Ends what was started: the database and the functions go with the process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const seed = Number(values.seed);
const expected = { channel: values.expect.includes('channel'), order: values.expect.includes('order') };
/** What only a channel can save: a task that is started twice, and an answer that never comes. */
const CHANNEL_RATES: FaultRates = {
  ...DEFAULT_RATES,
  invoke: { ...DEFAULT_RATES.invoke, twice: 0.02, silence: 0.005 },
};

const result = await soak({
  seed,
  deployments: Number(values.deployments),
  parallel: Number(values.parallel),
  environments: Number(values.environments),
  clockSkewMs: Number(values['clock-skew'] ?? (seed % 2 === 0 ? -90_000 : 90_000)),
  expected,
  rates: expected.channel ? CHANNEL_RATES : DEFAULT_RATES,
  settle: 'all',
  log: (line) => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`),
});
const report = `Seed ${seed}:\n\n${soakTable(result)}`;
console.log(`\n${report}\n`);
if (values.document) await writeDocument(report);
printViolations(result);
for (const { environment, round, logFile } of result.records.flatMap(recordedSilently)) {
  console.log(`recorded, but reported as not recorded\n  ${environment}, round ${round}: ${logFile}`);
}
if (result.violations.length > 0) process.exitCode = 1;
if (result.violations.length > 0 || values['keep-logs']) {
  console.log(`The logs of all deployments are in ${result.logsDir}.`);
} else {
  await rm(result.logsDir, { recursive: true, force: true });
}

function printViolations({ violations, records }: SoakResult): void {
  const deployments = records.flatMap((record) => record.deployments);
  for (const { rule, environment, rounds, text } of violations) {
    console.log(`${rule}\n  ${environment}: ${text}`);
    const concerned = deployments.filter((each) => each.environment === environment && rounds.includes(each.round));
    for (const { round, version, interrupted, logFile } of concerned) {
      console.log(`  round ${round}, ${version}${interrupted ? `, ${interrupted.by}` : ''}: ${logFile}`);
    }
  }
}

/** Replaces what stands between `<!-- soak:start -->` and `<!-- soak:end -->`. */
async function writeDocument(report: string): Promise<void> {
  const file = path.join(import.meta.dirname, '..', 'docs', 'reliability.md');
  const text = await readFile(file, 'utf8');
  const section = /(<!-- soak:start -->\n)[\s\S]*?(<!-- soak:end -->)/;
  await writeFile(
    file,
    text.replace(section, (_all, start: string, end: string) => `${start}${report}\n${end}`),
  );
}
