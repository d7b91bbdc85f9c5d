/**
 * What travels between the action and the code it ships inside every Lambda. Both sides import this file and nothing
 * of each other.
 */
/** Every option filled in; delays in milliseconds. */
export interface RetryOptions {
    /** Total attempts, the first included; 1 = never retry. */
    maxAttempts: number;
    factor: number;
    minTimeoutInMs: number;
    maxTimeoutInMs: number;
    randomize: boolean;
}
/** The event of one attempt. */
export interface InvokeEvent {
    lumo: 1;
    /** Id of the task; one bundle may hold several. */
    task: string;
    deployment: {
        id: string;
        isFirstDeploy: boolean;
        previousVersion?: string;
        environment: string;
        version: string;
    };
    /** The task's entry of the configuration with defaults, without `env`, `role` and `vpc`. */
    config: Record<string, unknown>;
    payload: Record<string, unknown>;
    run: {
        /** `<deployment id>/<task>`. */
        id: string;
        /** ISO 8601, when the deployment began its runs. */
        createdAt: string;
        /** ISO 8601, when the first attempt was started. */
        startedAt: string;
        /** True on "Re-run jobs". */
        isReplay: boolean;
    };
    attempt: {
        number: number;
        maxAttempts: number;
    };
    /** What the retry decision is made with: code, configuration and defaults already merged. */
    retry: RetryOptions;
    /** Seconds of compute time, or undefined for no limit but the function's own. */
    maxDuration?: number;
    /** The preset as the author named it, and what the function really has. */
    machine: {
        name?: string;
        cpu: number;
        memory: number;
    };
    queue: {
        name: string;
    };
    /** Everything about the workflow that `ctx` shows. */
    source: {
        project: string;
        commit?: string;
        /** `owner/name`. */
        repository?: string;
        ref?: string;
        pullRequest?: number;
        actor?: string;
    };
    /** Errors in `init` and `onStart` fail the attempt. */
    strictHooks: boolean;
    /** Absent: the action hears of the attempt when it answers, and not before. */
    channel?: ChannelAddress;
}
/**
 * How the action and a running attempt talk: presigned URLs of S3 objects, so that the function needs no permission.
 * They are valid until a minute after the deadline.
 */
export interface ChannelAddress {
    /** Random, of this attempt: who knows it was sent by the action. */
    nonce: string;
    /** ISO 8601 by S3's clock: until then nobody else may deploy. An attempt that could still be running then must not begin. */
    deadline: string;
    /** Without a claim the attempt must not run. */
    required: boolean;
    urls: {
        /** PUT of a `ChannelClaim` with `If-None-Match: *`: whoever gets it through runs the attempt, nobody else does. */
        claim: string;
        /** GET of the claim. */
        claimed: string;
        /** PUT of a `ChannelStatus`. */
        status: string;
        /** GET of a `ChannelCancel`; 403 or 404 while there is none. */
        cancel: string;
        /** PUT of a `ChannelResult`. */
        result: string;
    };
}
/** `claim.json`: which execution of the function runs the attempt. */
export interface ChannelClaim {
    lumo: 1;
    nonce: string;
    /** Differs between two deliveries of one attempt, also of the same request. */
    execution: string;
    /** ISO 8601. */
    claimedAt: string;
    deadline: string;
}
/** `status.json`, written anew every second or so: a sign of life, the latest lines, the progress. */
export interface ChannelStatus {
    lumo: 1;
    nonce: string;
    execution: string;
    /** ISO 8601. */
    at: string;
    /** The latest lines, by number; those before the first one are gone. */
    lines: LogLine[];
    metadata?: Record<string, unknown>;
}
/** `cancel.json`, written by the action. */
export interface ChannelCancel {
    lumo: 1;
    nonce: string;
    reason: string;
    /** ISO 8601. */
    at: string;
}
/** `result.json`: the answer, for the case that it is lost on its way. */
export interface ChannelResult {
    lumo: 1;
    nonce: string;
    execution: string;
    /** ISO 8601. */
    at: string;
    envelope: Envelope;
}
export interface SerializedError {
    name: string;
    message: string;
    /** Raw stack of the bundled code; the action translates it. */
    stack?: string;
    cause?: SerializedError;
}
/** One captured line of the task's output. */
export interface LogLine {
    /** Counts from 1 over the whole attempt, also over lines that were dropped. */
    number: number;
    stream: 'stdout' | 'stderr';
    text: string;
}
/** A hook of the user's that threw; the attempt went on. */
export interface HookProblem {
    hook: string;
    /** Whose hook: registered for all tasks, or the task's own. */
    scope: 'global' | 'task';
    error: SerializedError;
}
/** The answer of one attempt. Anything else is not an answer of ours. */
export interface Envelope {
    lumo: 1;
    task: string;
    status: 'COMPLETED' | 'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'CRASHED' | 'SYSTEM_FAILURE';
    /** What `run` returned, as JSON; absent when it returned undefined or threw. */
    result?: unknown;
    /** Why there is no usable result: what was thrown, or that the answer is no TaskResult. */
    error?: SerializedError;
    /** Present when the task is to be tried again; without it the status is final. */
    retry?: {
        delayMs: number;
    };
    /** The error counts as out of memory: only `retry.outOfMemory.machine` may retry it. */
    outOfMemory?: boolean;
    /** Hooks that threw without failing the attempt. */
    hooks?: HookProblem[];
    /** What `metadata` holds at the end of the attempt. */
    metadata?: Record<string, unknown>;
    /** Time spent in waits, not counted by `maxDuration`. */
    waitedMs?: number;
    logs: LogLine[];
    /** Lines that were dropped from the front of `logs` to stay under the limit. */
    droppedLines: number;
    /** What the reader of the result should know about it, e.g. that it was cut. */
    warnings?: string[];
    /**
     * What became of the channel that the event offered. `claimed`: another execution has the attempt, and this one ran
     * nothing; its answer says nothing about the attempt. `unreachable`: it ran (or with `required` did not) without.
     */
    channel?: {
        state: 'open';
    } | {
        state: 'claimed';
    } | {
        state: 'unreachable';
        reason: string;
    };
}
/** The seed's TaskResult. */
export interface TaskResult {
    success: boolean;
    message: string;
    data?: Record<string, unknown>;
}
/** Warnings that mark why a process was ended with an invocation in flight. */
export declare const UNCAUGHT = "TASK_RUN_UNCAUGHT_EXCEPTION: the error comes from a callback or a promise that nothing awaited, and ended the process";
export declare const UNSTOPPED = "the task did not stop when its signal aborted, so its process was ended";
/**
 * Starts the one line that carries the envelope when the process has to die with an invocation in flight. It is found
 * in the log tail, so prefix and envelope together stay within `CRASH_LINE_BYTES`.
 */
export declare const CRASH_LINE_PREFIX = "LUMO-ENVELOPE ";
export declare const CRASH_LINE_BYTES = 2048;
