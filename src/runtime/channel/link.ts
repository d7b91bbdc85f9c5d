import type { ChannelAddress } from '../protocol.ts';
import type { Transport } from './transport.ts';

/** One execution's end of the channel. */
export interface Link {
  address: ChannelAddress;
  /** Random: not the request's id, which a second delivery may share. */
  execution: string;
  transport: Transport;
}

/** What every document starts with that an execution writes while it has the attempt. */
export function signature({ address, execution }: Link): { lumo: 1; nonce: string; execution: string; at: string } {
  return { lumo: 1, nonce: address.nonce, execution, at: new Date().toISOString() };
}
