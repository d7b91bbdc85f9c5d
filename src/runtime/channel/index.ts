import type { LineBuffer } from '../line-buffer.ts';
import type { ChannelAddress, Envelope, SerializedError } from '../protocol.ts';
import { type ChannelState, claimAttempt } from './claim.ts';
import type { Link } from './link.ts';
import { startPolling, type WatchedAttempt } from './polling.ts';
import { refusalOf } from './refusal.ts';
import { writeResult } from './result.ts';
import { Transport } from './transport.ts';

/** Milliseconds. */
const CLAIM_MS = 3000;
const RESULT_MS = 2000;
const LAST_WORDS_MS = 800;

/** How an attempt and the action talk while it runs. */
export interface Channel {
  /** For the envelope; undefined when the event offers no channel. */
  readonly state: ChannelState | undefined;
  /** Why the attempt must not run. */
  readonly refusal: SerializedError | undefined;
  /** From now on the attempt is told about and can be cancelled. */
  attach(attempt: WatchedAttempt): void;
  /** Says what the attempt came to; the first envelope stands. Never rejects, and takes 2 s at most. */
  close(envelope: Envelope): Promise<void>;
  /** The same for a process that is about to die: one try of less than a second. */
  lastWords(envelope: Envelope): Promise<void>;
}

interface Surroundings {
  /** What the attempt prints. */
  lines: LineBuffer;
  /** Milliseconds until the platform ends the process. */
  remainingMs(): number;
}

/** Claims the attempt. Takes at most 3 s and half of what is left to the function, so that the task gets its turn. */
export async function openChannel(address: ChannelAddress | undefined, around: Surroundings): Promise<Channel> {
  if (address === undefined) {
    return closedChannel(undefined, undefined);
  }
  const { randomUUID } = await import('node:crypto');
  const transport = await Transport.load(address.urls.claim);
  const link = { address, execution: randomUUID(), transport };
  const claim = await claimAttempt(link, Math.min(CLAIM_MS, around.remainingMs() / 2));
  const refusal = refusalOf(claim, address, around.remainingMs());
  if (claim.state.state === 'open') {
    return new OpenChannel(link, around, refusal);
  }
  transport.disconnect();
  return closedChannel(claim.state, refusal);
}

/** Says nothing: what is written there belongs to whoever has the claim. */
function closedChannel(state: ChannelState | undefined, refusal: SerializedError | undefined): Channel {
  return { state, refusal, attach: () => undefined, close: async () => undefined, lastWords: async () => undefined };
}

class OpenChannel implements Channel {
  readonly state = { state: 'open' } as const;
  readonly refusal: SerializedError | undefined;
  private readonly link: Link;
  private readonly around: Surroundings;
  private stopPolling: () => void = () => undefined;
  private closing: Promise<void> | undefined;

  constructor(link: Link, around: Surroundings, refusal: SerializedError | undefined) {
    this.refusal = refusal;
    this.link = link;
    this.around = around;
  }

  attach(attempt: WatchedAttempt): void {
    this.stopPolling = startPolling(this.link, this.around.lines, attempt);
  }

  close(envelope: Envelope): Promise<void> {
    this.closing ??= this.end(envelope, RESULT_MS, 2);
    return this.closing;
  }

  lastWords(envelope: Envelope): Promise<void> {
    this.closing ??= this.end(envelope, LAST_WORDS_MS, 1);
    return this.closing;
  }

  /** Half of the remaining time at most: the answer itself has to come out, too. */
  private async end(envelope: Envelope, limitMs: number, tries: number): Promise<void> {
    this.stopPolling();
    this.link.transport.disconnect();
    await writeResult(this.link, envelope, Math.min(limitMs, this.around.remainingMs() / 2), tries);
    this.link.transport.disconnect();
  }
}
