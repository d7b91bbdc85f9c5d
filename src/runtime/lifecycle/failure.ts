import { isFinalError, isOutOfMemory, rateLimitReset } from '../errors.ts';
import { UNCAUGHT } from '../protocol.ts';
import { registry } from '../registry.ts';
import { retryDelay, withDefaults } from '../retry.ts';
import { serializeError } from '../serialize-error.ts';
import { callHook, hooksOf, runIsolated } from './hooks.ts';
import type { AttemptState, Ending } from './state.ts';

/** What becomes of a failed attempt. */
interface Decision {
  /** What was thrown, or what `catchError` put in its place. */
  error: unknown;
  /** Milliseconds until the next attempt; undefined: there is none. */
  delayMs: number | undefined;
}

/** What `catchError` may answer. */
interface CatchErrorAnswer {
  skipRetrying?: unknown;
  retryAt?: unknown;
  retryDelayInMs?: unknown;
  retry?: unknown;
  error?: unknown;
}

/**
 * Ends an attempt for an error: asks `catchError`, decides about the next attempt, and when there is none runs the
 * hooks that tell of a failed run.
 */
export async function failAttempt(
  state: AttemptState,
  thrown: unknown,
  { askCatchError = true }: { askCatchError?: boolean } = {},
): Promise<Ending> {
  const standard: Decision = { error: thrown, delayMs: defaultDelay(state, thrown) };
  // A cancelled run has its outcome already.
  if (state.cancelReason !== undefined) {
    return { status: 'FAILED', error: serializeError(thrown) };
  }
  let decision = standard;
  if (askCatchError && !isFinalError(thrown)) {
    try {
      decision = bounded(state, apply(state, await catchError(state, standard), standard));
    } catch (error) {
      return crash(error, thrown);
    }
  }
  if (decision.delayMs === undefined) {
    await reportFailure(state, decision.error);
  }
  return failed(decision);
}

/** Ends an attempt for an error that nothing caught: the process ends with it, so no hook is asked or told. */
export function failUncaught(state: AttemptState, thrown: unknown): Ending {
  state.warnings.add(UNCAUGHT);
  return failed({ error: thrown, delayMs: defaultDelay(state, thrown) });
}

function failed({ error, delayMs }: Decision): Ending {
  return {
    status: 'FAILED',
    error: serializeError(error),
    ...(delayMs === undefined ? {} : { retry: { delayMs } }),
    ...(isOutOfMemory(error) ? { outOfMemory: true } : {}),
  };
}

/** The hooks of a run that has finally failed. */
export async function reportFailure(state: AttemptState, error: unknown): Promise<void> {
  await runIsolated(state, 'onFailure', { error });
  await runIsolated(state, 'onComplete', { result: { ok: false, error } });
}

/** Milliseconds until the next attempt as long as `catchError` says nothing else; undefined: there is none. */
function defaultDelay({ event, host, task }: AttemptState, thrown: unknown): number | undefined {
  const { number, maxAttempts } = event.attempt;
  if (number >= maxAttempts || isFinalError(thrown) || (isOutOfMemory(thrown) && !hasLargerMachine(task, event))) {
    return undefined;
  }
  const delay = retryDelay({ ...event.retry, maxAttempts }, number, host.random);
  const reset = rateLimitReset(thrown);
  return reset === undefined ? delay : Math.max(0, reset - host.now()) + Math.floor(host.random() * 2000);
}

/** The task's own handler is asked first; the first answer ends the round. */
async function catchError(state: AttemptState, { error, delayMs }: Decision): Promise<CatchErrorAnswer | undefined> {
  const { event, host, init } = state;
  const params = {
    error,
    init,
    retry: event.retry,
    retryAt: delayMs === undefined ? undefined : new Date(host.now() + delayMs),
    retryDelayInMs: delayMs,
  };
  const hooks = hooksOf(state, 'catchError');
  const ownFirst = [
    ...hooks.filter(({ scope }) => scope === 'task'),
    ...hooks.filter(({ scope }) => scope === 'global'),
  ];
  for (const hook of ownFirst) {
    const answer = await callHook(state, hook, params);
    if (answer) {
      return answer as CatchErrorAnswer;
    }
  }
  return undefined;
}

/** The first member that is given decides. */
function apply(state: AttemptState, answer: CatchErrorAnswer | undefined, standard: Decision): Decision {
  if (answer === undefined) {
    return standard;
  }
  const { skipRetrying, retryAt, retryDelayInMs, retry } = answer;
  const error = answer.error ?? standard.error;
  if (skipRetrying) {
    return { error, delayMs: undefined };
  }
  if (retryAt !== undefined) {
    return { error, delayMs: milliseconds(Number(retryAt) - state.host.now(), 'retryAt') };
  }
  if (retryDelayInMs !== undefined) {
    return { error, delayMs: milliseconds(Number(retryDelayInMs), 'retryDelayInMs') };
  }
  if (retry) {
    return { error, delayMs: retryDelay(withDefaults(retry), state.event.attempt.number, state.host.random) };
  }
  return { error, delayMs: standard.delayMs };
}

function milliseconds(value: number, name: string): number {
  if (Number.isNaN(value)) {
    throw new TypeError(`catchError returned a ${name} that is no time`);
  }
  return Math.max(0, Math.round(value));
}

/** The budget of attempts holds whatever `catchError` says, and so does the rule for memory. */
function bounded({ event, task, warnings }: AttemptState, { error, delayMs }: Decision): Decision {
  const { number, maxAttempts } = event.attempt;
  if (delayMs === undefined) {
    return { error, delayMs };
  }
  if (number >= maxAttempts) {
    warnings.add(`catchError asked for another attempt after the last one (${number} of ${maxAttempts}): refused`);
    return { error, delayMs: undefined };
  }
  return { error, delayMs: isOutOfMemory(error) && !hasLargerMachine(task, event) ? undefined : delayMs };
}

/** True when `retry.outOfMemory.machine` names another machine than the one this attempt ran on. */
function hasLargerMachine(task: AttemptState['task'], event: AttemptState['event']): boolean {
  const defaults = (registry().config?.retries as { default?: unknown } | undefined)?.default;
  const machines = [task.retry, event.config.retry, defaults].map(outOfMemoryMachine);
  const machine = machines.find((name) => name !== undefined);
  return machine !== undefined && machine !== event.machine.name;
}

function outOfMemoryMachine(retry: unknown): string | undefined {
  const machine = (retry as { outOfMemory?: { machine?: unknown } } | undefined)?.outOfMemory?.machine;
  const name = typeof machine === 'object' && machine !== null && 'preset' in machine ? machine.preset : machine;
  return typeof name === 'string' ? name : undefined;
}

/** Says both what `catchError` threw and what it was asked about. */
function crash(error: unknown, asked: unknown): Ending {
  const thrown = serializeError(error);
  const original = serializeError(asked);
  return {
    status: 'CRASHED',
    error: {
      name: 'HANDLE_ERROR_ERROR',
      message: `catchError threw: ${thrown.message}; it was asked about: ${original.message}`,
      cause: thrown.cause === undefined && error !== asked ? { ...thrown, cause: original } : thrown,
    },
  };
}
