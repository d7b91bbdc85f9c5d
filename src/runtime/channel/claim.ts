import { setTimeout as pause } from 'node:timers/promises';
import type { ChannelClaim, Envelope } from '../protocol.ts';
import type { Link } from './link.ts';
import { type Answer, type ChannelRequest, isPassing } from './transport.ts';

export type ChannelState = NonNullable<Envelope['channel']>;

export interface Claim {
  state: ChannelState;
  /** When that was known, in milliseconds since the epoch: by S3's clock, or this machine's where S3 did not say. */
  at: number;
}

/** Longest single try, as a part of the whole time: one connection that hangs leaves room for another. */
const TRY = 0.5;
/** Part of the time that is kept for looking whether an unanswered claim was stored after all. */
const LOOK = 0.2;
const PAUSE_MS = 200;

/**
 * Takes the attempt for this execution, within `limitMs` milliseconds. A claim that S3 says is there and that cannot be
 * read is another's: nothing may run twice. Where S3 says nothing of any claim it is unreachable, also after a try that
 * had no answer: a function that cannot reach S3 would never run otherwise. Never rejects.
 */
export async function claimAttempt(link: Link, limitMs: number): Promise<Claim> {
  const end = performance.now() + limitMs;
  const latestTry = end - LOOK * limitMs;
  let inDoubt = false;
  for (;;) {
    const reply = await ask(link, putClaim(link, Math.min(TRY * limitMs, latestTry - performance.now())));
    if (reply.status === 200) {
      return { state: { state: 'open' }, at: timeOf(reply) };
    }
    if (reply.status === 412) {
      const { ours = false, at } = await look(link, end);
      return { state: { state: ours ? 'open' : 'claimed' }, at };
    }
    const final = !mayPass(reply);
    inDoubt ||= !final;
    if (final || performance.now() + PAUSE_MS >= latestTry) {
      const { ours, at }: Sight = inDoubt ? await look(link, end) : { at: timeOf(reply) };
      return { state: lastWord(ours, reasonOf(reply)), at };
    }
    await pause(PAUSE_MS);
  }
}

/** On a claim that was not granted. */
function lastWord(ours: boolean | undefined, reason: string): ChannelState {
  return ours === undefined ? { state: 'unreachable', reason } : { state: ours ? 'open' : 'claimed' };
}

interface Sight {
  /** Whether the claim that is stored is of this execution; undefined when none can be seen. */
  ours?: boolean;
  at: number;
}

async function look(link: Link, end: number): Promise<Sight> {
  for (;;) {
    const limitMs = Math.max(1, end - performance.now());
    const reply = await ask(link, { method: 'GET', url: link.address.urls.claimed, limitMs });
    if (reply.status === 200) {
      return { ours: isClaimOf(link, reply.body), at: timeOf(reply) };
    }
    if (!mayPass(reply) || performance.now() + PAUSE_MS >= end) {
      return { at: timeOf(reply) };
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

/** Without S3's time the clock of this machine has to do: a Lambda's is set by AWS, as S3's is. */
function timeOf(reply: Reply): number {
  return reply.status === undefined || Number.isNaN(reply.serverNow) ? Date.now() : reply.serverNow;
}

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
