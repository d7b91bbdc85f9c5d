import { setTimeout as delay } from 'node:timers/promises';
import {
  CRASH_LINE_BYTES,
  CRASH_LINE_PREFIX,
  type Envelope,
  type SerializedError,
  UNCAUGHT,
  UNSTOPPED,
} from './protocol.ts';

/** Where else the answer of a dying process goes. */
export type LastWords = (envelope: Envelope) => Promise<void>;

/** Longest time that is given to them. */
const LAST_WORDS_MS = 1000;

/**
 * Ends the process with an invocation in flight: prints the marked line, gives `lastWords` a second, and exits whatever
 * becomes of them. The promise settles with that exit at the earliest, so that no answer follows.
 */
export async function die(
  envelope: Envelope,
  { write, exit, lastWords }: { write: (text: string) => void; exit: (code: number) => void; lastWords?: LastWords },
): Promise<void> {
  try {
    write(`\n${crashLine(envelope)}\n`);
    if (lastWords !== undefined) await Promise.race([lastWords(envelope), delay(LAST_WORDS_MS)]);
  } catch {
    // Nobody is left to be told.
  }
  try {
    exit(1);
  } finally {
    // A listener for `exit` that throws has kept the first call from ending the process; it is not called again.
    exit(1);
  }
}

/** The marked line for an attempt that dies, at most 2 KB of it. */
export function crashLine(envelope: Envelope): string {
  const lineFor = (length: number) => lineOf(envelope, length);
  const lines = [Number.POSITIVE_INFINITY, 1000, 400, 150, 50].map(lineFor);
  return lines.find((line) => Buffer.byteLength(line) <= CRASH_LINE_BYTES) ?? lineFor(0);
}

function lineOf({ lumo, task, status, error, retry, outOfMemory, warnings = [] }: Envelope, length: number): string {
  const short: Envelope = {
    lumo,
    task,
    status,
    ...(error === undefined ? {} : { error: shorten(error, length) }),
    ...(retry === undefined ? {} : { retry }),
    ...(outOfMemory === undefined ? {} : { outOfMemory }),
    warnings: warnings.filter((warning) => warning === UNCAUGHT || warning === UNSTOPPED),
    logs: [],
    droppedLines: 0,
  };
  return `${CRASH_LINE_PREFIX}${JSON.stringify(short)}`;
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
