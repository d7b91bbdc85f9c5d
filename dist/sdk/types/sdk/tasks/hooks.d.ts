import type { Context } from '../../runtime/context.js';
import type { RetryOptions } from './retry-options.js';
type Awaitable<T> = T | Promise<T>;
type Nothing = void | undefined;
/** A value whose type could not be found out: it may be used as anything. */
export type Unchecked = any;
/** What `init` may return: it is merged with what the other `init` hooks return, and given to `run` and the hooks. */
export type InitOutput = Record<string, Unchecked> | Nothing;
/**
 * How a hook may be written: with one object that holds everything, or with `TOlder`, several arguments as version 3 of
 * `@trigger.dev/sdk` had them.
 *
 * A type checker takes the parameter types of a function from a union only where its members do not contradict each
 * other, and from overloads with different type parameters it takes none. So the second member speaks for functions with
 * several parameters alone, and the third, to which those are compared, never speaks.
 */
type Hook<TParams, TOlder extends unknown[], TReturn> = ((params: TParams) => TReturn) | {
    <_>(params: never): never;
    (...args: TOlder): TReturn;
} | {
    (...args: TOlder): TReturn;
    <_>(...args: TOlder): TReturn;
};
/** What every hook and `run` know about the attempt. */
export interface AttemptParams {
    ctx: Context;
    /** Aborts when the run is cancelled or exceeds its `maxDuration`. */
    signal: AbortSignal;
}
interface HookParams<TPayload> extends AttemptParams {
    payload: TPayload;
    /** Id of the task. */
    task: string;
}
interface HookParamsWithInit<TPayload, TInit> extends HookParams<TPayload> {
    /** What `init` returned. */
    init?: TInit;
}
/** Second argument of `run`. */
export interface RunParams<TInit> extends AttemptParams {
    /** What `init` returned. */
    init?: TInit;
}
export interface MiddlewareParams<TPayload> extends HookParams<TPayload> {
    /** Runs everything inside, once. It does not reject when the task fails: code after it always runs. */
    next: () => Promise<void>;
}
/** What the run waits for. */
export interface WaitInfo {
    type: 'duration';
    /** When it goes on. */
    date: Date;
}
export type RunResult<TOutput> = {
    ok: true;
    data: TOutput;
} | {
    ok: false;
    error: unknown;
};
interface SuccessParams<TPayload, TOutput, TInit> extends HookParamsWithInit<TPayload, TInit> {
    output: TOutput;
}
interface FailureParams<TPayload, TInit> extends HookParamsWithInit<TPayload, TInit> {
    error: unknown;
}
export interface CatchErrorParams<TPayload, TInit> extends FailureParams<TPayload, TInit> {
    /** What the decision is made with. */
    retry?: RetryOptions;
    /** When the next attempt starts unless you decide otherwise; undefined when there is none. */
    retryAt?: Date;
    /** The same in milliseconds from now. */
    retryDelayInMs?: number;
}
/** What is to be done about an error. The first member that is given decides; `error` goes with any of them. */
export interface CatchErrorResult {
    /** No further attempt. */
    skipRetrying?: boolean | undefined;
    /** Try again at this time. */
    retryAt?: Date | undefined;
    /** Try again after so many milliseconds. */
    retryDelayInMs?: number | undefined;
    /** Compute the delay with these options. */
    retry?: RetryOptions | undefined;
    /** Reported, and given to `onFailure` and `onComplete`, instead of what was thrown. */
    error?: unknown;
}
/** Around everything else of an attempt. */
export type MiddlewareHook<TPayload = unknown> = Hook<MiddlewareParams<TPayload>, [
    payload: TPayload,
    params: MiddlewareParams<TPayload>
], Awaitable<void>>;
/** Before each attempt. */
export type InitHook<TPayload = unknown, TInit = InitOutput> = Hook<HookParams<TPayload>, [
    payload: TPayload,
    params: HookParams<TPayload>
], Awaitable<TInit>>;
/** Once per run, before the first attempt's `run`. An error in it is reported and ignored. */
export type StartHook<TPayload = unknown, TInit = Unchecked> = Hook<HookParamsWithInit<TPayload, TInit>, [
    payload: TPayload,
    params: HookParamsWithInit<TPayload, TInit>
], Awaitable<void>>;
/** Before each attempt's `run`. An error in it fails the attempt. */
export type StartAttemptHook<TPayload = unknown> = (params: HookParams<TPayload>) => Awaitable<void>;
/** Before and after a wait of more than 5 seconds. */
export type WaitHook<TPayload = unknown, TInit = Unchecked> = (params: HookParamsWithInit<TPayload, TInit> & {
    wait: WaitInfo;
}) => Awaitable<void>;
/** Once per run, after it has succeeded. */
export type SuccessHook<TPayload = unknown, TOutput = unknown, TInit = Unchecked> = Hook<SuccessParams<TPayload, TOutput, TInit>, [
    payload: TPayload,
    output: TOutput,
    params: SuccessParams<TPayload, TOutput, TInit>
], Awaitable<void>>;
/** Once per run, after its last attempt has failed. */
export type FailureHook<TPayload = unknown, TInit = Unchecked> = Hook<FailureParams<TPayload, TInit>, [
    payload: TPayload,
    error: unknown,
    params: FailureParams<TPayload, TInit>
], Awaitable<void>>;
/** Once per run, after success as after failure. */
export type CompleteHook<TPayload = unknown, TOutput = unknown, TInit = Unchecked> = (params: HookParamsWithInit<TPayload, TInit> & {
    result: RunResult<TOutput>;
    /** On success. */
    output?: TOutput;
}) => Awaitable<void>;
/** When the run is cancelled while it executes, beside `run`. It has 30 seconds. */
export type CancelHook<TPayload = unknown, TOutput = unknown, TInit = Unchecked> = (params: HookParamsWithInit<TPayload, TInit> & {
    /** What `run` comes to. */
    runPromise: Promise<TOutput>;
}) => Awaitable<void>;
/** After each failed attempt: decides whether and when the task is tried again. */
export type CatchErrorHook<TPayload = unknown, TInit = Unchecked> = Hook<CatchErrorParams<TPayload, TInit>, [
    payload: TPayload,
    error: unknown,
    params: CatchErrorParams<TPayload, TInit>
], Awaitable<CatchErrorResult | Nothing>>;
/** At the end of each attempt. An error in it fails the attempt. */
export type CleanupHook<TPayload = unknown, TInit = Unchecked> = Hook<HookParamsWithInit<TPayload, TInit>, [
    payload: TPayload,
    params: HookParamsWithInit<TPayload, TInit>
], Awaitable<void>>;
export {};
