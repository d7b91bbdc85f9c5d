import { callerScope } from './scope.ts';

type Listener = (error: unknown) => void;

const EVENTS: readonly unknown[] = ['uncaughtException', 'unhandledRejection'];

/**
 * Decides about every error that nothing has caught, before any listener of the process hears of it: those of the
 * runtime and of the task would end the process without an answer, or in the middle of its last words. One per process.
 */
export class UncaughtGuard {
  private readonly onStray: Listener;
  private onUncaught: Listener | undefined;

  /** `onStray` is told of errors in what an attempt that is over has left running: they are nobody's any more. */
  constructor(onStray: Listener) {
    this.onStray = onStray;
    const emit = process.emit;
    process.emit = ((event: unknown, ...args: unknown[]): boolean =>
      EVENTS.includes(event) && this.takes(args[0])
        ? true
        : Reflect.apply(emit, process, [event, ...args])) as typeof process.emit;
  }

  /** From now on `onUncaught` is told of errors of the present attempt, and of those that belong to none. */
  start(onUncaught: Listener): void {
    this.onUncaught = onUncaught;
  }

  stop(): void {
    this.onUncaught = undefined;
  }

  private takes(error: unknown): boolean {
    const listener = callerScope()?.life.ended === true ? this.onStray : this.onUncaught;
    listener?.(error);
    return listener !== undefined;
  }
}
