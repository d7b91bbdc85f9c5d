/** Exactly one unit. A month has 30 days, a year 365. */
export type WaitPeriod = {
    seconds: number;
} | {
    minutes: number;
} | {
    hours: number;
} | {
    days: number;
} | {
    weeks: number;
} | {
    months: number;
} | {
    years: number;
};
export interface WaitOptions {
    /** Accepted without effect: an attempt that is tried again waits again. */
    idempotencyKey?: unknown;
    /** Accepted without effect. */
    idempotencyKeyTTL?: string | undefined;
}
/**
 * Waits within a run. Up to 5 seconds it is a plain pause. A longer wait does not count against `maxDuration`, and
 * `onWait` and `onResume` are called around it. It rejects at once, and finally, when the function could not live that
 * long: a deployment's task has 15 minutes.
 */
export declare const wait: {
    /** Zero or less returns at once. */
    for(options: WaitPeriod & WaitOptions): Promise<void>;
    /** A date in the past returns at once, unless it is to throw. */
    until(options: {
        date: Date;
        throwIfInThePast?: boolean | undefined;
    } & WaitOptions): Promise<void>;
    forToken: import("./not-available.js").NotAvailable;
    createToken: import("./not-available.js").NotAvailable;
    completeToken: import("./not-available.js").NotAvailable;
    retrieveToken: import("./not-available.js").NotAvailable;
    listTokens: import("./not-available.js").NotAvailable;
    forRequest: import("./not-available.js").NotAvailable;
    forEvent: import("./not-available.js").NotAvailable;
};
/**
 * Has the attempt wait, at its end, for work that `run` does not await: at most 60 seconds. What it rejects with is
 * reported and ignored.
 */
export declare function waitUntil(promise: Promise<unknown>): void;
