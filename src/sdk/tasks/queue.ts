import { registerQueue } from '../../runtime/registry.ts';

/** A queue of its own for one task, or one that several share by its name. */
export interface QueueOption {
  /** Default: `task/<id>`. */
  name?: string | undefined;
  /** Runs that may execute at once, a whole number from 1 on; null or left out: no limit. */
  concurrencyLimit?: number | null | undefined;
}

export interface Queue extends QueueOption {
  name: string;
}

/** Defines a queue that several tasks may name in their `queue` field. */
export function queue(options: Queue): Queue {
  const { name, concurrencyLimit } = options;
  registerQueue({ name, ...(typeof concurrencyLimit === 'number' ? { concurrencyLimit } : {}) });
  return options;
}
