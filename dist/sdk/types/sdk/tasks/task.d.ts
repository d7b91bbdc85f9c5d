import type { DeploymentPayload } from '../../runtime/context.js';
import type { CancelHook, CatchErrorHook, CleanupHook, CompleteHook, FailureHook, InitHook, InitOutput, MiddlewareHook, RunParams, StartAttemptHook, StartHook, SuccessHook, Unchecked, WaitHook } from './hooks.js';
import type { QueueOption } from './queue.js';
import type { MachineOption, TaskRetryOptions } from './retry-options.js';
import type { Schema, SchemaInput, SchemaOutput } from './schema.js';
import { type TaskTriggers } from './triggers.js';
/** What hooks get where the type is not known yet: see `TaskOptions`. */
type Known<T> = [NoInfer<T>] extends [never] ? Unchecked : NoInfer<T>;
/**
 * Fields of `task()`.
 *
 * `TBefore`, `TAfter` and `TResult` are payload and output once more, as the hooks before `run`, and those after it, get
 * them. A type checker reads an object from top to bottom, and a hook that is written above `run` has to have its types
 * before `run` tells them: it gets `never`, which stands for anything, and only its own parameters are lost by that.
 */
export interface TaskOptions<TId extends string, TPayload, TOutput, TInit extends InitOutput, TBefore = TPayload, TAfter = TPayload, TResult = TOutput> {
    /** Unique in the project; it should not change between versions. */
    id: TId;
    /** For people who read plans and reports. */
    description?: string | undefined;
    /** Default: 3 attempts with an exponential delay. */
    retry?: TaskRetryOptions | undefined;
    /** Limits how many runs execute at once. Default: a queue of the task's own, unlimited. */
    queue?: QueueOption | undefined;
    /** Default: 1024 MB. */
    machine?: MachineOption | undefined;
    /** Seconds of compute time of one attempt, waits not counted: 5 to 870. */
    maxDuration?: number | undefined;
    /** Accepted without effect: a deployment starts its tasks at once. */
    ttl?: string | number | undefined;
    /** Accepted without effect. */
    jsonSchema?: unknown;
    /**
     * Runs before each attempt. What it returns is `init` of `run` and of the hooks. An error in it is reported and
     * ignored.
     */
    init?: InitHook<Known<TBefore>, TInit> | undefined;
    middleware?: MiddlewareHook<Known<TBefore>> | undefined;
    onStart?: StartHook<Known<TBefore>, NoInfer<TInit>> | undefined;
    onStartAttempt?: StartAttemptHook<Known<TBefore>> | undefined;
    onWait?: WaitHook<Known<TBefore>, NoInfer<TInit>> | undefined;
    onResume?: WaitHook<Known<TBefore>, NoInfer<TInit>> | undefined;
    /** The task's code. What it returns has to be JSON; an error that it throws fails the attempt. */
    run: (payload: TPayload | TBefore | TAfter, params: RunParams<TInit>) => Promise<TOutput | TResult> | TOutput | TResult;
    onSuccess?: SuccessHook<Known<TAfter>, Known<TResult>, NoInfer<TInit>> | undefined;
    onFailure?: FailureHook<Known<TAfter>, NoInfer<TInit>> | undefined;
    onComplete?: CompleteHook<Known<TAfter>, Known<TResult>, NoInfer<TInit>> | undefined;
    onCancel?: CancelHook<Known<TAfter>, Known<TResult>, NoInfer<TInit>> | undefined;
    catchError?: CatchErrorHook<Known<TAfter>, NoInfer<TInit>> | undefined;
    /** Older name of `catchError`. */
    handleError?: CatchErrorHook<Known<TAfter>, NoInfer<TInit>> | undefined;
    cleanup?: CleanupHook<Known<TAfter>, NoInfer<TInit>> | undefined;
}
export interface SchemaTaskOptions<TId extends string, TSchema extends Schema, TOutput, TInit extends InitOutput, TResult = TOutput> extends TaskOptions<TId, SchemaOutput<TSchema>, TOutput, TInit, SchemaOutput<TSchema>, SchemaOutput<TSchema>, TResult> {
    /** Checks and converts the payload before anything else runs. A payload that it refuses fails the run at once. */
    schema: TSchema;
}
/** A task that is defined. Its runs are started by the deployment, not by code. */
export interface Task<TId extends string, TPayload, TOutput> extends TaskTriggers<TId, TPayload, TOutput> {
    readonly id: TId;
}
/** The payload of a task whose author gave no type: what the deployment tells, and whatever was configured. */
export type DefaultPayload = DeploymentPayload & {
    [key: string]: unknown;
};
/**
 * Defines a task. It need not be exported: whatever is defined while a file of `functions/tasks` is loaded is a task.
 * The payload is the task's `payload` of the configuration, then that of the action, then `deployment`, `config` and
 * `workingDirectory`.
 */
export declare function task<TId extends string, TPayload = DefaultPayload, TOutput = unknown, TInit extends InitOutput = Unchecked, TBefore = never, TAfter = never, TResult = never>(options: TaskOptions<TId, TPayload, TOutput, TInit, TBefore, TAfter, TResult>): Task<TId, TPayload, TOutput>;
/** Defines a task whose payload is checked by a schema; `run` receives what the schema makes of it. */
export declare function schemaTask<TId extends string, TSchema extends Schema, TOutput = unknown, TInit extends InitOutput = Unchecked, TResult = never>(options: SchemaTaskOptions<TId, TSchema, TOutput, TInit, TResult>): Task<TId, SchemaInput<TSchema>, TOutput>;
export {};
