import { availableParallelism } from 'node:os';

/** Child processes at a time: more than cores would only take memory. */
export const MAX_PROCESSES = Math.min(Math.max(availableParallelism(), 2), 8);

/** Runs what it is given, at most `limit` at a time, in the order it came. */
export function limiter(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
