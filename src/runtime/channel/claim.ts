import { setTimeout as pause } from 'node:timers/promises';
import type { ChannelClaim, Envelope } from '../protocol.ts';
import type { Link } from './link.ts';
import { type Answer, type ChannelRequest, isPassing } from './transport.ts';

export type ChannelState = NonNullable<Envelope['channel']>;

export interface Claim {
  state: ChannelState;
  /** Milliseconds since the epoch by S3's clock when the claim was got; NaN when it is not known. */
  at: number;
}

/** Longest single try, as a part of the whole time: one connection that hangs leaves room for another. */
const TRY = 0.5;
/** Part of the time that is kept for looking whether an unanswered claim was stored after all. */
const LOOK = 0.2;
const PAUSE_MS = 200;

/**
 * Takes the attempt for this execution, within `limitMs` milliseconds. A claim that lies there and is not certainly ours is
 * another's; where none can be seen, S3 counts as unreachable.
 * Never rejects.
 */
export async function claimAttempt(link: Link, limitMs: number): Promise<Claim> {
  const end = performance.now() + limitMs;
  const latestTry = end - LOOK * limitMs;
  let inDoubt = false;
  for (;;) {
    const reply = await ask(link, putClaim(link, Math.min(TRY * limitMs, latestTry - performance.now())));
    if (reply.status === 200) {
      return { state: { state: 'open' }, at: reply.serverNow };
    }
    if (reply.status === 412) {
      const found = await look(link, end);
      return { state: { state: found?.isOurs === true ? 'open' : 'claimed' }, at: reply.serverNow };
    }
    const final = !mayPass(reply);
    inDoubt ||= !final;
    if (final || performance.now() + PAUSE_MS >= latestTry) {
      return lookAgain(link, end, inDoubt, reasonOf(reply));
    }
    await pause(PAUSE_MS);
  }
}

/** The last word on a claim that was not granted: unreachable, unless the claim lies there. */
async function lookAgain(link: Link, end: number, inDoubt: boolean, reason: string): Promise<Claim> {
  const found = inDoubt ? await look(link, end) : undefined;
  if (found === undefined) {
    return { state: { state: 'unreachable', reason }, at: Number.NaN };
  }
  return { state: { state: found.isOurs ? 'open' : 'claimed' }, at: found.at };
}

/** Whether the claim that is stored is of this execution; undefined when none can be seen. `at`: as in `Claim`. */
async function look(link: Link, end: number): Promise<{ isOurs: boolean; at: number } | undefined> {
  for (;;) {
    const limitMs = Math.max(1, end - performance.now());
    const reply = await ask(link, { method: 'GET', url: link.address.urls.claimed, limitMs });
    if (reply.status === 200) {
      return { isOurs: isClaimOf(link, reply.body), at: reply.serverNow };
    }
    if (!mayPass(reply) || performance.now() + PAUSE_MS >= end) {
      return undefined;
    }
    await pause(PAUSE_MS);
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

type Reply = Answer | { status: undefined; failure: string };

async function ask({ transport }: Link, request: ChannelRequest): Promise<Reply> {
  try {
    return await transport.send(request);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return { status: undefined, failure: message || code || 'no connection' };
  }
}

function mayPass(reply: Reply): boolean {
  return reply.status === undefined || isPassing(reply);
}

/** Never with the URL in it: whoever knows that may write. */
function reasonOf(reply: Reply): string {
  if (reply.status === undefined) {
    return reply.failure;
  }
  const code = /<Code>(\w{1,64})<\/Code>/.exec(reply.body)?.[1];
  return `S3 answered ${reply.status}${code === undefined ? '' : ` ${code}`}`;
}
