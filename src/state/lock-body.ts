import { ActionError } from '../errors.ts';
import { LOCK, parseDocument } from './json.ts';
import type { LockBody, ObjectStore } from './types.ts';

/** The lock as it lies in the bucket; times in milliseconds since the epoch by the server. */
export interface LockObject {
  body: LockBody;
  etag: string;
  lastModified: number;
  serverNow: number;
}

export async function readLock(store: ObjectStore, key: string): Promise<LockObject | undefined> {
  const found = await store.get(key);
  if (!found) return undefined;
  const { etag, lastModified, serverNow } = found;
  return { body: parseDocument(LOCK, found.body, store, key), etag, lastModified, serverNow };
}

/** True when anybody may take it: freed, or neither renewed nor with an attempt in flight, by the server's clock. */
export function isOpen(lock: LockObject): boolean {
  return lock.body.state === 'free' || lock.serverNow > endsAt(lock);
}

/** When a lock that is not renewed any more ends. */
export function endsAt({ body, lastModified }: LockObject): number {
  const busyUntil = body.busyUntil === null ? 0 : Date.parse(body.busyUntil);
  return Math.max(lastModified + body.ttlSeconds * 1000, busyUntil);
}

export function describeHolder({ actor, run, acquiredAt }: LockBody): string {
  return `${actor}, run ${run.url ?? run.id} (attempt ${run.attempt}), since ${acquiredAt}`;
}

export function lockHeld(message: string, where: string): ActionError {
  return new ActionError('LOCK_HELD', message, {
    advice: `Let that run finish or cancel it, or raise \`lock-timeout\`. When its runner is gone and none of its tasks is running, deleting ${where} frees the lock at once.`,
  });
}

export function lockLost(holder: LockBody | undefined, where: string): ActionError {
  const now = holder
    ? `${describeHolder(holder)} ${holder.state === 'free' ? 'had' : 'has'} it`
    : 'it does not exist any more';
  return new ActionError('LOCK_LOST', `The lock ${where} was lost: ${now}.`, {
    advice: 'Look at what that deployment did, then run this one again if it is still needed.',
  });
}
