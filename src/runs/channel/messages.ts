import type { ChannelClaim, ChannelResult, ChannelStatus } from '../../runtime/protocol.ts';
import { isLogLine, isRecord, parseJson } from '../envelope.ts';

/** What a task may have written is read with care: undefined stands for whatever is not the message it should be. */
type Reader<T> = (body: Buffer, nonce: string) => T | undefined;

export const readClaim: Reader<Pick<ChannelClaim, 'execution' | 'claimedAt'>> = (body, nonce) => {
  const value = ofAttempt(body, nonce);
  if (value === undefined || typeof value.claimedAt !== 'string') return undefined;
  return { execution: String(value.execution), claimedAt: value.claimedAt };
};

export const readStatus: Reader<Pick<ChannelStatus, 'lines' | 'metadata'>> = (body, nonce) => {
  const value = ofAttempt(body, nonce);
  if (value === undefined || !Array.isArray(value.lines) || !value.lines.every(isLogLine)) return undefined;
  return { lines: value.lines, ...(isRecord(value.metadata) && { metadata: value.metadata }) };
};

/** The answer as Lambda would have handed it over. */
export const readResult: Reader<string> = (body, nonce) => {
  const value: Partial<ChannelResult> | undefined = ofAttempt(body, nonce);
  return isRecord(value?.envelope) ? JSON.stringify(value.envelope) : undefined;
};

function ofAttempt(body: Buffer, nonce: string): Record<string, unknown> | undefined {
  const value = parseJson(body.toString());
  return isRecord(value) && value.lumo === 1 && value.nonce === nonce ? value : undefined;
}
