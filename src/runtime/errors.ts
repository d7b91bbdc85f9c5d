/**
 * The names by which the errors of authors mean something. Names and not classes: a bundle may hold several copies of a
 * class.
 */
export const ABORT = 'AbortTaskRunError';
export const COMPLETE = 'CompleteTaskWithOutput';
export const OUT_OF_MEMORY = 'OutOfMemoryError';
export const WAIT_DOES_NOT_FIT = 'WaitDoesNotFitError';

/** Marks a result whose error nothing has caught; the error itself keeps its name. */
export const UNCAUGHT =
  'TASK_RUN_UNCAUGHT_EXCEPTION: the error comes from a callback or a promise that nothing awaited, and ended the process';

/** Errors that are never retried and that `catchError` does not see. */
const FINAL_NAMES: readonly string[] = [ABORT, 'TaskPayloadParsedError', WAIT_DOES_NOT_FIT];

export function isFinalError(error: unknown): boolean {
  return FINAL_NAMES.includes(nameOf(error)) || isRefusedRequest(error);
}

/** True for what counts as running out of memory although the process lives on. */
export function isOutOfMemory(error: unknown): boolean {
  return (
    nameOf(error) === OUT_OF_MEMORY || /ffmpeg was killed with signal SIGKILL/.test(String(member(error, 'message')))
  );
}

export function nameOf(error: unknown): string {
  return String(member(error, 'name'));
}

/** Milliseconds since the epoch from which a rate-limited API takes requests again, when the error tells. */
export function rateLimitReset(error: unknown): number | undefined {
  const headers = member(error, 'headers');
  const reset = Number(member(headers, 'x-ratelimit-reset'));
  return isApiError(error) && member(error, 'status') === 429 && reset > 0 ? reset : undefined;
}

/** An API said that the same request will never be accepted. */
function isRefusedRequest(error: unknown): boolean {
  const status = Number(member(error, 'status'));
  return isApiError(error) && status >= 400 && status < 500 && status !== 408 && status !== 429;
}

function isApiError(error: unknown): boolean {
  return nameOf(error) === 'TriggerApiError';
}

/** Whatever was thrown may be anything, with getters that throw. */
function member(value: unknown, key: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}
