import { inspect, types } from 'node:util';
import type { SerializedError } from './protocol.ts';
import { redact } from './secret-values.ts';

const LONGEST_CHAIN = 10;
/** Characters. */
const MESSAGE_LENGTH = 1000;
const STACK_LINE_LENGTH = 1024;
/** Frames of a stack that are kept: the first ones say where, the last ones on whose behalf. */
const TOP_FRAMES = 5;
const BOTTOM_FRAMES = 45;
const MOST_ERRORS = 10;

/** Whatever was thrown, as data: with its causes, redacted, bounded, and without ever throwing itself. */
export function serializeError(thrown: unknown): SerializedError {
  return serialize(thrown, new Set());
}

function serialize(thrown: unknown, seen: Set<unknown>): SerializedError {
  try {
    seen.add(thrown);
    return isErrorLike(thrown) ? serializeErrorLike(thrown, seen) : serializeOther(thrown);
  } catch (error) {
    return { name: 'Error', message: `the error that was thrown cannot be read: ${safeText(error)}` };
  }
}

interface ErrorLike {
  name?: unknown;
  message?: unknown;
  stack?: unknown;
  cause?: unknown;
  errors?: unknown;
}

function isErrorLike(thrown: unknown): thrown is ErrorLike {
  return types.isNativeError(thrown) || thrown instanceof Error;
}

function serializeErrorLike(error: ErrorLike, seen: Set<unknown>): SerializedError {
  const parts = Array.isArray(error.errors) ? error.errors : [];
  const cause = error.cause ?? parts[0];
  const stack = typeof error.stack === 'string' ? { stack: cleanStack(error.stack) } : {};
  const chained = cause !== undefined && !seen.has(cause) && seen.size < LONGEST_CHAIN;
  return {
    name: typeof error.name === 'string' && error.name !== '' ? clean(error.name, 256) : 'Error',
    message: clean(messageOf(error, parts), MESSAGE_LENGTH),
    ...stack,
    ...(chained ? { cause: serialize(cause, seen) } : {}),
  };
}

/** An AggregateError says in its message what each of its errors says: by itself it is often empty. */
function messageOf(error: ErrorLike, parts: readonly unknown[]): string {
  const own = typeof error.message === 'string' ? error.message : safeText(error.message);
  if (parts.length === 0) {
    return own;
  }
  const listed = parts
    .slice(0, MOST_ERRORS)
    .map((part) => (isErrorLike(part) ? safeText(part.message) : safeText(part)));
  const more = parts.length > MOST_ERRORS ? ` and ${parts.length - MOST_ERRORS} more` : '';
  return `${own === '' ? `${parts.length} errors` : own}: ${listed.join('; ')}${more}`;
}

function serializeOther(thrown: unknown): SerializedError {
  const kind = describeKind(thrown);
  const text = typeof thrown === 'string' ? thrown : inspect(thrown, { depth: 3, breakLength: 120 });
  return { name: 'NonErrorThrown', message: clean(`${kind} was thrown instead of an Error: ${text}`, MESSAGE_LENGTH) };
}

/** `a string`, `an object`, `null`: what a value is, for a sentence. */
export function describeKind(value: unknown): string {
  if (value === null || value === undefined) {
    return String(value);
  }
  if (Array.isArray(value)) {
    return 'an array';
  }
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function safeText(value: unknown): string {
  try {
    return typeof value === 'string' ? value : inspect(value, { depth: 0 });
  } catch {
    return '(unreadable)';
  }
}

/** The text redacted, without NUL, of at most `length` characters. */
function clean(text: string, length: number): string {
  const redacted = redact(text).replaceAll('\0', '');
  return redacted.length > length ? `${redacted.slice(0, length)}…` : redacted;
}

function cleanStack(stack: string): string {
  const lines = clean(stack, Number.POSITIVE_INFINITY).split('\n');
  const start = lines.findIndex((line) => /^\s+at /.test(line));
  const frames = start === -1 ? [] : lines.slice(start);
  const head = clean((start === -1 ? lines : lines.slice(0, start)).join('\n'), MESSAGE_LENGTH);
  const left = frames.length - TOP_FRAMES - BOTTOM_FRAMES;
  const kept =
    left <= 0
      ? frames
      : [...frames.slice(0, TOP_FRAMES), `    ... ${left} more frames ...`, ...frames.slice(-BOTTOM_FRAMES)];
  return [head, ...kept.map((line) => clean(line, STACK_LINE_LENGTH))].join('\n');
}
