import { AsyncLocalStorage } from 'node:async_hooks';
import type { Metadata } from './metadata.ts';
import type { HookTable } from './registry.ts';

/** Milliseconds. Waits up to this are plain pauses: without hooks, and counted as work. */
export const LONGEST_PAUSE_MS = 5000;

/** One for each attempt, the same in everything that it starts. */
export interface AttemptLife {
  /** The attempt is over; whatever still runs in its name was left behind. */
  ended: boolean;
}

/** What the functions of the SDK find while an attempt is running, wherever they are called from. */
export interface AttemptScope {
  readonly life: AttemptLife;
  readonly signal: AbortSignal;
  /** By the id of the key. */
  readonly locals: Map<string, unknown>;
  readonly metadata: Metadata;
  /** Global hooks that were registered during the attempt. */
  readonly hooks: HookTable;
  /** Has the attempt wait for some work at its end. */
  waitAtEnd(work: Promise<unknown>): void;
  /** Adds a warning to the run, once however often it is given. */
  warn(reason: string): void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Waits until `date`, with the hooks of a wait when it is long. Rejects when the function cannot wait that long. */
  waitUntil(date: Date): Promise<void>;
}

/** One for all copies of this module in one process: the runtime enters it, the SDK reads it. */
const SLOT = Symbol.for('lumo.tasks.scope');

function storage(): AsyncLocalStorage<AttemptScope> {
  const holder = globalThis as { [SLOT]?: AsyncLocalStorage<AttemptScope> };
  holder[SLOT] ??= new AsyncLocalStorage();
  return holder[SLOT];
}

/** The attempt that the calling code belongs to, over or not; undefined while modules are loaded. */
export function callerScope(): AttemptScope | undefined {
  return storage().getStore();
}

/** As `callerScope`; throws in what an attempt left behind: nothing of it may reach a later one. */
export function attemptScope(): AttemptScope | undefined {
  const scope = callerScope();
  if (scope?.life.ended === true) {
    throw new AttemptEndedError();
  }
  return scope;
}

class AttemptEndedError extends Error {
  constructor() {
    super(
      'the attempt this code belongs to is over: await whatever `run` starts, and use promises, not callbacks, with a connection that outlives an attempt',
    );
    this.name = 'AttemptEndedError';
  }
}

export function runInScope<T>(scope: AttemptScope, body: () => T): T {
  return storage().run(scope, body);
}
