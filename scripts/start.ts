/**
 * `npm start`: deploys `examples/storefront` on this machine. A real PostgreSQL, the built action on its command line, the
 * embedded AWS. The first run is a first deployment, every later one an update; `.postgres/` and the example's `.lumo/`
 * hold what was deployed. Exits with the deployment's own exit code.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import path from 'node:path';
import type { Report } from '../src/report/types.ts';
import { startPostgres } from './postgres.ts';

const ROOT = path.dirname(import.meta.dirname);
const EXAMPLE = path.join('examples', 'storefront');
const SUMMARY = path.join(EXAMPLE, '.lumo', 'summary.md');
const RESULTS = path.join(EXAMPLE, '.lumo', 'results.json');
/** Exit code of a program that Ctrl-C has ended. */
const INTERRUPTED = 130;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const COMMAND = [
  path.join('dist', 'index.js'),
  'deploy',
  ...['--provider', 'local'],
  ...['--working-directory', EXAMPLE],
  ...['--summary-file', SUMMARY],
  ...['--results-file', RESULTS],
  // Every run is a version of its own, named by its time, so that the next one has a previous version to tell.
  ...['--version', new Date().toISOString().slice(0, 19).replaceAll(':', '-')],
];

process.exitCode = await main();

async function main(): Promise<number> {
  process.chdir(ROOT);
  if (!existsSync(path.join('dist', 'index.js'))) {
    console.error('dist/index.js is missing: run "npm run build" first.');
    return 1;
  }
  const interruption = watchSignals();
  const dataDir = path.join(ROOT, '.postgres');
  const database = await startPostgres({ dataDir, log: console.log }).catch((error: unknown) => {
    // Ctrl-C in a terminal ends the programs that start the database, too.
    if (interruption.signal() === undefined) throw error;
  });
  try {
    return database && interruption.signal() === undefined ? await deploy(database.url, interruption) : INTERRUPTED;
  } finally {
    await database?.stop();
  }
}

async function deploy(databaseUrl: string, interruption: Interruption): Promise<number> {
  await mkdir(path.dirname(SUMMARY), { recursive: true });
  await Promise.all([SUMMARY, RESULTS].map((file) => rm(file, { force: true })));
  console.log(`\n$ node ${COMMAND.join(' ')}\n`);

  // In a process group of its own: Ctrl-C in a terminal reaches every process of the group, and this one passes it on.
  const child = spawn(process.execPath, COMMAND, {
    detached: true,
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  interruption.passTo(child);
  const code = await exitCode(child);
  await printOutcome(code);
  return code;
}

async function printOutcome(code: number): Promise<void> {
  if (existsSync(RESULTS)) {
    const report = JSON.parse(await readFile(RESULTS, 'utf8')) as Report;
    const previous = report.history?.previousVersion ? `, previous version ${report.history.previousVersion}` : '';
    console.log(`
${report.project} ${report.version} in ${report.environment}: ${report.status}
  phase      ${report.history?.phase ?? 'not decided'}${previous}
  functions  ${tally(report.functions.map((change) => change.action))}
  tasks      ${tally(report.results.map((result) => result.status))}`);
  }
  if (existsSync(SUMMARY)) console.log(`  summary    ${SUMMARY}`);
  if (existsSync(RESULTS)) console.log(`  results    ${RESULTS}`);
  if (code !== 0) console.log(`  exit code  ${code}`);
}

/** `3 unchanged, 1 update` */
function tally(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => `${count} ${value}`).join(', ') || 'none';
}

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

interface Interruption {
  /** The first signal that arrived, if any. */
  signal(): NodeJS.Signals | undefined;
  /** Gives the child the time the action needs to cancel, then ends it. */
  passTo(child: ChildProcess): void;
}

/** One Ctrl-C arrives several times (from the terminal, from npm, from `dev.mjs`): only the first one counts. */
function watchSignals(): Interruption {
  let first: NodeJS.Signals | undefined;
  let child: ChildProcess | undefined;
  const cancel = () => {
    child?.kill('SIGINT');
    setTimeout(() => child?.kill('SIGTERM'), 7_500).unref();
    setTimeout(() => child?.kill('SIGKILL'), 10_000).unref();
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (first !== undefined) return;
      first = signal;
      console.log('\nStopping ...');
      cancel();
    });
  }
  return {
    signal: () => first,
    passTo(started) {
      child = started;
    },
  };
}
