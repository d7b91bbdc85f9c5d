import { randomBytes } from 'node:crypto';
import type { Presigner } from '../../aws/presign.ts';
import type { Clock } from '../../clock.ts';
import type { ChannelAddress, ChannelCancel } from '../../runtime/protocol.ts';
import { type ChannelKeys, channelKeys } from '../../state/keys.ts';
import type { ObjectStore } from '../../state/types.ts';
import { readClaim, readResult, readStatus } from './messages.ts';

export interface ChannelOptions {
  store: ObjectStore;
  presigner: Presigner;
  /** Of the deployment, ends with `/`. */
  prefix: string;
  /** An attempt that cannot reach the channel does not run. */
  required: boolean;
  clock: Clock;
}

/** How long the addresses outlive the attempt. */
const EXPIRY_MARGIN_SECONDS = 60;

/** The action's side of the talk with one attempt. Reads and writes reject with what the bucket said. */
export class AttemptChannel {
  /** Proves to each side that the other one means this attempt. */
  readonly nonce = randomBytes(16).toString('hex');
  readonly #options: ChannelOptions;
  readonly #keys: ChannelKeys;

  constructor(options: ChannelOptions, task: string, attempt: number) {
    this.#options = options;
    this.#keys = channelKeys(options.prefix, task, attempt);
  }

  /** What the event tells the attempt. */
  async address(deadline: Date): Promise<ChannelAddress> {
    const { clock, presigner, required } = this.#options;
    const { claim, status, cancel, result } = this.#keys;
    const seconds = Math.ceil((deadline.getTime() - clock.now()) / 1000) + EXPIRY_MARGIN_SECONDS;
    const [claimUrl, claimedUrl, statusUrl, cancelUrl, resultUrl] = await Promise.all([
      presigner.create(claim, seconds),
      presigner.get(claim, seconds),
      presigner.put(status, seconds),
      presigner.get(cancel, seconds),
      presigner.put(result, seconds),
    ]);
    const urls = { claim: claimUrl, claimed: claimedUrl, status: statusUrl, cancel: cancelUrl, result: resultUrl };
    return { nonce: this.nonce, deadline: deadline.toISOString(), required, urls };
  }

  /** The latest lines and the progress, or undefined while there are none. */
  status() {
    return this.#read(this.#keys.status, readStatus);
  }

  /** Who runs the attempt, or undefined when nobody has said so. */
  claim() {
    return this.#read(this.#keys.claim, readClaim);
  }

  /** The envelope as JSON, or undefined while there is none. */
  result() {
    return this.#read(this.#keys.result, readResult);
  }

  async cancel(reason: string): Promise<void> {
    const at = new Date(this.#options.clock.now()).toISOString();
    const message: ChannelCancel = { lumo: 1, nonce: this.nonce, reason, at };
    await this.#options.store.put(this.#keys.cancel, JSON.stringify(message));
  }

  async #read<T>(key: string, read: (body: Buffer, nonce: string) => T | undefined): Promise<T | undefined> {
    const found = await this.#options.store.get(key);
    return found && read(found.body, this.nonce);
  }
}
