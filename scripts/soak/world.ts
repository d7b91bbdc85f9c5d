import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startLocalAws } from '../../src/local/index.ts';
import { type FaultRates, type RandomFaults, randomFaults } from '../../src/local/random-faults.ts';
import { startPostgres } from '../postgres.ts';
import { type Observer, observeBucket } from './bucket.ts';
import { buildPerform, type Ledger, openLedger } from './ledger.ts';
import { planShapes, type Shape } from './plan.ts';
import type { Expectations } from './records.ts';
import { ROOT } from './step.ts';
import { createWorkspaces, type Workspaces } from './workspace.ts';

export interface WorldOptions {
  seed: number;
  /** As many versions there are for an environment at the most. */
  releases: number;
  shapes: number;
  expected: Expectations;
  rates?: FaultRates;
  /** How far the server's clock is ahead, in milliseconds. */
  clockSkewMs: number;
}

/** What all environments of a soak share. */
export interface World {
  shapes: Shape[];
  /** For the files of the steps. */
  tempDir: string;
  /** The log of every deployment, in a file each. Stays. */
  logsDir: string;
  workspaces: Workspaces;
  ledger: Ledger;
  observer: Observer;
  expected: Expectations;
  /** Where the action finds AWS. */
  awsEnv: Record<string, string>;
  role: string;
  clockSkewMs: number;
  faults: RandomFaults['counts'];
  nextRunId(): string;
  /** From now on nothing goes wrong any more. */
  calmDown(): void;
  close(): Promise<void>;
}

const ACCOUNT = '000000000000';
/** Short, so that the time goes into deployments; a version stays warm for its retries only. */
const TIMING = { pendingMs: 30, updateMs: 30, idleMs: 5_000 };

/** Starts the database and the AWS of a soak and writes its projects. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const { seed, clockSkewMs, expected } = options;
  const [folder, dataDir, logsDir] = await Promise.all(['', 'database-', 'logs-'].map(temporaryFolder));
  if (!folder || !dataDir || !logsDir) throw new Error('unreachable');
  const postgres = await startPostgres({ dataDir, log: () => {} });
  const ledger = await openLedger(postgres.url);
  const faults = randomFaults(seed, options.rates);
  let calm = false;
  const stateDir = path.join(folder, 'aws');
  const aws = await startLocalAws({
    stateDir,
    runtimeClient: path.join(ROOT, 'dist', 'ric', 'index.mjs'),
    timing: TIMING,
    faultSource: (operation) => (calm ? undefined : faults.next(operation)),
    clockSkewMs,
  });
  const shapes = planShapes(seed, options.shapes);
  const tempDir = path.join(folder, 'steps');
  await mkdir(tempDir);
  let runs = 1000;
  return {
    shapes,
    tempDir,
    logsDir,
    workspaces: await createWorkspaces({
      folder,
      shapes,
      perform: await buildPerform(folder),
      ledgerUrl: postgres.url,
      releases: options.releases,
    }),
    ledger,
    observer: observeBucket(stateDir, `lumo-tasks-${ACCOUNT}-eu-central-1`, () => Date.now() + clockSkewMs),
    expected,
    awsEnv: { AWS_ENDPOINT_URL_LAMBDA: aws.endpoint, AWS_ENDPOINT_URL_S3: aws.endpoint },
    role: `arn:aws:iam::${ACCOUNT}:role/tasks`,
    clockSkewMs,
    faults: faults.counts,
    nextRunId() {
      runs += 1;
      return String(runs);
    },
    calmDown() {
      calm = true;
    },
    async close() {
      await aws.close();
      await ledger.close();
      await postgres.stop();
      await Promise.all([folder, dataDir].map((each) => rm(each, { recursive: true, force: true, maxRetries: 5 })));
    },
  };
}

function temporaryFolder(purpose: string): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), `soak-${purpose}`));
}
