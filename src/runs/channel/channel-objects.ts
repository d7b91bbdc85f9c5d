import type { Clock } from '../../clock.ts';
import type { ChannelCancel } from '../../runtime/protocol.ts';
import type { ChannelKeys } from '../../state/keys.ts';
import type { ObjectStore } from '../../state/types.ts';
import { readClaim, readResult, readStatus } from './messages.ts';

/** The talk with one attempt as it lies in the bucket. Reads and writes reject with what the bucket said. */
export class ChannelObjects {
  readonly #store: ObjectStore;
  readonly #keys: ChannelKeys;
  readonly #nonce: string;

  /** `nonce`: proves to each side that the other one means this attempt. */
  constructor(store: ObjectStore, keys: ChannelKeys, nonce: string) {
    this.#store = store;
    this.#keys = keys;
    this.#nonce = nonce;
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

  async cancel(reason: string, clock: Clock): Promise<void> {
    const at = new Date(clock.now()).toISOString();
    const message: ChannelCancel = { lumo: 1, nonce: this.#nonce, reason, at };
    await this.#store.put(this.#keys.cancel, JSON.stringify(message));
  }

  async #read<T>(key: string, read: (body: Buffer, nonce: string) => T | undefined): Promise<T | undefined> {
    const found = await this.#store.get(key);
    return found && read(found.body, this.#nonce);
  }
}
