import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Ending } from './plan.ts';

/** One execution of a task's body, as it wrote itself into the ledger. Times in milliseconds since the epoch. */
export interface Entry {
  /** Random, of this execution. */
  execution: string;
  environment: string;
  /** `<GITHUB_RUN_ID>-<GITHUB_RUN_ATTEMPT>-<8 hex>`. */
  deployment: string;
  task: string;
  attempt: number;
  /** Which of the two codes ran. */
  variant: string;
  isFirstDeploy: boolean;
  started: number;
  /** The last sign of life: every 100 ms, and the end. */
  seen: number;
  /** How it ended; null when it never came to its end. */
  ending: Ending | null;
}

export interface Ledger {
  of(environment: string): Promise<Entry[]>;
  close(): Promise<void>;
}

const SCHEMA = `CREATE TABLE ledger (
  execution uuid PRIMARY KEY, environment text NOT NULL, deployment text NOT NULL, task text NOT NULL,
  attempt int NOT NULL, variant text NOT NULL, first boolean NOT NULL,
  started timestamptz NOT NULL DEFAULT clock_timestamp(), seen timestamptz NOT NULL DEFAULT clock_timestamp(),
  ending text
);
CREATE INDEX ON ledger (environment);`;

const SELECT = `SELECT execution, environment, deployment, task, attempt, variant, first AS "isFirstDeploy", ending,
  (extract(epoch FROM started) * 1000)::float8 AS started, (extract(epoch FROM seen) * 1000)::float8 AS seen
  FROM ledger WHERE environment = $1 ORDER BY started`;

/** The table that the tasks write to by themselves, whatever the action believes. */
export async function openLedger(url: string): Promise<Ledger> {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => {}); // of a connection that nobody uses; a query says so itself
  await pool.query(SCHEMA);
  return {
    of: async (environment) => (await pool.query<Entry>(SELECT, [environment])).rows,
    close: () => pool.end(),
  };
}

/** What every task of a soak does, as a module of its own: in one piece, so that each deployment bundles it quickly. */
export async function buildPerform(folder: string): Promise<string> {
  const [source, nothing, file] = ['perform.mjs', 'nothing.js', 'perform.cjs'].map((name) => path.join(folder, name));
  if (!source || !nothing || !file) throw new Error('unreachable');
  await Promise.all([writeFile(source, PERFORM), writeFile(nothing, '')]);
  const root = path.resolve(import.meta.dirname, '..', '..');
  await promisify(execFile)(
    path.join(root, 'node_modules', '.bin', 'esbuild'),
    [
      source,
      '--bundle',
      '--minify',
      '--platform=node',
      '--format=cjs',
      `--outfile=${file}`,
      `--alias:pg-native=${nothing}`,
    ],
    { env: { ...process.env, NODE_PATH: path.join(root, 'node_modules') } },
  );
  return file;
}

const PERFORM = `import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** What a task of the plain dialect is not told: its deployment and attempt. */
let attempt;
export const performIn = (ctx) => {
  attempt = ctx;
};

export async function perform(variant, scripts) {
  const ctx = attempt;
  const [, deployment, task] = /^(.*)\\/(.*)$/.exec(ctx.run.id);
  const { number } = ctx.attempt;
  const { milliseconds, endings } = scripts[task];
  const ending = endings[Math.min(number, endings.length) - 1];
  const execution = randomUUID();
  const client = new pg.Client({ connectionString: process.env.LEDGER_URL });
  client.on('error', () => {});
  await client.connect();
  const { isFirstDeploy, environment } = ctx.deployment;
  await client.query(
    'INSERT INTO ledger (execution, environment, deployment, task, attempt, variant, first) VALUES ($1, $2, $3, $4, $5, $6, $7)',
    [execution, environment, deployment, task, number, variant, isFirstDeploy],
  );
  const seen = (how) =>
    client.query('UPDATE ledger SET seen = clock_timestamp(), ending = $2 WHERE execution = $1', [execution, how]);
  const beat = setInterval(() => seen(null).catch(() => {}), 100);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  if (ending === 'hang') await new Promise(() => {});
  clearInterval(beat);
  console.log('performed', execution, ending);
  await seen(ending);
  await client.end();
  if (ending === 'exit') process.exit(1);
  if (ending === 'throw') throw new Error('thrown by its script');
  return ending === 'ok';
}
`;
