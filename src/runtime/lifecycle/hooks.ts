import { globalHooks, type HookFunction, type HookKind } from '../registry.ts';
import type { AttemptState, HookScope } from './state.ts';

export interface Hook {
  kind: HookKind;
  scope: HookScope;
  fn: HookFunction;
}

/** A hook that threw. */
export interface HookFault {
  scope: HookScope;
  thrown: unknown;
}

/** All hooks of a kind in the order they run: those for all tasks as they were registered, then the task's own. */
export function hooksOf(state: AttemptState, kind: HookKind): Hook[] {
  const global = globalHooks(kind).map(({ fn }): Hook => ({ kind, scope: 'global', fn }));
  const own = state.task.hook(kind);
  return own === undefined ? global : [...global, { kind, scope: 'task', fn: own }];
}

/** Calls one hook with what all hooks get, and `more`. */
export function callHook(state: AttemptState, hook: Hook, more: Record<string, unknown> = {}): Promise<unknown> {
  const { payload, ctx, task, signal } = state;
  const args = argumentsOf(hook, { payload, ctx, task: task.id, signal, ...more });
  return state.call(hook.kind, () => hook.fn(...args));
}

/** What stood between the payload and the rest, in the kinds of hooks that once took several arguments. */
const OLDER: Partial<Record<HookKind, readonly string[]>> = {
  middleware: [],
  init: [],
  onStart: [],
  cleanup: [],
  onSuccess: ['output'],
  onFailure: ['error'],
  catchError: ['error'],
};

/**
 * The arguments of a hook: one object; or for a function with two parameters and more the older
 * `(payload, { ctx, ... })`, `(payload, output, { ctx, ... })` and the like.
 */
export function argumentsOf({ kind, fn }: Hook, params: Record<string, unknown>): unknown[] {
  const between = OLDER[kind];
  if (fn.length < 2 || between === undefined) {
    return [params];
  }
  return [params.payload, ...between.map((name) => params[name]), params];
}

/** Calls the hooks of a kind until one throws, and answers that. `onReturn` takes what each returns. */
export async function runUntilFault(
  state: AttemptState,
  kind: HookKind,
  more: Record<string, unknown> = {},
  onReturn: (returned: unknown) => void = () => undefined,
): Promise<HookFault | undefined> {
  for (const hook of hooksOf(state, kind)) {
    try {
      onReturn(await callHook(state, hook, more));
    } catch (thrown) {
      return { scope: hook.scope, thrown };
    }
  }
  return undefined;
}

/** Calls all hooks of a kind; what one throws is reported and keeps none of the others from running. */
export async function runIsolated(state: AttemptState, kind: HookKind, more: Record<string, unknown>): Promise<void> {
  for (const hook of hooksOf(state, kind)) {
    try {
      await callHook(state, hook, { init: state.init, ...more });
    } catch (thrown) {
      state.report(kind, hook.scope, thrown);
    }
  }
}
