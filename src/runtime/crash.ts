import { CRASH_LINE_BYTES, CRASH_LINE_PREFIX, type Envelope, type SerializedError } from './protocol.ts';

/**
 * Calls `onCrash` for whatever would end the process from outside `run`, until the returned function is called. Goes
 * before the listeners of the runtime and of the task, which would end the process without an answer.
 */
export function guardProcess(onCrash: (error: unknown) => void): () => void {
  process.prependListener('uncaughtException', onCrash);
  process.prependListener('unhandledRejection', onCrash);
  return () => {
    process.off('uncaughtException', onCrash);
    process.off('unhandledRejection', onCrash);
  };
}

/** The marked line for an attempt that dies of `error`, at most 2 KB of it. */
export function crashLine(task: string, error: SerializedError, more: Pick<Envelope, 'retry'> = {}): string {
  const lineFor = (length: number) => lineOf({ task, error: shorten(error, length), ...more });
  const lines = [Number.POSITIVE_INFINITY, 1000, 400, 150, 50].map(lineFor);
  return lines.find((line) => Buffer.byteLength(line) <= CRASH_LINE_BYTES) ?? lineFor(0);
}

function lineOf(parts: Pick<Envelope, 'task' | 'error' | 'retry'>): string {
  const envelope: Envelope = { lumo: 1, status: 'FAILED', ...parts, logs: [], droppedLines: 0 };
  return `${CRASH_LINE_PREFIX}${JSON.stringify(envelope)}`;
}

/** `error` with texts of at most `length` characters; the second cause and what follows goes first. */
function shorten(error: SerializedError, length: number, depth = 0): SerializedError {
  const { name, message, stack, cause } = error;
  const keepsCause = cause !== undefined && (length > 1000 || (depth === 0 && length > 0));
  return {
    name: cut(name, Math.max(length, 32)),
    message: cut(message, Math.max(length, 32)),
    ...(stack === undefined || length === 0 ? {} : { stack: cut(stack, length) }),
    ...(keepsCause ? { cause: shorten(cause, length, depth + 1) } : {}),
  };
}

/** With the mark by which the action knows that a secret may have been cut in two. */
function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
