import { type Random, seededRandom } from '../../src/local/random.ts';

/** What the tasks of a soak are called; `seed` runs on the first deployment only. */
export const TASKS = ['seed', 'migrate', 'index', 'warm'] as const;
export type TaskName = (typeof TASKS)[number];

export interface ShapeTask {
  name: TaskName;
  dialect: 'lumo' | 'lifecycle';
  runOn: ('deploy' | 'update')[];
  needs: TaskName[];
  maxAttempts: number;
  /** Seconds. */
  timeout: number;
}

/** A project: one to four tasks. */
export interface Shape {
  project: string;
  tasks: ShapeTask[];
  maxParallel: number;
}

/** How an attempt ends: well, by an error, by a refusal that is final, by the end of its process, or by its time-out. */
export type Ending = 'ok' | 'throw' | 'refuse' | 'exit' | 'hang';

/** What a task does, attempt by attempt; the last entry stands for all that follow. */
export interface Script {
  milliseconds: number;
  endings: Ending[];
}

/** What becomes of the process: it ends, the runner cancels it (SIGINT, SIGTERM, SIGKILL), or it is killed at once. */
export type Interruption = { by: 'nobody' } | { by: 'cancel' | 'kill'; afterMs: number };

/** `impatient`: does not wait for the lock. `rerun`: "Re-run jobs" of the last deployment of the environment. */
export type Mode = 'usual' | 'impatient' | 'rerun';

export interface PlannedDeployment {
  /** Milliseconds after the first one of its round. */
  startsAfterMs: number;
  mode: Mode;
  /** Which of the two codes. */
  variant: Variant;
  scripts: Record<TaskName, Script>;
  failFast: boolean;
  interruption: Interruption;
}

export const VARIANTS = ['a', 'b'] as const;
export type Variant = (typeof VARIANTS)[number];

/** What is started together, in one environment. */
export interface Round {
  number: number;
  deployments: PlannedDeployment[];
  /** In [0, 1), where it goes among the environments that are free then. */
  place: number;
}

/** Always the same for the same seed. */
export function planShapes(seed: number, count: number): Shape[] {
  return Array.from({ length: count }, (_, number) => {
    const random = seededRandom(`${seed} shape ${number}`);
    const names = TASKS.filter((name) => name === 'migrate' || random() < 0.5);
    return {
      project: `soak-${number}`,
      tasks: names.map((name, index) => planTask(name, names.slice(0, index), random)),
      maxParallel: pick([1, 1, 2, 4], random),
    };
  });
}

function planTask(name: TaskName, before: TaskName[], random: Random): ShapeTask {
  return {
    name,
    dialect: random() < 0.5 ? 'lumo' : 'lifecycle',
    runOn: name === 'seed' ? ['deploy'] : name === 'warm' && random() < 0.5 ? ['update'] : ['deploy', 'update'],
    needs: before.filter(() => random() < 0.4),
    maxAttempts: pick([1, 1, 2, 3], random),
    timeout: 3,
  };
}

/** The rounds of a soak that holds `deployments` deployments. */
export function* planRounds(seed: number, deployments: number): Generator<Round> {
  let planned = 0;
  for (let number = 1; planned < deployments; number += 1) {
    const random = seededRandom(`${seed} round ${number}`);
    const two = deployments - planned > 1 && random() < 0.12;
    const round = two ? planTwo(random) : [planDeployment(pick(MODES, random), random)];
    yield { number, deployments: round, place: random() };
    planned += round.length;
  }
}

/** The first one is slow, and often interrupted while the second one waits for it, or just before that one starts. */
function planTwo(random: Random): PlannedDeployment[] {
  const [first, second] = [planDeployment('usual', random), planDeployment('usual', random)];
  for (const script of Object.values(first.scripts)) script.milliseconds += 600;
  const interruption = random() < 0.4 ? interruptionAt(pick(['cancel', 'kill'], random), random) : first.interruption;
  return [
    { ...first, interruption },
    { ...second, startsAfterMs: Math.floor(random() * 2500) },
  ];
}

const MODES: Mode[] = [...Array<Mode>(18).fill('usual'), 'impatient', 'rerun'];

function planDeployment(mode: Mode, random: Random): PlannedDeployment {
  return {
    mode,
    startsAfterMs: 0,
    variant: random() < 0.9 ? 'a' : 'b',
    scripts: Object.fromEntries(TASKS.map((name) => [name, planScript(random)])) as Record<TaskName, Script>,
    failFast: random() < 0.7,
    interruption: planInterruption(random),
  };
}

/** A deployment without faults of the task's own, to be looked at when all else is over. */
export function quietDeployment(): PlannedDeployment {
  const script: Script = { milliseconds: 10, endings: ['ok'] };
  const scripts = Object.fromEntries(TASKS.map((name) => [name, script])) as Record<TaskName, Script>;
  return { mode: 'usual', startsAfterMs: 0, variant: 'a', scripts, failFast: true, interruption: { by: 'nobody' } };
}

function planScript(random: Random): Script {
  const chance = random();
  const milliseconds = chance < 0.6 ? 10 : chance < 0.9 ? 200 + random() * 400 : 600 + random() * 1200;
  return { milliseconds: Math.floor(milliseconds), endings: pick(ENDINGS, random) };
}

/** Nine in ten tasks succeed at once. */
const ENDINGS: Ending[][] = [
  ...Array<Ending[]>(54).fill(['ok']),
  ['throw', 'ok'],
  ['throw', 'throw', 'ok'],
  ['throw'],
  ['refuse'],
  ['exit', 'ok'],
  ['hang', 'ok'],
];

function planInterruption(random: Random): Interruption {
  const chance = random();
  return chance < 0.12 ? interruptionAt(chance < 0.06 ? 'cancel' : 'kill', random) : { by: 'nobody' };
}

/** The first half second is start-up, in which nothing can go wrong yet. */
function interruptionAt(by: 'cancel' | 'kill', random: Random): Interruption {
  return { by, afterMs: Math.floor(400 + random() * 1800) };
}

export function pick<T>(values: readonly T[], random: Random): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('Nothing to pick from');
  return value;
}
