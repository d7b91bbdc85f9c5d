import { WAIT_DOES_NOT_FIT } from '../errors.ts';
import { type AttemptScope, attemptScope, LONGEST_PAUSE_MS, runInScope } from '../scope.ts';
import { runIsolated } from './hooks.ts';
import type { AttemptState } from './state.ts';
import type { Stopwatch } from './stopwatch.ts';

/** What has to be left after a wait for the task to end in. */
const MARGIN_MS = 1000;

/** The function would be ended before the wait is over. Never retried: the next attempt has no more time. */
export class WaitDoesNotFitError extends Error {
  constructor(waitMs: number, remainingMs: number) {
    super(
      `a wait of ${seconds(waitMs)} does not fit: the function ends in ${seconds(remainingMs)}. ` +
        'A deploy-time task runs for 15 minutes at most: split it, or wait outside of it.',
    );
    this.name = WAIT_DOES_NOT_FIT;
  }
}

/** Waits until `date`: at once when it is past, as a plain pause when it is near, else with the hooks of a wait. */
export async function waitUntil(state: AttemptState, stopwatch: Stopwatch, date: Date): Promise<void> {
  const milliseconds = assertFits(state, date);
  if (milliseconds > LONGEST_PAUSE_MS) {
    const wait = { type: 'duration', date };
    await runWithoutHooks(state, () => runIsolated(state, 'onWait', { wait }));
    await stopwatch.pausedDuring(() => pause(state, date));
    await runWithoutHooks(state, () => runIsolated(state, 'onResume', { wait }));
  } else if (milliseconds > 0) {
    await pause(state, date);
  }
}

/** Hooks of a wait may wait themselves, without hooks of their own. */
function runWithoutHooks(state: AttemptState, body: () => Promise<void>): Promise<void> {
  const scope = attemptScope();
  const plain = async (date: Date): Promise<void> => {
    assertFits(state, date);
    await pause(state, date);
  };
  return scope === undefined
    ? body()
    : runInScope<Promise<void>>({ ...scope, waitUntil: plain } satisfies AttemptScope, body);
}

function assertFits({ host }: AttemptState, date: Date): number {
  const milliseconds = date.getTime() - host.now();
  const remaining = host.remainingMs();
  if (milliseconds > remaining - MARGIN_MS) {
    throw new WaitDoesNotFitError(milliseconds, remaining);
  }
  return milliseconds;
}

function pause({ host, signal }: AttemptState, date: Date): Promise<void> {
  return host.sleep(Math.max(0, date.getTime() - host.now()), signal);
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}
