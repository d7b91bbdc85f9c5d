import { type Envelope, UNCAUGHT } from '../runtime/protocol.ts';
import { crashEnvelope, isCrashLine, isRecord, isTaskResult, parseEnvelope, parseJson } from './envelope.ts';
import type { InvokeAnswer, InvokeOutcome } from './invoke.ts';
import { figuresOf, tailLines } from './log-tail.ts';
import { judgePlatformFailure } from './platform-failure.ts';
import { ENDING_HOOKS, type Finding, finding, type JudgedTask, runErrorOf, type Verdict } from './verdict.ts';

/**
 * What an Invoke means for the task, in four layers: did the request arrive, did Lambda call the function a failure,
 * did the process time out or die, and what does our envelope say. Only a complete answer is a success.
 */
export function judge(outcome: InvokeOutcome, task: JudgedTask): Verdict {
  if (outcome.kind !== 'answered') {
    return { ...judgeTransport(outcome), log: { lines: [], droppedLines: 0 }, warnings: [] };
  }
  return task.existing ? judgeForeign(outcome, task) : judgeOurs(outcome, task);
}

function judgeTransport(outcome: Exclude<InvokeOutcome, InvokeAnswer>): Finding {
  switch (outcome.kind) {
    case 'canceled':
      return { status: 'CANCELED', reason: 'cancelled before Lambda accepted it' };
    case 'refused': {
      const { code, message, advice } = outcome.error;
      return finding('SYSTEM_FAILURE', code, `The task was not started. ${message} ${advice}`);
    }
    case 'unknown':
      return {
        ...finding('UNKNOWN', 'ResultUnknown', `The task may have run: ${outcome.reason}. It was not started again.`),
        reason: outcome.reason,
      };
  }
}

function judgeOurs(answer: InvokeAnswer, task: JudgedTask): Verdict {
  if (answer.functionError !== undefined) {
    return judgeDeath(answer, task);
  }
  const envelope = parseEnvelope(answer.payload, task);
  if (envelope === undefined) {
    const message = `The function returned no result of this task (${abridge(answer.payload)}). Was its code changed by hand?`;
    return withTail(finding('FAILED', 'NoResult', message), answer);
  }
  const { logs, droppedLines, warnings = [] } = envelope;
  const lost = answer.lost === undefined ? [] : [`The result was read from the channel: ${answer.lost}.`];
  return {
    ...judgeEnvelope(envelope, task),
    log: { lines: logs, droppedLines },
    warnings: [...warnings, ...lost],
  };
}

/** The process is gone: it may have left its last words in the channel or in the log. */
function judgeDeath(answer: InvokeAnswer, task: JudgedTask): Verdict {
  const result = parseEnvelope(answer.lastWords ?? '', task);
  const lastWords = result ?? crashEnvelope(answer.logTail, task);
  if (lastWords === undefined) {
    return withTail(judgePlatformFailure(answer.payload, figuresOf(answer.logTail), answer.logTail, task), answer);
  }
  const { status, warnings = [] } = lastWords;
  const uncaught = status === 'FAILED' && warnings.includes(UNCAUGHT);
  const found = judgeEnvelope(lastWords, task);
  const finding: Finding = uncaught ? { retry: { by: 'settings' }, ...found, missedHooks: ENDING_HOOKS } : found;
  // The line in the log has no room for the output.
  if (result === undefined) return withTail(finding, answer, warnings);
  return { ...finding, log: { lines: result.logs, droppedLines: result.droppedLines }, warnings };
}

