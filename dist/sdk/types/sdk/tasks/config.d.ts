import type { CancelHook, CatchErrorHook, CleanupHook, CompleteHook, FailureHook, InitHook, MiddlewareHook, StartAttemptHook, StartHook, SuccessHook, WaitHook } from './hooks.js';
import type { LogLevel } from './logger.js';
import type { MachineOption, TaskRetryOptions } from './retry-options.js';
/**
 * Default export of `trigger.config`, beside the configuration of Lumo. Its hooks concern all tasks. Other members are
 * accepted without effect; those that would have one elsewhere are named in the log.
 */
export interface TriggerConfig {
    project?: string | undefined;
    retries?: {
        enabledInDev?: boolean | undefined;
        default?: TaskRetryOptions | undefined;
    } | undefined;
    machine?: MachineOption | undefined;
    /** Seconds of compute time. */
    maxDuration?: number | undefined;
    logLevel?: LogLevel | undefined;
    middleware?: MiddlewareHook | undefined;
    init?: InitHook | undefined;
    onStart?: StartHook | undefined;
    onStartAttempt?: StartAttemptHook | undefined;
    onWait?: WaitHook | undefined;
    onResume?: WaitHook | undefined;
    onSuccess?: SuccessHook | undefined;
    onFailure?: FailureHook | undefined;
    onComplete?: CompleteHook | undefined;
    onCancel?: CancelHook | undefined;
    catchError?: CatchErrorHook | undefined;
    /** Older name of `catchError`. */
    handleError?: CatchErrorHook | undefined;
    cleanup?: CleanupHook | undefined;
    [other: string]: unknown;
}
/** Returns its argument: there for the types. */
export declare function defineConfig(config: TriggerConfig): TriggerConfig;
