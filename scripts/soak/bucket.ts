import { ObjectStore } from '../../src/local/s3/objects.ts';
import { type StateKeys, stateKeys } from '../../src/state/keys.ts';
import type { LockBody, Marker, Progress } from '../../src/state/types.ts';
import type { Snapshot } from './records.ts';

/** The bucket as it lies on disk, past everything that can go wrong on the way to it. */
export interface Observer {
  snapshot(project: string, environment: string): Promise<Snapshot>;
  /** The audit copies of all markers of the environment. */
  markers(project: string, environment: string): Promise<Marker[]>;
  /** `<deployment>/<task>/<attempt>` of every attempt that left a completed result. */
  channelResults(project: string, environment: string): Promise<Set<string>>;
}

/** `now`: the server's clock. */
export function observeBucket(stateDir: string, bucket: string, now: () => number): Observer {
  const store = new ObjectStore(stateDir, now);
  const read = async <T>(key: string): Promise<{ body: T; lastModified: number } | undefined> => {
    const found = await store.get(bucket, key);
    return found && { body: JSON.parse(found.body.toString()) as T, lastModified: found.info.lastModified };
  };
  const readAll = async <T>(prefix: string): Promise<[string, T][]> => {
    const infos = await store.list(bucket, prefix);
    const bodies = await Promise.all(infos.map(async ({ key }) => [key, (await read<T>(key))?.body] as const));
    return bodies.flatMap(([key, body]) => (body === undefined ? [] : [[key, body]]));
  };
  return {
    async snapshot(project, environment) {
      const keys: StateKeys = stateKeys(project, environment);
      const [lock, marker, progress] = await Promise.all([
        read<LockBody>(keys.lock),
        read<Marker>(keys.marker),
        read<Progress>(keys.progress),
      ]);
      return {
        at: Date.now(),
        marker: marker?.body,
        progress: progress?.body,
        lock: lock && { ...lock, serverNow: now() },
      };
    },
    async markers(project, environment) {
      const found = await readAll<Marker>(`${stateKeys(project, environment).prefix}history/`);
      return found.map(([, marker]) => marker);
    },
    async channelResults(project, environment) {
      const prefix = `lumo-tasks/runs/${project}/${environment}/`;
      const found = await readAll<{ envelope?: { status?: string } }>(prefix);
      const completed = found.filter(
        ([key, { envelope }]) => key.endsWith('/result.json') && envelope?.status === 'COMPLETED',
      );
      return new Set(completed.map(([key]) => key.slice(prefix.length, -'/result.json'.length)));
    },
  };
}
