import type { Clock } from '../clock.ts';

/** Lets requests pass at a rate. */
export interface RateLimiter {
  /** Resolves when the next request may be sent; in the order of the calls. */
  take(signal?: AbortSignal): Promise<void>;
}

/** At most `burst` requests at once and `perSecond` on average, so never more than the sum of both within a second. */
export function rateLimiter(clock: Clock, { perSecond, burst }: { perSecond: number; burst: number }): RateLimiter {
  const interval = 1000 / perSecond;
  let nextSlot = Number.NEGATIVE_INFINITY;
  return {
    async take(signal) {
      const now = clock.now();
      const slot = Math.max(nextSlot, now - (burst - 1) * interval);
      nextSlot = slot + interval;
      if (slot > now) await clock.sleep(slot - now, signal);
    },
  };
}

/** The quota of Lambda's control plane is 15 a second for the whole account and region, and not increasable. */
export const WRITE_RATE = { perSecond: 12, burst: 2 };

/** GetFunction has a quota of its own, 100 a second. */
export const READ_RATE = { perSecond: 40, burst: 50 };
