import { randomUUID } from 'node:crypto';
import { ActionError } from '../errors.ts';
import type { StateKeys } from './keys.ts';
import type { ObjectStore } from './types.ts';

/**
 * Throws `BUCKET_UNCONDITIONAL` when the server ignores conditions: some that speak S3 answer 200 and overwrite, and
 * then no lock holds. For custom endpoints, once per deployment; leaves nothing behind.
 */
export async function testConditions(store: ObjectStore, keys: Pick<StateKeys, 'prefix'>): Promise<void> {
  const key = `${keys.prefix}probe-${randomUUID()}.json`;
  // Whether this one says that it was stored tells nothing: its answer may have been lost, and a retry refused.
  await store.put(key, '{"probe":1}', { ifNoneMatch: '*' });
  try {
    const again = await store.put(key, '{"probe":2}', { ifNoneMatch: '*' });
    const stale = await store.put(key, '{"probe":3}', { ifMatch: '"00000000000000000000000000000000"' });
    if (!again.ok && !stale.ok) return;
  } finally {
    await store.delete(key);
  }
  throw new ActionError(
    'BUCKET_UNCONDITIONAL',
    `The server of the bucket ${store.bucket} does not honour If-None-Match and If-Match.`,
    {
      advice: 'Use a server with conditional writes, or `bucket: none`, which does without marker and lock.',
    },
  );
}
