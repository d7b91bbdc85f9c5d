import { AsyncLocalStorage } from 'node:async_hooks';
import { format } from 'node:util';
import { LineBuffer } from './line-buffer.ts';
import type { LogLine } from './protocol.ts';
import { redact } from './secret-values.ts';

const CONSOLE_METHODS = {
  debug: 'stdout',
  info: 'stdout',
  log: 'stdout',
  trace: 'stderr',
  warn: 'stderr',
  error: 'stderr',
} as const satisfies Partial<Record<keyof Console, LogLine['stream']>>;

/**
 * Listens to everything the process writes to stdout and stderr and passes it on, so that it also reaches the logs of
 * the function. What child processes write to inherited descriptors passes unseen.
 *
 * Both `console` and the streams are hooked: on Lambda `console` writes to a descriptor of its own, elsewhere it ends
 * in the streams and must not be counted twice.
 */
export class Output {
  private current = new LineBuffer();
  private readonly owner = new AsyncLocalStorage<LineBuffer>();
  private insideConsole = false;
  private readonly writeStdout: typeof process.stdout.write;

  constructor() {
    this.writeStdout = process.stdout.write.bind(process.stdout);
    this.hookStream('stdout');
    this.hookStream('stderr');
    for (const [method, stream] of Object.entries(CONSOLE_METHODS)) {
      this.hookConsole(method as keyof typeof CONSOLE_METHODS, stream);
    }
  }

  /**
   * Runs `body` as one attempt and collects what is written meanwhile, along with what was written before the first
   * attempt, while the task's file was loaded. What an earlier attempt left running writes to the logs of the function only.
   */
  collect<T>(body: (lines: LineBuffer) => Promise<T>): Promise<T> {
    const lines = this.current;
    return this.owner
      .run(lines, () => body(lines))
      .finally(() => {
        this.current = new LineBuffer();
      });
  }

  /** Writes to the logs of the function without being listened to. */
  writeUnheard(text: string): void {
    this.writeStdout(text);
  }

  private get lines(): LineBuffer {
    return this.owner.getStore() ?? this.current;
  }

  private hookStream(stream: LogLine['stream']): void {
    const target = process[stream];
    const write = target.write.bind(target) as (...args: unknown[]) => boolean;
    const hooked = (chunk: unknown, encoding?: unknown, callback?: unknown): boolean => {
      const bytes = toBytes(chunk, encoding);
      if (bytes === undefined || this.insideConsole) {
        return write(chunk, encoding, callback);
      }
      this.lines.write(stream, bytes);
      const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString();
      const redacted = redact(text);
      const done = typeof encoding === 'function' ? encoding : callback;
      return redacted === text ? write(chunk, encoding, callback) : write(redacted, 'utf8', done);
    };
    target.write = hooked as typeof target.write;
  }

  private hookConsole(method: keyof typeof CONSOLE_METHODS, stream: LogLine['stream']): void {
    const original = console[method].bind(console) as (...args: unknown[]) => void;
    console[method] = (...args: unknown[]): void => {
      if (this.insideConsole) {
        original(...args);
        return;
      }
      const text = format(...args);
      const redacted = redact(text);
      this.lines.message(stream, redacted);
      this.insideConsole = true;
      try {
        // The arguments themselves where nothing is hidden: a structured log format makes more of them than text.
        original(...(redacted === text ? args : [redacted]));
      } finally {
        this.insideConsole = false;
      }
    };
  }
}

function toBytes(chunk: unknown, encoding: unknown): string | Uint8Array | undefined {
  if (chunk instanceof Uint8Array) {
    return chunk;
  }
  if (typeof chunk !== 'string') {
    return undefined;
  }
  const known = typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8';
  return /^utf-?8$/i.test(known) ? chunk : Buffer.from(chunk, known);
}
