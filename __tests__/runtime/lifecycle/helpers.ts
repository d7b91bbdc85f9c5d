import { beforeEach } from 'vitest';
import { findTask } from '../../../src/runtime/find-task.ts';
import { type AttemptOutcome, type RunningAttempt, startAttempt } from '../../../src/runtime/lifecycle/attempt.ts';
import type { InvokeEvent } from '../../../src/runtime/protocol.ts';
import { withDefaults } from '../../../src/runtime/retry.ts';
import { invokeEvent } from '../lambda.ts';
import { FakeHost } from './fake-host.ts';

export { FakeHost } from './fake-host.ts';

/** Forgets what earlier tests have registered, as a new process does. */
export function freshRegistry(): void {
  beforeEach(() => {
    Reflect.deleteProperty(globalThis, Symbol.for('lumo.tasks.registry'));
  });
}

export interface AttemptOptions {
  number?: number;
  maxAttempts?: number;
  event?: Partial<InvokeEvent>;
  host?: FakeHost;
  /** Exports of the file, for a plain Lumo task. */
  module?: Record<string, unknown>;
}

/** One attempt that was started, in its own time. */
export function start(id: string, options: AttemptOptions = {}): { running: RunningAttempt; host: FakeHost } {
  const { number = 1, maxAttempts = 3, event = {}, host = new FakeHost(), module = {} } = options;
  const retry = withDefaults({ maxAttempts, randomize: false, ...event.retry });
  const full = invokeEvent({ task: id, attempt: { number, maxAttempts }, ...event, retry });
  const task = findTask(id, module, { file: `functions/tasks/${id}.ts`, lumoId: id });
  if (task === undefined) {
    throw new Error(`there is no task ${id}`);
  }
  return { running: startAttempt(task, full, host), host };
}

/** One attempt, to its end. */
export async function attempt(id: string, options: AttemptOptions = {}): Promise<AttemptOutcome> {
  const { running, host } = start(id, options);
  return host.run(running.outcome);
}

/** All attempts of a run, as the orchestrator makes them: with the next one as long as the last one asks for it. */
export async function wholeRun(id: string, options: AttemptOptions = {}): Promise<AttemptOutcome[]> {
  const { maxAttempts = 3 } = options;
  const outcomes: AttemptOutcome[] = [];
  for (let number = 1; number <= maxAttempts; number += 1) {
    const outcome = await attempt(id, { ...options, number });
    outcomes.push(outcome);
    if (outcome.retry === undefined) {
      break;
    }
  }
  return outcomes;
}

/** Notes what was called, in order. */
export class Trace {
  readonly steps: string[] = [];

  add(step: string): void {
    this.steps.push(step);
  }

  /** A hook that notes itself. */
  hook(step: string): () => void {
    return () => this.add(step);
  }

  /** A hook that notes itself and throws. */
  thrower(step: string, error: unknown = new Error(`thrown in ${step}`)): () => never {
    return () => {
      this.add(step);
      throw error;
    };
  }

  /** Middleware that notes its two halves. */
  middleware(name: string): (params: { next: () => Promise<void> }) => Promise<void> {
    return async ({ next }) => {
      this.add(`${name} before`);
      await next();
      this.add(`${name} after`);
    };
  }
}

/** The hooks a definition can hold besides middleware. */
export const HOOKS = [
  'init',
  'onStart',
  'onStartAttempt',
  'onSuccess',
  'onFailure',
  'onComplete',
  'onCancel',
  'catchError',
  'cleanup',
  'onWait',
  'onResume',
] as const;

/** Every hook, each noting itself under its name. */
export function allHooks(trace: Trace, prefix = 'task'): Record<(typeof HOOKS)[number], () => undefined> {
  const hooks = HOOKS.map((kind) => [
    kind,
    () => {
      trace.add(`${prefix} ${kind}`);
    },
  ]);
  return Object.fromEntries(hooks) as Record<(typeof HOOKS)[number], () => undefined>;
}
