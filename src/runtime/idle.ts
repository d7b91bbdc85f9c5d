interface Waiting {
  what: string;
  reject: (reason: Error) => void;
}

/**
 * Notices that nothing is left in the process that could ever settle what is waited for, and rejects that, the latest
 * first: what waits for it in turn gets its chance to end.
 */
export class IdleGuard {
  private readonly waiting: Waiting[] = [];
  private readonly listener = (): void => this.wake();

  start(): void {
    process.prependListener('beforeExit', this.listener);
  }

  stop(): void {
    process.off('beforeExit', this.listener);
  }

  async settled<T>(work: Promise<T>, what: string): Promise<T> {
    let entry: Waiting | undefined;
    const never = new Promise<never>((_, reject) => {
      entry = { what, reject };
      this.waiting.push(entry);
    });
    try {
      return await Promise.race([work, never]);
    } finally {
      this.waiting.splice(this.waiting.indexOf(entry as Waiting), 1);
    }
  }

  private wake(): void {
    const latest = this.waiting.at(-1);
    if (latest === undefined) {
      return;
    }
    latest.reject(neverSettled(latest.what));
    // Another turn of the event loop, and so another look should the rest be stuck as well.
    setImmediate(() => undefined);
  }
}

/** Without a stack: that would show where it was noticed, which is in Node. */
function neverSettled(what: string): Error {
  const error = new Error(
    `${what} never settled: nothing is left that could resolve what it waits for (timers without a reference, as of AbortSignal.timeout, do not count)`,
  );
  return Object.assign(error, { name: 'NeverSettled', stack: undefined });
}
