import type { ChannelResult, Envelope } from '../protocol.ts';
import { type Link, signature } from './link.ts';
import { isPassing } from './transport.ts';

/**
 * Writes the answer where it is found when it is lost on its way, in at most `limitMs` milliseconds for all tries. That
 * it cannot be written changes nothing: never rejects.
 */
export async function writeResult(link: Link, envelope: Envelope, limitMs: number, tries: number): Promise<void> {
  const result: ChannelResult = { ...signature(link), envelope };
  const body = JSON.stringify(result);
  const end = performance.now() + limitMs;
  for (let left = tries; left > 0; left -= 1) {
    const share = Math.max(1, (end - performance.now()) / left);
    if (await isWritten(link, body, share)) {
      return;
    }
  }
}

/** True also when another try would be in vain. */
async function isWritten({ transport, address }: Link, body: string, limitMs: number): Promise<boolean> {
  try {
    return !isPassing(await transport.send({ method: 'PUT', url: address.urls.result, body, limitMs }));
  } catch {
    return false;
  }
}
