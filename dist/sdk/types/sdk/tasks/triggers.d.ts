export type TaskRunResult<TId extends string, TOutput> = {
    ok: true;
    id: string;
    taskIdentifier: TId;
    output: TOutput;
} | {
    ok: false;
    id: string;
    taskIdentifier: TId;
    error: unknown;
};
export interface RunHandle<TId extends string> {
    id: string;
    taskIdentifier: TId;
}
/** Starting a task from code. Typed for the sake of files that do so elsewhere; each call throws `NotAvailableError`. */
export interface TaskTriggers<TId extends string, TPayload, TOutput> {
    trigger(payload: TPayload, options?: unknown): Promise<RunHandle<TId>>;
    triggerAndWait(payload: TPayload, options?: unknown): Promise<TaskRunResult<TId, TOutput>> & {
        unwrap(): Promise<TOutput>;
    };
    batchTrigger(items: {
        payload: TPayload;
        options?: unknown;
    }[], options?: unknown): Promise<unknown>;
    batchTriggerAndWait(items: {
        payload: TPayload;
        options?: unknown;
    }[], options?: unknown): Promise<{
        id: string;
        runs: TaskRunResult<TId, TOutput>[];
    }>;
}
export declare function triggers<TId extends string, TPayload, TOutput>(id: TId): TaskTriggers<TId, TPayload, TOutput>;
