export interface Event<T = unknown> {
    type: string;
    data: T;
}
/** Puts an event on the project's bus. Unlike in the framework a failure is thrown: a task has to know. */
export declare function emit(type: string, data: unknown): Promise<void>;
