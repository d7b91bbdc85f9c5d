import type { Envelope, SerializedError } from '../runtime/protocol.ts';
import { crashEnvelope, isCrashLine, isRecord, isTaskResult, parseEnvelope, parseJson } from './envelope.ts';
import type { InvokeAnswer, InvokeOutcome } from './invoke.ts';
import { figuresOf, tailLines } from './log-tail.ts';
import { judgePlatformFailure } from './platform-failure.ts';
import type { RunError } from './types.ts';
import { type Finding, finding, type JudgedTask, type Verdict } from './verdict.ts';

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
    const crash = crashEnvelope(answer.logTail, task.name);
    const found =
      crash === undefined
        ? judgePlatformFailure(answer.payload, figuresOf(answer.logTail), answer.logTail, task)
        : judgeEnvelope(crash);
    return withTail(found, answer);
  }
  const envelope = parseEnvelope(answer.payload, task.name);
  if (envelope === undefined) {
    const message = `The function returned no result of this task (${abridge(answer.payload)}). Was its code changed by hand?`;
    return withTail(finding('FAILED', 'NoResult', message), answer);
  }
  const { logs, droppedLines, warnings = [] } = envelope;
  return { ...judgeEnvelope(envelope), log: { lines: logs, droppedLines }, warnings };
}

function judgeEnvelope({ status, result, error }: Envelope): Finding {
  const { message, data } = isTaskResult(result) ? result : { message: undefined, data: undefined };
  return {
    status,
    message: error?.message ?? message ?? '',
    ...(data === undefined ? {} : { data }),
    ...(error === undefined ? {} : { error: runErrorOf(error) }),
  };
}

function runErrorOf({ name, message, stack, cause }: SerializedError): RunError {
  return {
    name,
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined ? {} : { cause: runErrorOf(cause) }),
  };
}

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
  if (value.success === false || Number(value.statusCode) >= 400) {
    const said = message ?? `The function answered ${abridge(payload)}`;
    return { ...finding('FAILED', 'FunctionFailed', said), data: value };
  }
  return { status: 'COMPLETED', ...(message === undefined ? {} : { message }), data: value };
}

/** A finding with the function's own last lines, for want of an envelope that has them all. */
function withTail(found: Finding, answer: InvokeAnswer): Verdict {
  return { ...found, log: { lines: tailLines(answer.logTail, isCrashLine), droppedLines: 0 }, warnings: [] };
}

function abridge(payload: string): string {
  if (payload.trim() === '') {
    return 'an empty answer';
  }
  return payload.length > 200 ? `${payload.slice(0, 200)}…` : payload;
}
