import { getEventListeners } from 'node:events';
import { type AttemptLife, type AttemptScope, callerScope } from './scope.ts';

/** What an attempt has that may call back although it does not keep the event loop busy. */
interface Wakers {
  /** Timers without a reference, those of `AbortSignal.timeout` among them. */
  timers: WeakRef<NodeJS.Timeout>[];
  /** Signals of `AbortSignal.any` that abort with the attempt's own. */
  derived: AbortSignal[];
}

const known = new WeakMap<AttemptLife, Wakers>();
const timeoutPrototype = prototypeOfTimers();
const { unref } = timeoutPrototype;

/**
 * Has what makes such wakers take notes: Node tells of nothing that does not keep the event loop busy, short of hooks
 * that slow down every promise. Once per process.
 */
export function watchWakers(): void {
  timeoutPrototype.unref = function unrefAndNote(this: NodeJS.Timeout) {
    const scope = callerScope();
    if (scope !== undefined) {
      wakersOf(scope).timers.push(new WeakRef(this));
    }
    return unref.call(this);
  };
  const { any } = AbortSignal;
  AbortSignal.any = (signals) => {
    const sources = [...signals];
    const signal = any.call(AbortSignal, sources);
    const scope = callerScope();
    if (scope !== undefined && sources.some((source) => signalsOf(scope).includes(source))) {
      wakersOf(scope).derived.push(signal);
    }
    return signal;
  };
}

/** Calls back later without keeping the process alive, and without counting as something that the task waits for. */
export function quietTimer(milliseconds: number, callback: () => void): NodeJS.Timeout {
  return unref.call(setTimeout(callback, milliseconds));
}

/** True when something may still wake the attempt. `canAbort`: its signal may abort. */
export function mayWake(scope: AttemptScope, canAbort: boolean): boolean {
  return (
    wakersOf(scope).timers.some(isPending) ||
    (canAbort && signalsOf(scope).some((signal) => !signal.aborted && getEventListeners(signal, 'abort').length > 0))
  );
}

function wakersOf({ life }: AttemptScope): Wakers {
  const wakers = known.get(life) ?? { timers: [], derived: [] };
  known.set(life, wakers);
  return wakers;
}

function signalsOf(scope: AttemptScope): AbortSignal[] {
  return [scope.signal, ...wakersOf(scope).derived];
}

/** Node marks timers that have gone off or were cleared, under a name that is not documented but has not changed since. */
function isPending(timer: WeakRef<NodeJS.Timeout>): boolean {
  const alive = timer.deref() as { _destroyed?: boolean } | undefined;
  return alive?._destroyed === false;
}

function prototypeOfTimers(): NodeJS.Timeout {
  const timer = setTimeout(() => undefined);
  clearTimeout(timer);
  return Object.getPrototypeOf(timer);
}
