import type { LineBuffer } from '../line-buffer.ts';
import type { ChannelCancel, ChannelStatus } from '../protocol.ts';
import { type Link, signature } from './link.ts';

/** A running attempt as the channel sees it. */
export interface WatchedAttempt {
  cancel(reason: string): void;
  /** Redacted. */
  metadata(): Record<string, unknown>;
}

/** Between two looks at what is new, on either side. */
const ROUND_MS = 1000;
/** Longest silence while nothing changes. */
const SILENCE_MS = 5000;
/** A request that takes longer is given up; the next round is another chance. */
const REQUEST_MS = 3000;
/** Of the latest lines that a status holds. */
const LINES_BYTES = 64 * 1024;

/**
 * Tells about the attempt and asks whether it is cancelled, once a second, until the returned function is called.
 * Nothing here keeps the process alive, and nothing that fails matters.
 */
export function startPolling(link: Link, lines: LineBuffer, attempt: WatchedAttempt): () => void {
  const tell = statusTeller(link, lines, attempt);
  const ask = cancelAsker(link, attempt);
  let stopped = false;
  let timer: NodeJS.Timeout;
  const round = async (): Promise<void> => {
    const start = performance.now();
    await Promise.allSettled([tell(), ask()]);
    if (!stopped) {
      next(ROUND_MS - (performance.now() - start));
    }
  };
  const next = (milliseconds: number): void => {
    timer = setTimeout(round, milliseconds).unref();
  };
  next(ROUND_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** Writes a status when there is something new or it has been quiet for long. */
function statusTeller(link: Link, lines: LineBuffer, attempt: WatchedAttempt): () => Promise<void> {
  let told = { line: 0, metadata: '{}', at: performance.now() };
  return async () => {
    const metadata = attempt.metadata();
    const now = { line: lines.last, metadata: JSON.stringify(metadata), at: performance.now() };
    if (now.line === told.line && now.metadata === told.metadata && now.at - told.at < SILENCE_MS) {
      return;
    }
    const status: ChannelStatus = {
      ...signature(link),
      lines: lines.latest(LINES_BYTES),
      ...(now.metadata === '{}' ? {} : { metadata }),
    };
    const { address, transport } = link;
    const body = JSON.stringify(status);
    const answer = await transport.send({
      method: 'PUT',
      url: address.urls.status,
      body,
      limitMs: REQUEST_MS,
      background: true,
    });
    if (answer.status === 200) {
      told = now;
    }
  };
}

/** Looks for a cancel and passes it on, once. */
function cancelAsker({ address, transport }: Link, attempt: WatchedAttempt): () => Promise<void> {
  let cancelled = false;
  return async () => {
    if (cancelled) {
      return;
    }
    const { status, body } = await transport.send({
      method: 'GET',
      url: address.urls.cancel,
      limitMs: REQUEST_MS,
      background: true,
    });
    const cancel = status === 200 ? (JSON.parse(body) as Partial<ChannelCancel> | null) : undefined;
    if (cancel?.nonce === address.nonce && typeof cancel.reason === 'string') {
      cancelled = true;
      attempt.cancel(cancel.reason);
    }
  };
}
