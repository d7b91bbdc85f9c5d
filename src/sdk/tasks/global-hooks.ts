import { type HookFunction, type HookKind, registerHook } from '../../runtime/registry.ts';
import type {
  CancelHook,
  CatchErrorHook,
  CompleteHook,
  FailureHook,
  MiddlewareHook,
  StartAttemptHook,
  StartHook,
  SuccessHook,
  WaitHook,
} from './hooks.ts';
import { notAvailable } from './not-available.ts';

/**
 * Registers a hook for all tasks. Without a name it is known by the name of its function, else by its source text;
 * registering the same name again replaces it.
 */
export interface RegisterHook<THook> {
  (hook: THook): void;
  (name: string, hook: THook): void;
}

function register<THook>(kind: HookKind): RegisterHook<THook> {
  return (...args: [THook] | [string, THook]): void => {
    const [name, hook] = args.length === 1 ? [undefined, args[0]] : args;
    if (typeof hook !== 'function') {
      throw new TypeError(`tasks.${kind}() needs a function`);
    }
    registerHook(kind, { key: name ?? (hook.name || String(hook)), fn: hook as unknown as HookFunction });
  };
}

/** Hooks that concern all tasks, usually registered in `functions/tasks/init.ts`. They run before the task's own. */
export const tasks = {
  onStart: register<StartHook>('onStart'),
  onStartAttempt: register<StartAttemptHook>('onStartAttempt'),
  onWait: register<WaitHook>('onWait'),
  onResume: register<WaitHook>('onResume'),
  onSuccess: register<SuccessHook>('onSuccess'),
  onFailure: register<FailureHook>('onFailure'),
  onComplete: register<CompleteHook>('onComplete'),
  onCancel: register<CancelHook>('onCancel'),
  /** The task's own is asked first. */
  catchError: register<CatchErrorHook>('catchError'),
  /** Older name of `catchError`. */
  handleError: register<CatchErrorHook>('catchError'),
  /** In the order they are registered, the first is outermost; the task's own is innermost. */
  middleware: register<MiddlewareHook>('middleware'),
  trigger: notAvailable('tasks.trigger'),
  triggerAndWait: notAvailable('tasks.triggerAndWait'),
  triggerAndPoll: notAvailable('tasks.triggerAndPoll'),
  triggerAndSubscribe: notAvailable('tasks.triggerAndSubscribe'),
  batchTrigger: notAvailable('tasks.batchTrigger'),
  batchTriggerAndWait: notAvailable('tasks.batchTriggerAndWait'),
} as const;
