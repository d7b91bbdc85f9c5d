import { taskContextOf } from '../context.ts';
import { COMPLETE, nameOf } from '../errors.ts';
import type { ExecutableTask } from '../find-task.ts';
import type { Envelope, InvokeEvent } from '../protocol.ts';
import { outputOf } from '../result.ts';
import { type AttemptScope, runInScope } from '../scope.ts';
import { redactJson } from '../secret-values.ts';
import { serializeError } from '../serialize-error.ts';
import { failAttempt, failUncaught, reportFailure } from './failure.ts';
import { type HookFault, runIsolated, runUntilFault } from './hooks.ts';
import { type Host, settlesWithin } from './host.ts';
import { Interruption } from './interruption.ts';
import { throughMiddleware } from './middleware.ts';
import { inputError, payloadOf } from './payload.ts';
import { AttemptState, type Ending } from './state.ts';
import { Stopwatch } from './stopwatch.ts';
import { waitUntil } from './waits.ts';

/** Longest time that is given to work handed to `waitUntil`. */
const PENDING_MS = 60_000;

/** What an attempt came to, without its output. */
export type AttemptOutcome = Omit<Envelope, 'lumo' | 'task' | 'logs' | 'droppedLines'>;

export interface RunningAttempt {
  /** Never rejects for anything that the task does. */
  outcome: Promise<AttemptOutcome>;
  /** Aborts the signal, runs the hooks for it, and ends the attempt as CANCELED. */
  cancel(reason?: string): void;
  /** What `metadata` holds at the moment, redacted. */
  metadata(): Record<string, unknown>;
  /**
   * What the attempt comes to when it dies of an error that nothing caught; no hook runs from now on. Undefined for one
   * that was interrupted before: it has its outcome, and the error is a warning.
   */
  uncaught(thrown: unknown): AttemptOutcome | undefined;
  /** It was interrupted, has its outcome, and `run` or a hook goes on all the same. */
  isStuck(): boolean;
  /** What code that the attempt has started belongs to. */
  scope: AttemptScope;
}

/** Starts one attempt of a task with everything around it: middleware, hooks, waits, limits. */
export function startAttempt(task: ExecutableTask, event: InvokeEvent, host: Host): RunningAttempt {
  const state = new AttemptState(task, event, host);
  const interruption = new Interruption(state);
  const limit = event.maxDuration === undefined ? undefined : event.maxDuration * 1000;
  const stopwatch = new Stopwatch(host, limit, () => interruption.timeOut());
  state.checkLimit = () => {
    if (stopwatch.exceeded) interruption.timeOut();
  };
  const scope = scopeOf(state, stopwatch);
  const executed = runInScope(scope, () => execute(state));
  const ended = interruption.over(executed).finally(() => {
    state.ended = true;
    stopwatch.stop();
  });
  return {
    outcome: ended.then((ending) => outcomeOf(state, ending, stopwatch)),
    cancel: (reason) => runInScope(scope, () => interruption.cancel(reason)),
    metadata: () => metadataOf(state),
    uncaught(thrown) {
      if (interruption.begun) {
        state.warnings.add(`an error that nothing caught, after the signal had aborted: ${textOf(thrown)}`);
        return undefined;
      }
      state.ended = true;
      return outcomeOf(state, failUncaught(state, thrown), stopwatch);
    },
    isStuck: () => interruption.isStuck,
    scope,
  };
}

function textOf(thrown: unknown): string {
  const { name, message } = serializeError(thrown);
  return `${name}: ${message}`;
}

function scopeOf(state: AttemptState, stopwatch: Stopwatch): AttemptScope {
  return {
    life: { ended: false },
    signal: state.signal,
    locals: new Map(),
    metadata: state.metadata,
    hooks: {},
    waitAtEnd(work) {
      state.pending.push(Promise.resolve(work).catch((thrown: unknown) => state.report('waitUntil', 'task', thrown)));
    },
    warn: (reason) => state.warnings.add(reason),
    now: state.host.now,
    random: state.host.random,
    waitUntil: (date) => waitUntil(state, stopwatch, date),
  };
}

