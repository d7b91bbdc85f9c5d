export declare const timeout: {
    /** For `maxDuration`: no limit but that of the function. */
    None: number;
    /** The signal of the attempt that is running: aborts when it is cancelled or exceeds its `maxDuration`. */
    readonly signal: AbortSignal | undefined;
};
