import { cutText } from '../report/escape.ts';
import { isRecord, parseJson } from './envelope.ts';
import type { Figures } from './log-tail.ts';
import type { RunError } from './types.ts';
import { ENDING_HOOKS, type Finding, finding, type JudgedTask } from './verdict.ts';

/** What Lambda puts into the payload when `FunctionError` is set. */
interface ErrorPayload {
  type: string;
  /** Without the request id that Lambda puts before it. */
  message: string;
  stack: string | undefined;
}

/** The most that `Timeout` can be. */
const LONGEST_TIMEOUT = 900;
/** Exit code of a Node process whose top-level await never settled. */
const UNSETTLED_EXIT = '13';

/**
 * A failure that Lambda found: the process ended, was killed, or never came to run the task. None of the hooks that end
 * an attempt can have run.
 */
export function judgePlatformFailure(payload: string, figures: Figures, tail: string, task: JudgedTask): Finding {
  return { missedHooks: ENDING_HOOKS, ...judgeFailure(payload, figures, tail, task) };
}

function judgeFailure(payload: string, figures: Figures, tail: string, task: JudgedTask): Finding {
  const failure = readPayload(payload);
  const { type, message } = failure;
  const limit = /Task timed out after ([\d.]+) seconds/.exec(message)?.[1];
  if (limit !== undefined && (type === 'Sandbox.Timedout' || type === '')) {
    return timedOut(Number(limit), task);
  }
  if (type === 'Runtime.ExitError') {
    return exited(message, figures, tail, task);
  }
  if (type === 'Runtime.OutOfMemory') {
    return outOfMemory(figures, task);
  }
  if (type === 'Runtime.NodeJsExit') {
    return neverSettled();
  }
  if (type === 'Function.ResponseSizeTooLarge' || type === 'Runtime.JSONStringifyError') {
    return finding('FAILED', type, `The task ran, but Lambda did not take its answer: ${message}`);
  }
  if (type === 'Runtime.UnhandledPromiseRejection' || (task.existing && !/^(Runtime|Extension)\./.test(type))) {
    return { status: 'FAILED', message, error: errorOf(failure), retry: { by: 'settings' } };
  }
  return notLoaded(failure, task);
}

function timedOut(limit: number, task: JudgedTask): Finding {
  const advice =
    limit >= LONGEST_TIMEOUT
      ? 'Lambda allows no more: split the task.'
      : task.existing
        ? `Raise the Timeout of the function, at most to ${LONGEST_TIMEOUT} s.`
        : task.dialect === 'lumo'
          ? `Raise tasks.${task.name}.timeout, at most to ${LONGEST_TIMEOUT}.`
          : `Raise its maxDuration, at most to 870, or without one tasks.${task.name}.timeout, at most to ${LONGEST_TIMEOUT}.`;
  const message = `Timed out after ${limit} s, its limit. What it did until then is done. ${advice}`;
  return finding('TIMED_OUT', 'TimedOut', message);
}

function exited(message: string, figures: Figures, tail: string, task: JudgedTask): Finding {
  if (/signal: killed/.test(message)) {
    return killed(figures, task);
  }
  if (/JavaScript heap out of memory/.test(tail)) {
    return outOfMemory(figures, task);
  }
  const code = /exit status (\d+)/.exec(message)?.[1];
  if (code === UNSETTLED_EXIT) {
    return neverSettled();
  }
  const how = code === undefined ? (/signal: ([\w ]+)/.exec(message)?.[0] ?? 'exit code 0') : `exit code ${code}`;
  return crashed(
    `The process ended (${how}) before the task returned a result. Return or throw instead of calling process.exit().`,
  );
}

function crashed(message: string): Finding {
  return { ...finding('CRASHED', 'Crashed', message), retry: { by: 'settings' } };
}

/** Lambda kills for memory; close to the limit there is no doubt. */
function killed(figures: Figures, task: JudgedTask): Finding {
  const { maxMemoryMb = 0, memorySizeMb = Number.POSITIVE_INFINITY } = figures;
  if (maxMemoryMb >= memorySizeMb * 0.95) {
    return outOfMemory(figures, task);
  }
  return crashed(
    `The process was killed (signal: killed), by itself or because its memory ran out${usage(figures)}. In the latter case: ${memoryAdvice(task)}`,
  );
}

function outOfMemory(figures: Figures, task: JudgedTask): Finding {
  const message = `Out of memory${usage(figures)}. ${memoryAdvice(task)}`;
  // A function of the user's keeps the memory it has.
  const found = finding('CRASHED', 'OutOfMemory', message);
  return task.existing ? found : { ...found, retry: { by: 'memory' } };
}

function usage({ maxMemoryMb, memorySizeMb }: Figures): string {
  return maxMemoryMb === undefined || memorySizeMb === undefined ? '' : `: used ${maxMemoryMb} of ${memorySizeMb} MB`;
}

function memoryAdvice(task: JudgedTask): string {
  if (task.existing) return 'Raise the memory of the function.';
  return task.dialect === 'lumo'
    ? `Raise tasks.${task.name}.memory.`
    : 'Give the task a larger machine, or retry.outOfMemory.machine for the attempt after this one.';
}

function neverSettled(): Finding {
  const message =
    'The task never settled: its promise was still pending when nothing was left to wait for. Look for a promise that is never resolved.';
  return { ...finding('FAILED', 'NeverSettled', message), retry: { by: 'settings' } };
}

/** Everything that goes wrong before the task's function is called. */
function notLoaded(failure: ErrorPayload, task: JudgedTask): Finding {
  const { type, message } = failure;
  const what = task.existing ? 'The function could not be started' : 'The task could not be loaded';
  const said = type === '' || type === 'Error' ? message : `${type}: ${message}`;
  return {
    status: 'SYSTEM_FAILURE',
    message: `${what}: ${said.replace(/\.?$/, '.')}${loadAdvice(failure, task)}`,
    error: errorOf(failure),
  };
}

/** Node's word for an `import` that finds nothing; Lambda passes it on under the name `Error`. */
const IMPORT_FAILED = /^Cannot find (package|module) /;

function loadAdvice({ type, message }: ErrorPayload, task: JudgedTask): string {
  if (task.existing) {
    return '';
  }
  switch (IMPORT_FAILED.test(message) ? 'Runtime.ImportModuleError' : type) {
    case 'Runtime.ImportModuleError':
      return ` What is in tasks.${task.name}.external or build.exclude has to come from a layer.`;
    case 'Runtime.UserCodeSyntaxError':
      return ` Check that tasks.${task.name}.runtime knows the syntax of the packages that are not bundled.`;
    default:
      return ' The error comes from code outside the function run, which is executed when the file is loaded.';
  }
}

function errorOf({ type, message, stack }: ErrorPayload): RunError {
  return { name: type === '' ? 'Error' : type, message, ...(stack === undefined ? {} : { stack }) };
}

function readPayload(payload: string): ErrorPayload {
  const value = parseJson(payload);
  if (!isRecord(value)) {
    return { type: '', message: cutText(payload, 1000), stack: undefined };
  }
  const { errorType, errorMessage, trace, stackTrace } = value;
  const lines = [trace, stackTrace].find((candidate) => Array.isArray(candidate)) as unknown[] | undefined;
  return {
    type: typeof errorType === 'string' ? errorType : '',
    message: inWords(errorMessage).replace(/^RequestId: \S+ (Error: )?/, ''),
    stack: lines === undefined || lines.length === 0 ? undefined : lines.map(inWords).join('\n'),
  };
}

/** Functions of others put into their errors what they like. */
function inWords(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
