import type { RetryOptions } from './retry-options.js';
export declare const retry: {
    /**
     * Calls `fn` until it does not throw, with the delays of a task's retries; at last throws what it threw last. An
     * `AbortTaskRunError` is thrown on at once. A delay of more than 5 seconds is a wait like any other.
     */
    onThrow<T>(fn: (params: {
        attempt: number;
        maxAttempts: number;
    }) => Promise<T> | T, options?: RetryOptions): Promise<T>;
    fetch: import("./not-available.js").NotAvailable;
    interceptFetch: import("./not-available.js").NotAvailable;
};
