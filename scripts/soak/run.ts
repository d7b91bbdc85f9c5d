import { setTimeout as delay } from 'node:timers/promises';
import type { FaultRates, RandomFaults } from '../../src/local/random-faults.ts';
import { SoakEnvironment } from './environment.ts';
import { planRounds, quietDeployment, type Round } from './plan.ts';
import { type EnvironmentRecord, type Expectations, type Violation, violation } from './records.ts';
import { createWorld, type World } from './world.ts';

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

const SHAPES = 8;
/** Deployments after which an environment makes room for a new one, so that there are many first deployments. */
const LIFETIME = 10;

/** Deploys again and again while everything goes wrong that can, and checks every promise after each round. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const world = await createWorld({
    ...options,
    shapes: Math.min(SHAPES, options.environments),
    releases: options.deployments + 1,
  });
  try {
    const environments = new Environments(world, options.environments);
    const start = performance.now();
    const found = new Violations(options.log);
    await atATime(options.parallel, planRounds(options.seed, options.deployments), (round) =>
      runRound(round, environments, found, options),
    );
    world.calmDown();
    await settle(environments.all, found, options);
    const records = await Promise.all(environments.all.map((environment) => environment.record()));
    const { faults, logsDir } = world;
    return { records, violations: found.all, faults, tookMs: performance.now() - start, logsDir };
  } finally {
    await world.close();
  }
}

async function runRound(
  { deployments, number, place }: Round,
  environments: Environments,
  found: Violations,
  { log }: SoakOptions,
): Promise<void> {
  const environment = await environments.claim(place, deployments[0]?.mode === 'impatient');
  try {
    await environment.deploy(number, deployments);
    found.add(await environment.check());
  } finally {
    environment.busy = false;
  }
  if (number % 25 === 0)
    log(`round ${number}: ${environments.all.reduce((sum, each) => sum + each.deployments.length, 0)} deployments`);
}

/** A number of environments to deploy to, and those before them. */
class Environments {
  readonly all: SoakEnvironment[] = [];
  readonly #world: World;
  readonly #count: number;

  constructor(world: World, count: number) {
    this.#world = world;
    this.#count = count;
  }

  /** A free one; for somebody who does not wait, one whose lock was left behind, if there is any. */
  async claim(place: number, impatient: boolean): Promise<SoakEnvironment> {
    for (;;) {
      const idle = this.#alive().filter(({ busy }) => !busy);
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

  #alive(): SoakEnvironment[] {
    const alive = this.all.filter(({ deployments }) => deployments.length < LIFETIME);
    while (alive.length < this.#count) {
      const environment = this.#create(this.all.length);
      alive.push(environment);
      this.all.push(environment);
    }
    return alive;
  }

  #create(number: number): SoakEnvironment {
    const { shapes } = this.#world;
    const shape = shapes[number % shapes.length];
    if (!shape) throw new Error('There is no project');
    return new SoakEnvironment(`env-${number}`, shape, number % 3 !== 0, this.#world);
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
