interface Waiting {
  what: string;
  reject: (reason: Error) => void;
}

/** How long the process is kept alive before the next look. */
const LOOK_MS = 50;

/**
 * Notices that nothing is left in the process that could ever settle what is waited for, and rejects that, the latest
 * first: what waits for it in turn gets its chance to end.
 */
export class IdleGuard {
  private readonly waiting: Waiting[] = [];
  private readonly listener = (): void => this.wake();
  private mayWake: () => boolean = () => false;
  private alive: NodeJS.Timeout | undefined;

  /** `mayWake`: something may yet settle it that does not keep the process alive by itself. */
  start(mayWake: () => boolean): void {
    this.mayWake = mayWake;
    process.prependListener('beforeExit', this.listener);
  }

  stop(): void {
    process.off('beforeExit', this.listener);
    clearTimeout(this.alive);
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
    if (this.mayWake()) {
      this.alive = setTimeout(() => undefined, LOOK_MS);
      return;
    }
    latest.reject(neverSettled(latest.what));
    // Another turn of the event loop, and so another look should the rest be stuck as well.
    setImmediate(() => undefined);
  }
}

/** Without a stack: that would show where it was noticed, which is in Node. */
function neverSettled(what: string): Error {
  const error = new Error(`${what} never settled: nothing is left that could resolve what it waits for`);
  return Object.assign(error, { name: 'NeverSettled', stack: undefined });
}
