/**
 * Makes one `write` at a time. Whoever asks while one is under way shares the next one, which begins after they asked.
 */
export function sharedWrite(write: () => Promise<void>): () => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    if (next === undefined) {
      next = last.then(() => {
        next = undefined;
        return write();
      });
      last = next.catch(() => undefined); // for the order only: the callers have `next`
    }
    return next;
  };
}
