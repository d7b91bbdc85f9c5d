import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startLocalAws } from '../../src/local/index.ts';
import { type FaultRates, type RandomFaults, randomFaults } from '../../src/local/random-faults.ts';
import { startPostgres } from '../postgres.ts';
import { observeBucket } from './bucket.ts';
import { SoakEnvironment, type World } from './environment.ts';
import { buildPerform, openLedger } from './ledger.ts';
import { planRounds, planShapes, quietDeployment, type Round } from './plan.ts';
import { type EnvironmentRecord, type Expectations, type Violation, violation } from './records.ts';
import { ROOT } from './step.ts';
import { createWorkspaces } from './workspace.ts';

export interface SoakOptions {
  seed: number;
  deployments: number;
  /** Rounds at a time. */
  parallel: number;
  environments: number;
  expected: Expectations;
  rates?: FaultRates;
  /** How far the server's clock is ahead, in milliseconds. */
  clockSkewMs: number;
  /** Deploys each environment once more without faults; `free`: only those whose lock nobody has left behind. */
  settle: 'all' | 'free';
  log(line: string): void;
}

export interface SoakResult {
  records: EnvironmentRecord[];
  violations: Violation[];
  faults: RandomFaults['counts'];
  tookMs: number;
  /** The log of every deployment, in a file each. */
  logsDir: string;
}

const ACCOUNT = '000000000000';
const SHAPES = 8;
const TIMING = { pendingMs: 30, updateMs: 30, idleMs: 5_000 };

/** Deploys again and again while everything goes wrong that can, and checks every promise after each round. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const tempDir = await mkdtemp(path.join(os.tmpdir(), 'soak-'));
  const logsDir = await mkdtemp(path.join(os.tmpdir(), 'soak-logs-'));
  const postgres = await startPostgres({ dataDir: path.join(tempDir, 'postgres'), log: () => {} });
  const ledger = await openLedger(postgres.url);
  const faults = randomFaults(options.seed, options.rates);
  let quiet = false;
  const stateDir = path.join(tempDir, 'aws');
  const aws = await startLocalAws({
    stateDir,
    runtimeClient: path.join(ROOT, 'dist', 'ric', 'index.mjs'),
    timing: TIMING,
    faultSource: (operation) => (quiet ? undefined : faults.next(operation)),
    clockSkewMs: options.clockSkewMs,
  });
  try {
    const shapes = planShapes(options.seed, Math.min(SHAPES, options.environments));
    const workspaces = await createWorkspaces({
      folder: path.join(tempDir, 'work'),
      shapes,
      perform: await buildPerform(await subfolder(tempDir, 'perform')),
      ledgerUrl: postgres.url,
      releases: options.deployments + options.environments,
    });
    let runs = 1000;
    const world: World = {
      tempDir: await subfolder(tempDir, 'steps'),
      logsDir,
      workspaces,
      ledger,
      observer: observeBucket(stateDir, `lumo-tasks-${ACCOUNT}-eu-central-1`, () => Date.now() + options.clockSkewMs),
      expected: options.expected,
      awsEnv: { AWS_ENDPOINT_URL_LAMBDA: aws.endpoint, AWS_ENDPOINT_URL_S3: aws.endpoint },
      role: `arn:aws:iam::${ACCOUNT}:role/tasks`,
      clockSkewMs: options.clockSkewMs,
      nextRunId: () => String(++runs),
    };
    const environments = Array.from({ length: options.environments }, (_, number) => {
      const shape = shapes[number % shapes.length];
      if (!shape) throw new Error('There is no project');
      return new SoakEnvironment(`env-${number}`, shape, number % 3 !== 0, world);
    });
    const start = performance.now();
    const found = new Violations(options.log);
    await atATime(options.parallel, planRounds(options.seed, options.deployments), (round) =>
      runRound(round, environments, found, options),
    );
    quiet = true;
    await settle(environments, found, options);
    const records = await Promise.all(environments.map((environment) => environment.record()));
    return { records, violations: found.all, faults: faults.counts, tookMs: performance.now() - start, logsDir };
  } finally {
    await aws.close();
    await ledger.close();
    await postgres.stop();
    await rm(tempDir, { recursive: true, force: true });
  }
}

async function runRound(
  { deployments, number, place }: Round,
  environments: readonly SoakEnvironment[],
  found: Violations,
  { log }: SoakOptions,
): Promise<void> {
  const environment = await claimEnvironment(environments, place, deployments[0]?.mode === 'impatient');
  try {
    await environment.deploy(number, deployments);
    found.add(await environment.check());
  } finally {
    environment.busy = false;
  }
  if (number % 25 === 0)
    log(`round ${number}: ${environments.reduce((sum, each) => sum + each.deployments.length, 0)} deployments`);
}

/** A free one; for somebody who does not wait, one whose lock was left behind, if there is any. */
async function claimEnvironment(
  environments: readonly SoakEnvironment[],
  place: number,
  impatient: boolean,
): Promise<SoakEnvironment> {
  for (;;) {
    const idle = environments.filter(({ busy }) => !busy);
    const free = idle.filter(({ freeAt }) => freeAt <= Date.now());
    const left = idle.filter(({ freeAt }) => freeAt > Date.now());
    const candidates = impatient && left.length > 0 ? left : free;
    const environment = candidates[Math.floor(place * candidates.length)];
    if (environment) {
      environment.busy = true;
      return environment;
    }
    await delay(100);
  }
}

/** When all is quiet again, every environment can be deployed: no lock stays, no state is beyond repair. */
async function settle(
  environments: readonly SoakEnvironment[],
  found: Violations,
  options: SoakOptions,
): Promise<void> {
  const inOrder = environments.toSorted((a, b) => a.freeAt - b.freeAt);
  const settled = options.settle === 'all' ? inOrder : inOrder.filter(({ freeAt }) => freeAt <= Date.now());
  options.log(`all rounds are over, ${settled.length} environments are deployed once more without faults`);
  await atATime(options.parallel, settled, async (environment) => {
    await delay(Math.max(0, environment.freeAt - Date.now()));
    const [last] = await environment.deploy(0, [quietDeployment()]);
    if (last && last.outputs.recorded !== 'true') {
      found.add([violation('an environment does not recover', `${last.outputs.status} ${last.errors}`, [last])]);
    }
    found.add(await environment.check());
  });
}

/** Each one once, however often it is found. */
class Violations {
  readonly all: Violation[] = [];
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  add(found: readonly Violation[]): void {
    for (const each of found) {
      if (
        this.all.some(
          ({ rule, environment, text }) => rule === each.rule && environment === each.environment && text === each.text,
        )
      )
        continue;
      this.all.push(each);
      this.#log(`VIOLATION in ${each.environment}, rounds ${each.rounds.join(' and ')}: ${each.rule}: ${each.text}`);
    }
  }
}

async function atATime<T>(count: number, items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: count }, worker));
}

async function subfolder(parent: string, name: string): Promise<string> {
  const folder = path.join(parent, name);
  await mkdir(folder, { recursive: true });
  return folder;
}
