import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { ActionError } from '../errors.ts';
import type { FunctionsApi } from './api.ts';

/** VPC functions take "a minute or so"; five are given. */
const LIMIT_MS = 300_000;
const FIRST_DELAY_MS = 150;
const MAX_DELAY_MS = 3_000;
/** A function or version that was made just now may not be found everywhere at once. */
const UNSEEN_LIMIT_MS = 20_000;

export type FunctionState = 'ready' | 'pending' | 'failed';

/** `Inactive` counts as ready: Lambda has put the function away, and takes it out again when it is invoked. */
export function functionState({ State, LastUpdateStatus }: FunctionConfiguration): FunctionState {
  if (State === 'Failed' || LastUpdateStatus === 'Failed') return 'failed';
  const settled = State === undefined || State === 'Active' || State === 'Inactive';
  return settled && LastUpdateStatus !== 'InProgress' ? 'ready' : 'pending';
}

/**
 * Waits until the function, or one version of it, can be changed and invoked. `answer` is what is known already: when it
 * says ready, nothing is asked. Throws `FUNCTION_FAILED` with Lambda's reason, and `FUNCTION_BUSY` after five minutes.
 */
export async function waitUntilReady(
  api: FunctionsApi,
  name: string,
  answer: FunctionConfiguration,
  qualifier?: string,
): Promise<FunctionConfiguration> {
  const settled = await waitUntilSettled(api, name, answer, qualifier);
  if (functionState(settled) === 'failed') throw functionFailed(name, settled);
  return settled;
}

/** Waits for `$LATEST`: a version that was published long ago is ready while `$LATEST` may still be in an update. */
export async function waitForLatest(api: FunctionsApi, name: string): Promise<FunctionConfiguration> {
  const answer = (await api.get(name))?.Configuration;
  return await waitUntilReady(api, name, answer ?? { State: 'Pending' });
}

/** As `waitUntilReady`, but a failed function is an answer too: what becomes of it is the caller's decision. */
export async function waitUntilSettled(
  api: FunctionsApi,
  name: string,
  answer: FunctionConfiguration,
  qualifier?: string,
): Promise<FunctionConfiguration> {
  const start = api.clock.now();
  let current = answer;
  for (let delay = FIRST_DELAY_MS; functionState(current) === 'pending'; delay = Math.min(delay * 1.5, MAX_DELAY_MS)) {
    if (api.clock.now() - start >= LIMIT_MS) throw functionBusy(name, current);
    await api.clock.sleep(delay, api.signal);
    const next = (await api.get(name, qualifier))?.Configuration;
    if (next) current = next;
    else if (api.clock.now() - start >= UNSEEN_LIMIT_MS) throw functionGone(name);
  }
  return current;
}

/** Lambda's own words for why a creation or an update failed. */
export function failureReason(answer: FunctionConfiguration): string {
  const [reason, code] =
    answer.State === 'Failed'
      ? [answer.StateReason, answer.StateReasonCode]
      : [answer.LastUpdateStatusReason, answer.LastUpdateStatusReasonCode];
  return `${reason ?? 'AWS gave no reason'}${code ? ` (${code})` : ''}`;
}

function functionFailed(name: string, answer: FunctionConfiguration): ActionError {
  const what = answer.State === 'Failed' ? 'create' : 'update';
  return new ActionError('FUNCTION_FAILED', `Lambda could not ${what} function ${name}: ${failureReason(answer)}`, {
    advice: 'Correct what AWS names (vpc, layers, kmsKeyArn, role), then deploy again: what failed is done anew.',
  });
}

function functionGone(name: string): ActionError {
  return new ActionError('FUNCTION_NOT_FOUND', `Lambda function ${name} was deleted while it was being deployed`, {
    advice: 'Find out who deleted it, then deploy again: it is made anew.',
  });
}

function functionBusy(name: string, answer: FunctionConfiguration): ActionError {
  const state = `state ${answer.State ?? 'unknown'}, last update ${answer.LastUpdateStatus ?? 'unknown'}`;
  return new ActionError(
    'FUNCTION_BUSY',
    `Lambda function ${name} was not ready after ${LIMIT_MS / 60_000} minutes (${state})`,
    {
      advice: 'Look at the function in the AWS console, then deploy again.',
    },
  );
}
