import { ActionError } from '../errors.ts';

/**
 * `work` for every item, at most `limit` at a time, results in the order of the items. After a failure nothing further is
 * started; what has been started is waited for. The first failure is thrown, the others are its details.
 */
export async function mapLimit<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>();
  const failures: unknown[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      try {
        results.set(index, await work(item));
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failures.length > 0) throw combined(failures);
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}

function combined([first, ...others]: unknown[]): unknown {
  if (others.length === 0 || !(first instanceof ActionError)) return first;
  const messages = others.map((error) => ({ message: error instanceof Error ? error.message : String(error) }));
  return new ActionError(first.code, first.message, {
    advice: first.advice,
    ...(first.location && { location: first.location }),
    cause: first.cause,
    details: [...first.details, ...messages],
  });
}
