import { setTimeout as pause } from 'node:timers/promises';
import type { ChannelClaim, Envelope } from '../protocol.ts';
import type { Link } from './link.ts';
import { type Answer, type ChannelRequest, isPassing } from './transport.ts';

export type ChannelState = NonNullable<Envelope['channel']>;

/** Longest single try, as a part of the whole time: one connection that hangs leaves room for another. */
const TRY = 0.5;
/** Part of the time that is kept for looking whether an unanswered claim was stored after all. */
const LOOK = 0.2;
const FIRST_PAUSE_MS = 50;

/**
 * Takes the attempt for this execution, within `limitMs` milliseconds. In doubt whose it is, it is another's: nothing may run twice.
 * Never rejects.
 */
export async function claimAttempt(link: Link, limitMs: number): Promise<ChannelState> {
  const end = performance.now() + limitMs;
  const latestTry = end - LOOK * limitMs;
  let inDoubt = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    const answer = await ask(link, putClaim(link, Math.min(TRY * limitMs, latestTry - performance.now())));
    if ('status' in answer && answer.status === 200) {
      return { state: 'open' };
    }
    if ('status' in answer && answer.status === 412) {
      return (await isOurs(link, end)) === true ? { state: 'open' } : { state: 'claimed' };
    }
    const final = 'status' in answer && !isPassing(answer);
    inDoubt ||= !final;
    if (final || performance.now() + pauseMs >= latestTry) {
      return lookAgain(link, end, inDoubt, reasonOf(answer));
    }
    await pause(pauseMs);
  }
}

/** The last word on a claim that was not granted: unreachable, unless the claim lies there. */
async function lookAgain(link: Link, end: number, inDoubt: boolean, reason: string): Promise<ChannelState> {
  const ours = inDoubt ? await isOurs(link, end) : undefined;
  if (ours === undefined) {
    return { state: 'unreachable', reason };
  }
  return { state: ours ? 'open' : 'claimed' };
}

/** Whether the claim that is stored is of this execution; undefined when none can be seen. */
async function isOurs(link: Link, end: number): Promise<boolean | undefined> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    const limitMs = Math.max(1, end - performance.now());
    const answer = await ask(link, { method: 'GET', url: link.address.urls.claimed, limitMs });
    if ('status' in answer && answer.status === 200) {
      return isClaimOf(link, answer.body);
    }
    if (('status' in answer && !isPassing(answer)) || performance.now() + pauseMs >= end) {
      return undefined;
    }
    await pause(pauseMs);
  }
}

function isClaimOf({ execution, address }: Link, body: string): boolean {
  try {
    const claim = JSON.parse(body) as Partial<ChannelClaim> | null;
    return claim?.nonce === address.nonce && claim.execution === execution;
  } catch {
    return false;
  }
}

function putClaim({ address, execution }: Link, limitMs: number): ChannelRequest {
  const { nonce, deadline, urls } = address;
  const claim: ChannelClaim = { lumo: 1, nonce, execution, claimedAt: new Date().toISOString(), deadline };
  return {
    method: 'PUT',
    url: urls.claim,
    headers: { 'if-none-match': '*' },
    body: JSON.stringify(claim),
    limitMs: Math.max(1, limitMs),
  };
}

async function ask({ transport }: Link, request: ChannelRequest): Promise<Answer | { failure: string }> {
  try {
    return await transport.send(request);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return { failure: message || code || 'no connection' };
  }
}

/** Never with the URL in it: whoever knows that may write. */
function reasonOf(answer: Answer | { failure: string }): string {
  if ('failure' in answer) {
    return answer.failure;
  }
  const code = /<Code>(\w{1,64})<\/Code>/.exec(answer.body)?.[1];
  return `S3 answered ${answer.status}${code === undefined ? '' : ` ${code}`}`;
}
