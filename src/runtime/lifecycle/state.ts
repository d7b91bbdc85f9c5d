import { type Context, contextOf } from '../context.ts';
import type { ExecutableTask } from '../find-task.ts';
import { Metadata } from '../metadata.ts';
import type { Envelope, HookProblem, InvokeEvent } from '../protocol.ts';
import type { HookKind } from '../registry.ts';
import { serializeError } from '../serialize-error.ts';
import type { Host } from './host.ts';

/** The part of an envelope that says how the attempt ended. */
export type Ending = Pick<Envelope, 'status' | 'result' | 'error' | 'retry' | 'outOfMemory'>;

/** Whose hook. */
export type HookScope = HookProblem['scope'];

/** Hooks that threw are reported up to this number. */
const MOST_PROBLEMS = 50;

/** Everything one attempt knows and has collected. */
export class AttemptState {
  readonly task: ExecutableTask;
  readonly event: InvokeEvent;
  readonly host: Host;
  readonly ctx: Context;
  readonly abort = new AbortController();
  readonly metadata: Metadata;
  readonly problems: HookProblem[] = [];
  readonly warnings = new Set<string>();
  /** What `run` comes to: `runPromise` of `onCancel`. */
  readonly run = new Deferred<unknown>();
  readonly pending: Promise<unknown>[] = [];
  payload: unknown;
  /** What the `init` hooks returned; undefined until they have run. */
  init: Record<string, unknown> | undefined;
  /** Middleware has let the attempt through. */
  reachedRun = false;
  /** Why it is cancelled, once it is. */
  cancelReason: string | undefined;
  /** The answer is decided: nothing more of the author's is called. */
  ended = false;
  /** What of the author's was called last. */
  current: Promise<unknown> = Promise.resolve();
  /** Ends the attempt when its time of work is over, in case the event loop was too busy for the alarm. */
  checkLimit: () => void = () => undefined;
  private problemCount = 0;

  constructor(task: ExecutableTask, event: InvokeEvent, host: Host) {
    this.task = task;
    this.event = event;
    this.host = host;
    this.ctx = contextOf(event, task.file, new Date(host.now()));
    this.metadata = new Metadata((reason) => this.warnings.add(reason));
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Notes a hook that threw without failing the attempt. */
  report(hook: HookKind | 'waitUntil', scope: HookScope, thrown: unknown): void {
    this.problemCount += 1;
    if (this.problemCount <= MOST_PROBLEMS) {
      this.problems.push({ hook, scope, error: serializeError(thrown) });
    } else {
      this.warnings.add(`more than ${MOST_PROBLEMS} errors in hooks: only the first are listed`);
    }
  }

  /** Calls code of the author's, unless the answer is decided by then. `what` names it. */
  async call<T>(what: string, fn: () => T | Promise<T>): Promise<T> {
    await this.gate();
    const work = this.host.settled((async () => fn())(), what);
    this.current = work;
    return work;
  }

  /** Never settles once the answer is decided, so that what would have followed does not happen. */
  async gate(): Promise<void> {
    if (this.ended) {
      await new Promise<never>(() => undefined);
    }
  }
}

/** A promise with its ends outside. That nobody awaits it is fine. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  resolve: (value: T) => void = () => undefined;
  reject: (reason: unknown) => void = () => undefined;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => undefined);
  }
}
