/** Ends the run: it fails without another attempt, and `catchError` is not asked. */
export declare class AbortTaskRunError extends Error {
    constructor(message: string);
}
/** Says that memory ran out: the task is tried again only on the machine of `retry.outOfMemory`. */
export declare class OutOfMemoryError extends Error {
    constructor();
}
/** Thrown in `run`, it is a success with this output. */
export declare class CompleteTaskWithOutput extends Error {
    readonly output: unknown;
    constructor(output?: unknown);
}