function judgeEnvelope(envelope: Envelope, task: JudgedTask): Finding {
  const { status, error, hooks, metadata, channel } = envelope;
  const retry = retryOf(envelope);
  const missedHooks = MISSED_HOOKS[status] ?? (envelope.retry && FINAL_HOOKS);
  return {
    status,
    ...outputOf(envelope, task),
    ...(error === undefined ? {} : { message: error.message, error: runErrorOf(error) }),
    ...(retry === undefined ? {} : { retry }),
    ...(missedHooks === undefined ? {} : { missedHooks }),
    ...(hooks === undefined
      ? {}
      : { hooks: hooks.map(({ hook, scope, error: thrown }) => ({ hook, scope, error: runErrorOf(thrown) })) }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(channel?.state === 'unreachable' && { unreachable: channel.reason }),
  };
}

/** What `run` returned: a Lumo task's TaskResult, or the output of a lifecycle task, which may be any JSON. */
function outputOf({ result }: Envelope, { dialect }: JudgedTask): Pick<Finding, 'message' | 'data'> {
  if (dialect === 'lifecycle') return result === undefined ? {} : { data: result };
  if (!isTaskResult(result)) return {};
  const { message, data } = result;
  return { message, ...(data === undefined ? {} : { data }) };
}

function retryOf({ status, retry, outOfMemory }: Envelope): Verdict['retry'] {
  if (outOfMemory === true) return { by: 'memory' };
  return status === 'FAILED' && retry !== undefined ? { by: 'envelope', ...retry } : undefined;
}

/**
 * What an attempt that wants to be followed by another one does not run: missed when there is none.
 */
const FINAL_HOOKS = ['onFailure', 'onComplete'];

/** What these ends of an attempt leave out although the process lives on; a crash is a catchError that threw. */
const MISSED_HOOKS: Partial<Record<Envelope['status'], readonly string[]>> = {
  TIMED_OUT: ENDING_HOOKS,
  SYSTEM_FAILURE: ENDING_HOOKS,
  CRASHED: [...FINAL_HOOKS, 'cleanup'],
};

/** A Lambda the user already has knows nothing of envelopes: what it returns decides. */
function judgeForeign(answer: InvokeAnswer, task: JudgedTask): Verdict {
  if (answer.functionError !== undefined) {
    return withTail(judgePlatformFailure(answer.payload, figuresOf(answer.logTail), answer.logTail, task), answer);
  }
  return withTail(judgeForeignValue(answer.payload), answer);
}

function judgeForeignValue(payload: string): Finding {
  const value = parseJson(payload) ?? null;
  if (value === null) {
    const message = `The function returned no result (${abridge(payload)}), which is also what it does when it ends without waiting for its work. Return {"success": true, "message": "..."}.`;
    return finding('FAILED', 'NoResult', message);
  }
  if (!isRecord(value)) {
    return { status: 'COMPLETED', data: value };
  }
  const text = [value.message, value.body].find((candidate) => typeof candidate === 'string');
  const message = typeof text === 'string' ? text : undefined;
  if (isTaskResult(value)) {
    const { success, data } = value;
    return {
      status: success ? 'COMPLETED' : 'FAILED',
      message: value.message,
      ...(data === undefined ? {} : { data }),
    };
  }
  if (value.success === false || isFailureCode(value.statusCode)) {
    const said = message ?? `The function answered ${abridge(payload)}`;
    return { ...finding('FAILED', 'FunctionFailed', said), data: value };
  }
  return { status: 'COMPLETED', ...(message === undefined ? {} : { message }), data: value };
}

/** As functions behind an HTTP API answer. */
function isFailureCode(code: unknown): boolean {
  return (typeof code === 'number' || typeof code === 'string') && Number(code) >= 400;
}

/** A finding with the function's own last lines, for want of an envelope that has them all. */
function withTail(found: Finding, answer: InvokeAnswer, warnings: string[] = []): Verdict {
  const lines = tailLines(answer.logTail, isCrashLine);
  return { ...found, log: { lines, droppedLines: 0, fromTail: true }, warnings };
}

function abridge(payload: string): string {
  if (payload.trim() === '') {
    return 'an empty answer';
  }
  return payload.length > 200 ? `${payload.slice(0, 200)}…` : payload;
}
