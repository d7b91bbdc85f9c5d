import { systemClock } from '../clock.ts';
import type { IdleGuard } from './idle.ts';
import type { Host } from './lifecycle/host.ts';
import { quietTimer } from './wakers.ts';

/** Time, chance and limits as they are inside a Lambda. `context`: what the runtime hands over with an event. */
export function lambdaHost(context: unknown, idle: IdleGuard): Host {
  const { getRemainingTimeInMillis } = (context ?? {}) as { getRemainingTimeInMillis?: () => number };
  return {
    now: systemClock.now,
    random: systemClock.random,
    sleep: systemClock.sleep,
    remainingMs: () => getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY,
    alarm(milliseconds, callback) {
      const timer = quietTimer(milliseconds, callback);
      return () => clearTimeout(timer);
    },
    settled: (work, what) => idle.settled(work, what),
  };
}
