import { inspect, types } from 'node:util';
import type { SerializedError } from './protocol.ts';
import { redact } from './secret-values.ts';

const LONGEST_CHAIN = 10;
const MESSAGE_LENGTH = 16 * 1024;
const STACK_LENGTH = 32 * 1024;
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
  const stack = typeof error.stack === 'string' ? { stack: clean(error.stack, STACK_LENGTH) } : {};
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

function clean(text: string, length: number): string {
  const redacted = redact(text);
  return redacted.length > length ? `${redacted.slice(0, length)}…` : redacted;
}
