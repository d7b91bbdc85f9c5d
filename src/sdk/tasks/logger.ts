import { inspect } from 'node:util';
import { registry } from '../../runtime/registry.ts';

export type LogLevel = 'none' | 'error' | 'warn' | 'log' | 'info' | 'debug';
type Method = Exclude<LogLevel, 'none'>;

/** From the quietest to the loudest. */
const LEVELS: readonly LogLevel[] = ['none', 'error', 'warn', 'log', 'info', 'debug'];

/** What a traced function may tell about itself; kept for files that do, without effect. */
export interface Span {
  setAttribute(name: string, value: unknown): Span;
  setAttributes(attributes: Record<string, unknown>): Span;
  addEvent(name: string, attributes?: Record<string, unknown>): Span;
  end(): void;
}

const span: Span = {
  setAttribute: () => span,
  setAttributes: () => span,
  addEvent: () => span,
  end: () => undefined,
};

function write(level: Method, message: string, properties?: Record<string, unknown>): void {
  const wanted = registry().config?.logLevel as LogLevel;
  if (LEVELS.indexOf(level) <= LEVELS.indexOf(LEVELS.includes(wanted) ? wanted : 'info')) {
    console[level](properties === undefined ? message : `${message} ${inspect(properties, { breakLength: 120 })}`);
  }
}

const method =
  (level: Method) =>
  (message: string, properties?: Record<string, unknown>): void =>
    write(level, message, properties);

/**
 * Prints to the run's log. `properties` follow the message. `logLevel` of `trigger.config` says what is printed; by
 * default everything but `debug`.
 */
export const logger = {
  debug: method('debug'),
  log: method('log'),
  info: method('info'),
  warn: method('warn'),
  error: method('error'),
  /** Calls `fn`, returns what it returns, and logs how long it took. */
  async trace<T>(name: string, fn: (span: Span) => Promise<T> | T, _options?: unknown): Promise<T> {
    const start = performance.now();
    const took = () => `${Math.round(performance.now() - start)} ms`;
    try {
      const result = await fn(span);
      write('info', `${name}: ${took()}`);
      return result;
    } catch (error) {
      write('error', `${name}: failed after ${took()}`);
      throw error;
    }
  },
  /** A span to end by hand; it has no effect. */
  startSpan: (_name: string, _options?: unknown): Span => span,
};
