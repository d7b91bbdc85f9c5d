export type LogLevel = 'none' | 'error' | 'warn' | 'log' | 'info' | 'debug';
/** What a traced function may tell about itself; kept for files that do, without effect. */
export interface Span {
    setAttribute(name: string, value: unknown): Span;
    setAttributes(attributes: Record<string, unknown>): Span;
    addEvent(name: string, attributes?: Record<string, unknown>): Span;
    end(): void;
}
/**
 * Prints to the run's log. `properties` follow the message. `logLevel` of `trigger.config` says what is printed; by
 * default everything but `debug`.
 */
export declare const logger: {
    debug: (message: string, properties?: Record<string, unknown>) => void;
    log: (message: string, properties?: Record<string, unknown>) => void;
    info: (message: string, properties?: Record<string, unknown>) => void;
    warn: (message: string, properties?: Record<string, unknown>) => void;
    error: (message: string, properties?: Record<string, unknown>) => void;
    /** Calls `fn`, returns what it returns, and logs how long it took. */
    trace<T>(name: string, fn: (span: Span) => Promise<T> | T, _options?: unknown): Promise<T>;
    /** A span to end by hand; it has no effect. */
    startSpan: (_name: string, _options?: unknown) => Span;
};