function outcomeOf(state: AttemptState, ending: Ending, { waitedMs }: Stopwatch): AttemptOutcome {
  const { problems, warnings } = state;
  const metadata = metadataOf(state);
  return {
    ...ending,
    ...(problems.length === 0 ? {} : { hooks: [...problems] }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...(waitedMs === 0 ? {} : { waitedMs }),
    ...(warnings.size === 0 ? {} : { warnings: [...warnings] }),
  };
}

function metadataOf(state: AttemptState): Record<string, unknown> {
  return redactJson(state.metadata.current()) as Record<string, unknown>;
}

/** The order of an attempt, outermost first. */
async function execute(state: AttemptState): Promise<Ending> {
  try {
    state.payload = await state.call('the schema', () => payloadOf(state));
  } catch (thrown) {
    state.run.reject(thrown);
    return { status: 'FAILED', error: inputError(thrown) };
  }
  let ending: Ending | undefined;
  const fault = await throughMiddleware(state, async () => {
    ending = await insideMiddleware(state);
  });
  return fault === undefined && ending !== undefined ? ending : failedMiddleware(state, ending, fault);
}

async function insideMiddleware(state: AttemptState): Promise<Ending> {
  state.reachedRun = true;
  const tried = await tryRun(state);
  const ending = 'thrown' in tried ? await failAttempt(state, tried.thrown) : await succeed(state, tried.returned);
  // Nothing may be relied upon after catchError itself has thrown.
  const cleaned = ending.status === 'CRASHED' ? ending : await cleanUp(state, ending);
  if (state.pending.length > 0 && !(await settlesWithin(state.host, Promise.all(state.pending), PENDING_MS))) {
    state.warnings.add(`work handed to waitUntil() had not ended after ${PENDING_MS / 1000} s`);
  }
  return cleaned;
}

/** Up to and with `run`. What it comes to is what `run` comes to for everybody who asks. */
async function tryRun(state: AttemptState): Promise<{ returned: unknown } | { thrown: unknown }> {
  try {
    await prepare(state);
    const returned = await callRun(state);
    state.run.resolve(returned);
    return { returned };
  } catch (thrown) {
    state.run.reject(thrown);
    return { thrown };
  }
}

/** The hooks before `run`. Throws what fails the attempt. */
async function prepare(state: AttemptState): Promise<void> {
  assertNotCancelled(state);
  const init: Record<string, unknown> = {};
  const initFault = await runUntilFault(state, 'init', {}, (value) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      Object.assign(init, value);
    }
  });
  state.init = init;
  tolerate(state, 'init', initFault);
  if (state.event.attempt.number === 1) {
    tolerate(state, 'onStart', await runUntilFault(state, 'onStart', { init }));
  }
  const fault = await runUntilFault(state, 'onStartAttempt');
  if (fault !== undefined) {
    throw fault.thrown;
  }
}

function tolerate(state: AttemptState, kind: 'init' | 'onStart', fault: HookFault | undefined): void {
  if (fault === undefined) {
    return;
  }
  if (state.event.strictHooks) {
    throw fault.thrown;
  }
  state.report(kind, fault.scope, fault.thrown);
}

function assertNotCancelled({ cancelReason }: AttemptState): void {
  if (cancelReason !== undefined) {
    throw new Error(`run was not started: ${cancelReason}`);
  }
}

async function callRun(state: AttemptState): Promise<unknown> {
  assertNotCancelled(state);
  const { event, payload, ctx, signal, init } = state;
  const { dialect, run } = state.task;
  try {
    return await state.call('run', () =>
      dialect === 'lumo' ? run(taskContextOf(event)) : run(payload, { ctx, init, signal }),
    );
  } catch (thrown) {
    if (nameOf(thrown) === COMPLETE) {
      return (thrown as { output?: unknown }).output;
    }
    throw thrown;
  } finally {
    // Lets a rejection that nobody awaited come up while the attempt can still answer for it.
    await new Promise((resolve) => setImmediate(resolve));
    state.checkLimit();
  }
}

async function succeed(state: AttemptState, returned: unknown): Promise<Ending> {
  const output = outputOf(state.task.dialect, returned);
  if ('warning' in output) {
    state.warnings.add(output.warning);
  }
  switch (output.kind) {
    case 'unwritable':
      return { status: 'FAILED', ...output.answer };
    case 'failed':
      await reportFailure(state, output.reason);
      return { status: 'FAILED', ...output.answer };
    case 'success':
      await runIsolated(state, 'onSuccess', { output: returned });
      await runIsolated(state, 'onComplete', { result: { ok: true, data: returned }, output: returned });
      return { status: 'COMPLETED', ...output.answer };
  }
}

/** An error in `cleanup` fails an attempt that had succeeded; beside another error it is reported. */
async function cleanUp(state: AttemptState, ending: Ending): Promise<Ending> {
  const fault = await runUntilFault(state, 'cleanup', { init: state.init });
  if (fault === undefined) {
    return ending;
  }
  if (ending.status === 'COMPLETED') {
    return failAttempt(state, fault.thrown, { askCatchError: false });
  }
  state.report('cleanup', fault.scope, fault.thrown);
  return ending;
}

/** An error in middleware is like one in `run`; beside another error it is reported. */
async function failedMiddleware(
  state: AttemptState,
  ending: Ending | undefined,
  fault: HookFault = { scope: 'global', thrown: new Error('the middleware ended without an outcome') },
): Promise<Ending> {
  state.run.reject(fault.thrown);
  if (ending === undefined || ending.status === 'COMPLETED') {
    return failAttempt(state, fault.thrown);
  }
  state.report('middleware', fault.scope, fault.thrown);
  return ending;
}
