/** What an attempt has of the world around it; tests put their own time and chance in its place. */
export interface Host {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Milliseconds until the platform ends the process. */
  remainingMs(): number;
  /** Keeps the process alive meanwhile. Rejects with the signal's reason when it aborts first. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Calls back later, unless the returned function is called before. Does not keep the process alive. */
  alarm(milliseconds: number, callback: () => void): () => void;
  /** `work`, or a rejection when nothing is left that could ever settle it. `what` names it. */
  settled<T>(work: Promise<T>, what: string): Promise<T>;
}

/** True when `work` settles within a time, however it does. */
export async function settlesWithin(host: Host, work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const done = new AbortController();
  const inTime = work.then(
    () => true,
    () => true,
  );
  const late = host.sleep(milliseconds, done.signal).then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([inTime, late]);
  } finally {
    done.abort();
  }
}
