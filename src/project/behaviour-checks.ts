import type { RetryOptions } from '../runtime/protocol.ts';
import { type Check, describeValue, integer, isObject, object, report, type Spot, text } from './check.ts';
import { PRESET_NAMES, presetMachine, smallestMachine } from './machines.ts';
import { didYouMean } from './nearest.ts';
import type { Machine } from './types.ts';

/** Seconds that a Lambda function, which ends after 900, leaves for a task whose end is still to be reported. */
export const MAX_DURATION = 870;

/** Larger than any limit: what authors write for none (`timeout.None`). */
const NO_LIMIT = 2_147_483_647;

export interface QueueEntry {
  name: string;
  /** `null`: unlimited. */
  concurrencyLimit: number | null;
}

export interface RetryEntry extends RetryOptions {
  outOfMemory: { machine?: Machine };
}

/** What may be said about a task in its code and in the configuration alike. */
export interface BehaviourEntry {
  retry: Partial<RetryEntry>;
  queue: Partial<QueueEntry>;
  machine: Machine;
  /** Seconds, not clamped; infinite: no limit. */
  maxDuration: number;
}

/** The checks of `BehaviourEntry`. `strict`: unknown keys are findings, as everywhere in the configuration. */
export function behaviourChecks(strict: boolean) {
  const machine = machineCheck(strict);
  return {
    machine,
    maxDuration,
    queue: object<QueueEntry>(
      { name: text('the name of a queue', /^.{1,128}$/u), concurrencyLimit },
      {
        what: 'an object with "name" and "concurrencyLimit"',
        ...(strict && { unknownKey: 'is not a setting of a queue' }),
      },
    ),
    retry: object<RetryEntry>(
      {
        maxAttempts,
        factor: numberFrom(0, 'a number that is not negative'),
        minTimeoutInMs: numberFrom(0, 'a number of milliseconds'),
        maxTimeoutInMs: numberFrom(0, 'a number of milliseconds'),
        randomize: flag,
        outOfMemory: object<{ machine: Machine }>(
          { machine },
          {
            what: 'an object with "machine"',
            ...(strict && { unknownKey: 'is not a setting of what follows when memory runs out' }),
          },
        ),
      },
      {
        what: 'an object with "maxAttempts" and the like',
        ...(strict && { unknownKey: 'is not a setting of retries' }),
      },
    ),
  };
}

export const flag: Check<boolean> = (value, spot) =>
  typeof value === 'boolean' ? value : unexpected(spot, value, 'true or false');

/** Attempts in total: one is made in any case. */
const maxAttempts = integer(1, 250, 'attempts');

/** A limit of 0 would be a queue on which nothing ever runs. */
const concurrencyLimit: Check<number | null> = (value, spot) =>
  value === null || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 100_000)
    ? (value as number | null)
    : unexpected(spot, value, 'a whole number from 1 to 100000');

const maxDuration: Check<number> = (value, spot) => {
  if (typeof value !== 'number' || Number.isNaN(value)) return unexpected(spot, value, 'a number of seconds');
  if (value >= NO_LIMIT) return Number.POSITIVE_INFINITY;
  if (value <= MAX_DURATION) return value;
  return report(
    spot,
    `is ${value} seconds, and one attempt on Lambda has at most ${MAX_DURATION}; split the task, build long indexes ` +
      'concurrently (CREATE INDEX CONCURRENTLY), or run this one as a container job',
  );
};

function numberFrom(minimum: number, what: string): Check<number> {
  return (value, spot) =>
    typeof value === 'number' && Number.isFinite(value) && value >= minimum ? value : unexpected(spot, value, what);
}

/** A preset's name, `{preset}`, or the older `{cpu, memory}`: the smallest preset that has both. */
function machineCheck(strict: boolean): Check<Machine> {
  const shape = object<{ preset: Machine; cpu: number; memory: number }>(
    {
      preset,
      cpu: numberFrom(0, 'a number of vCPU'),
      memory: numberFrom(0, 'a number of GB'),
    },
    { what: MACHINE, ...(strict && { unknownKey: 'is not a setting of a machine' }) },
  );
  return (value, spot) => {
    if (typeof value === 'string') return preset(value, spot);
    if (!isObject(value)) return unexpected(spot, value, MACHINE);
    const found = spot.findings.length;
    const { preset: named, cpu, memory } = shape(value, spot) ?? {};
    if (named !== undefined || spot.findings.length > found) return named;
    if (cpu === undefined && memory === undefined) return unexpected(spot, value, MACHINE);
    const smallest = smallestMachine(cpu ?? 0, memory ?? 0);
    return smallest ?? report(spot, `asks for more than Lambda has; ${LARGEST}`);
  };
}

const MACHINE = 'the name of a preset ("small-1x") or an object with "preset"';
const LARGEST = 'the largest machine is large-1x, with 4 vCPU and 8 GB (memory: 10240 is the most Lambda gives)';

const preset: Check<Machine> = (value, spot) => {
  if (typeof value !== 'string') return unexpected(spot, value, 'the name of a preset ("small-1x")');
  const machine = presetMachine(value);
  if (machine !== undefined) return machine;
  if (PRESET_NAMES.includes(value)) return report(spot, `is ${value}, which does not exist on Lambda; ${LARGEST}`);
  const names = PRESET_NAMES.filter((name) => presetMachine(name) !== undefined);
  const hint = didYouMean(value, names) || `; the presets are ${names.join(', ')}`;
  return report(spot, `is ${describeValue(value)}, which is no machine${hint}`);
};

function unexpected(spot: Spot, value: unknown, what: string): undefined {
  return report(spot, `is ${describeValue(value)}; ${what} is expected`);
}

/** The checked parts of what a task's code or `trigger.config` says; unknown members are somebody else's. */
export function checkBehaviour(written: object, spot: Spot): Partial<BehaviourEntry> {
  return WRITTEN(written, spot) ?? {};
}

const WRITTEN = object<BehaviourEntry>(behaviourChecks(false), { what: 'an object' });
