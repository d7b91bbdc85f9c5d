import type { CancelHook, CatchErrorHook, CompleteHook, FailureHook, MiddlewareHook, StartAttemptHook, StartHook, SuccessHook, WaitHook } from './hooks.js';
/**
 * Registers a hook for all tasks. Without a name it is known by the name of its function, else by its source text;
 * registering the same name again replaces it.
 */
export interface RegisterHook<THook> {
    (hook: THook): void;
    (name: string, hook: THook): void;
}
/** Hooks that concern all tasks, usually registered in `functions/tasks/init.ts`. They run before the task's own. */
export declare const tasks: {
    readonly onStart: RegisterHook<StartHook>;
    readonly onStartAttempt: RegisterHook<StartAttemptHook>;
    readonly onWait: RegisterHook<WaitHook>;
    readonly onResume: RegisterHook<WaitHook>;
    readonly onSuccess: RegisterHook<SuccessHook>;
    readonly onFailure: RegisterHook<FailureHook>;
    readonly onComplete: RegisterHook<CompleteHook>;
    readonly onCancel: RegisterHook<CancelHook>;
    /** The task's own is asked first. */
    readonly catchError: RegisterHook<CatchErrorHook>;
    /** Older name of `catchError`. */
    readonly handleError: RegisterHook<CatchErrorHook>;
    /** In the order they are registered, the first is outermost; the task's own is innermost. */
    readonly middleware: RegisterHook<MiddlewareHook>;
    readonly trigger: import("./not-available.js").NotAvailable;
    readonly triggerAndWait: import("./not-available.js").NotAvailable;
    readonly triggerAndPoll: import("./not-available.js").NotAvailable;
    readonly triggerAndSubscribe: import("./not-available.js").NotAvailable;
    readonly batchTrigger: import("./not-available.js").NotAvailable;
    readonly batchTriggerAndWait: import("./not-available.js").NotAvailable;
};
