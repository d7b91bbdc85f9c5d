import { type AttemptScope, LONGEST_PAUSE_MS } from '../../runtime/scope.ts';
import { logger } from './logger.ts';
import { notAvailable } from './not-available.ts';
import { running } from './running.ts';

/** Exactly one unit. A month has 30 days, a year 365. */
export type WaitPeriod =
  | { seconds: number }
  | { minutes: number }
  | { hours: number }
  | { days: number }
  | { weeks: number }
  | { months: number }
  | { years: number };

export interface WaitOptions {
  /** Accepted without effect: an attempt that is tried again waits again. */
  idempotencyKey?: unknown;
  /** Accepted without effect. */
  idempotencyKeyTTL?: string | undefined;
}

/** Of what a Date can hold. */
const LAST_DATE = 8.64e15;
const DAY = 86_400;
const SECONDS: Record<string, number> = {
  seconds: 1,
  minutes: 60,
  hours: 3600,
  days: DAY,
  weeks: 7 * DAY,
  months: 30 * DAY,
  years: 365 * DAY,
};

/**
 * Waits within a run. Up to 5 seconds it is a plain pause. A longer wait does not count against `maxDuration`, and
 * `onWait` and `onResume` are called around it. It rejects at once, and finally, when the function could not live that
 * long: a deployment's task has 15 minutes.
 */
export const wait = {
  /** Zero or less returns at once. */
  async for(options: WaitPeriod & WaitOptions): Promise<void> {
    const scope = running('wait.for');
    const given = Object.entries(options).filter(([unit, value]) => unit in SECONDS && typeof value === 'number');
    if (given.length === 0) {
      throw new TypeError(`wait.for needs one of ${Object.keys(SECONDS).join(', ')} with a number`);
    }
    const seconds = given.reduce((sum, [unit, value]) => sum + Number(value) * (SECONDS[unit] ?? 0), 0);
    warnOfPause(scope, seconds * 1000);
    await scope.waitUntil(new Date(Math.min(LAST_DATE, scope.now() + seconds * 1000)));
  },
  /** A date in the past returns at once, unless it is to throw. */
  async until(options: { date: Date; throwIfInThePast?: boolean | undefined } & WaitOptions): Promise<void> {
    const scope = running('wait.until');
    if (options.throwIfInThePast === true && options.date.getTime() < scope.now()) {
      throw new Error(`wait.until: ${options.date.toISOString()} is in the past`);
    }
    if (Number.isNaN(options.date.getTime())) {
      throw new TypeError('wait.until needs a valid date');
    }
    await scope.waitUntil(options.date);
  },
  forToken: notAvailable('wait.forToken'),
  createToken: notAvailable('wait.createToken'),
  completeToken: notAvailable('wait.completeToken'),
  retrieveToken: notAvailable('wait.retrieveToken'),
  listTokens: notAvailable('wait.listTokens'),
  forRequest: notAvailable('wait.forRequest'),
  forEvent: notAvailable('wait.forEvent'),
};

const warned = new WeakSet<AttemptScope>();

/** Once per attempt: who waits for seconds may expect its hooks. */
function warnOfPause(scope: AttemptScope, milliseconds: number): void {
  if (milliseconds > 0 && milliseconds <= LONGEST_PAUSE_MS && !warned.has(scope)) {
    warned.add(scope);
    logger.warn('wait.for: up to 5 seconds it is a plain pause, without hooks and counted by maxDuration');
  }
}

/**
 * Has the attempt wait, at its end, for work that `run` does not await: at most 60 seconds. What it rejects with is
 * reported and ignored.
 */
export function waitUntil(promise: Promise<unknown>): void {
  running('waitUntil').waitAtEnd(promise);
}
