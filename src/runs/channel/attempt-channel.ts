import { randomBytes } from 'node:crypto';
import type { Presigner } from '../../aws/presign.ts';
import type { Clock } from '../../clock.ts';
import type { ChannelAddress } from '../../runtime/protocol.ts';
import { channelKeys } from '../../state/keys.ts';
import type { ObjectStore } from '../../state/types.ts';
import { ChannelObjects } from './channel-objects.ts';

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

/** A channel that is open for one attempt. */
export interface AttemptChannel {
  nonce: string;
  objects: ChannelObjects;
  /** What the event tells the attempt. `deadline`: by this machine's clock; `until`: the same by S3's. */
  address(deadline: Date, until: Date): Promise<ChannelAddress>;
}

export function openChannel(options: ChannelOptions, task: string, attempt: number): AttemptChannel {
  const keys = channelKeys(options.prefix, task, attempt);
  const nonce = randomBytes(16).toString('hex');
  return {
    nonce,
    objects: new ChannelObjects(options.store, keys, nonce),
    async address(deadline, until) {
      const { clock, presigner, required } = options;
      const seconds = Math.ceil((deadline.getTime() - clock.now()) / 1000) + EXPIRY_MARGIN_SECONDS;
      const [claim, claimed, status, cancel, result] = await Promise.all([
        presigner.create(keys.claim, seconds),
        presigner.get(keys.claim, seconds),
        presigner.put(keys.status, seconds),
        presigner.get(keys.cancel, seconds),
        presigner.put(keys.result, seconds),
      ]);
      return {
        nonce,
        deadline: until.toISOString(),
        required,
        urls: { claim, claimed, status, cancel, result },
      };
    },
  };
}
