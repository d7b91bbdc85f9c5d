import type { Context } from '../../runtime/context.ts';
import type { RetryOptions } from './retry-options.ts';

type Awaitable<T> = T | Promise<T>;
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return gives void
type Nothing = void | undefined;

/** What `init` may return: it is merged with what the other `init` hooks return, and given to `run` and the hooks. */
export type InitOutput = Record<string, unknown> | Nothing;

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

export type RunResult<TOutput> = { ok: true; data: TOutput } | { ok: false; error: unknown };

export interface CatchErrorParams<TPayload, TInit> extends HookParamsWithInit<TPayload, TInit> {
  error: unknown;
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
export type MiddlewareHook<TPayload = unknown> = (params: MiddlewareParams<TPayload>) => Awaitable<void>;
/** Before each attempt. */
export type InitHook<TPayload = unknown, TInit = InitOutput> = (params: HookParams<TPayload>) => Awaitable<TInit>;
/** Once per run, before the first attempt's `run`. An error in it is reported and ignored. */
export type StartHook<TPayload = unknown, TInit = unknown> = (
  params: HookParamsWithInit<TPayload, TInit>,
) => Awaitable<void>;
/** Before each attempt's `run`. An error in it fails the attempt. */
export type StartAttemptHook<TPayload = unknown> = (params: HookParams<TPayload>) => Awaitable<void>;
/** Before and after a wait of more than 5 seconds. */
export type WaitHook<TPayload = unknown, TInit = unknown> = (
  params: HookParamsWithInit<TPayload, TInit> & { wait: WaitInfo },
) => Awaitable<void>;
/** Once per run, after it has succeeded. */
export type SuccessHook<TPayload = unknown, TOutput = unknown, TInit = unknown> = (
  params: HookParamsWithInit<TPayload, TInit> & { output: TOutput },
) => Awaitable<void>;
/** Once per run, after its last attempt has failed. */
export type FailureHook<TPayload = unknown, TInit = unknown> = (
  params: HookParamsWithInit<TPayload, TInit> & { error: unknown },
) => Awaitable<void>;
/** Once per run, after success as after failure. */
export type CompleteHook<TPayload = unknown, TOutput = unknown, TInit = unknown> = (
  params: HookParamsWithInit<TPayload, TInit> & {
    result: RunResult<TOutput>;
    /** On success. */
    output?: TOutput;
  },
) => Awaitable<void>;
/** When the run is cancelled while it executes, beside `run`. It has 30 seconds. */
export type CancelHook<TPayload = unknown, TOutput = unknown, TInit = unknown> = (
  params: HookParamsWithInit<TPayload, TInit> & {
    /** What `run` comes to. */
    runPromise: Promise<TOutput>;
  },
) => Awaitable<void>;
/** After each failed attempt: decides whether and when the task is tried again. */
export type CatchErrorHook<TPayload = unknown, TInit = unknown> = (
  params: CatchErrorParams<TPayload, TInit>,
) => Awaitable<CatchErrorResult | Nothing>;
/** At the end of each attempt. An error in it fails the attempt. */
export type CleanupHook<TPayload = unknown, TInit = unknown> = (
  params: HookParamsWithInit<TPayload, TInit>,
) => Awaitable<void>;
