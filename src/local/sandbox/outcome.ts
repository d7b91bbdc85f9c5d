import { RESPONSE_LIMIT } from './runtime-api.ts';

/** How one invocation ended. */
export interface Outcome {
  payload: Buffer;
  status: 'success' | 'timeout' | 'error';
  /** Lambda's own error type, for errors that are not the handler's. */
  errorType?: string;
  /** What Lambda writes to the log about it. */
  logLine?: string;
}

/** How a process ended, told to whichever invocation has to hear of it. */
export type Ending = (requestId: string) => Outcome;

export function answered(body: Buffer, bytes: number): Outcome {
  if (bytes <= RESPONSE_LIMIT) return { payload: body, status: 'success' };
  const errorType = 'Function.ResponseSizeTooLarge';
  const message = `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${RESPONSE_LIMIT} bytes).`;
  return { payload: errorPayload(errorType, message), status: 'error', errorType };
}

export function timedOut(requestId: string, seconds: number): Outcome {
  const text = `Task timed out after ${seconds.toFixed(2)} seconds`;
  return {
    payload: errorPayload('Sandbox.Timedout', `RequestId: ${requestId} Error: ${text}`),
    status: 'timeout',
    logLine: `${new Date().toISOString()} ${requestId} ${text}\n`,
  };
}

/** `body` is what the runtime client posted about the import of the handler. */
export function initFailed(body: Buffer): Ending {
  const { errorType } = JSON.parse(body.toString()) as { errorType: string };
  return () => ({ payload: body, status: 'error', errorType });
}

const SIGNAL_WORDS: Partial<Record<NodeJS.Signals, string>> = {
  SIGABRT: 'aborted',
  SIGBUS: 'bus error',
  SIGFPE: 'floating point exception',
  SIGILL: 'illegal instruction',
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
};

/** A process that ends with an invocation in flight has failed, also with exit code 0. */
export function exited(code: number | null, signal: NodeJS.Signals | null): Ending {
  const status = signal === null ? `exit status ${code}` : `signal: ${SIGNAL_WORDS[signal] ?? signal}`;
  const text = code === 0 ? 'Runtime exited without providing a reason' : `Runtime exited with error: ${status}`;
  const errorType = 'Runtime.ExitError';
  return (requestId) => {
    const message = `RequestId: ${requestId} Error: ${text}`;
    return {
      payload: errorPayload(errorType, message),
      status: 'error',
      errorType,
      logLine: `${message}\n${errorType}`,
    };
  };
}

function errorPayload(errorType: string, errorMessage: string): Buffer {
  return Buffer.from(JSON.stringify({ errorType, errorMessage }));
}
