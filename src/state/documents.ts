import { ActionError } from '../errors.ts';
import { type DocumentType, formatDocument, INVENTORY, MARKER, PROGRESS, parseDocument, type Stored } from './json.ts';
import type { StateKeys } from './keys.ts';
import type { Inventory, Marker, ObjectStore, Progress } from './types.ts';

export type { Stored } from './json.ts';

/** Everything the bucket holds about one environment, but the lock. */
export interface State {
  marker: Stored<Marker> | undefined;
  progress: Stored<Progress> | undefined;
  inventory: Stored<Inventory> | undefined;
}

/** Whose environment it is: the project's place, and the region its functions live in. */
export interface StateOwner {
  /** `owner/name`. */
  repository: string;
  /** Path of the project inside the repository, `.` at its top. */
  path: string;
  region: string;
}

export async function loadState(store: ObjectStore, keys: StateKeys): Promise<State> {
  const [marker, progress, inventory] = await Promise.all([
    readDocument(store, keys.marker, MARKER),
    readDocument(store, keys.progress, PROGRESS),
    readDocument(store, keys.inventory, INVENTORY),
  ]);
  return { marker, progress, inventory };
}

/** Throws `MARKER_FOREIGN` when a document of the state belongs to another repository, path or region. */
export function checkOwner(state: State, owner: StateOwner): void {
  for (const [name, stored] of Object.entries({
    marker: state.marker,
    progress: state.progress,
    inventory: state.inventory,
  })) {
    const differences = stored ? differencesOf(stored.value, owner) : [];
    if (differences.length === 0) continue;
    throw new ActionError(
      'MARKER_FOREIGN',
      `The ${name} of this environment belongs to another project: ${differences.join(', ')}.`,
      {
        advice:
          'Give this project another `projectName` or `environment`, or another `bucket`. After a move or a rename, run `command: destroy` from the old place first.',
      },
    );
  }
}

/** `generation` of the marker names its audit copy, see `touchMarker`. */
export async function writeMarker(
  store: ObjectStore,
  keys: StateKeys,
  marker: Marker,
  previous: Stored<Marker> | undefined,
): Promise<Stored<Marker>> {
  const stored = await writeDocument(store, keys.marker, marker, previous);
  await store.put(keys.history(marker.generation), formatDocument(marker));
  return stored;
}

/**
 * Takes the marker over: rewritten with a higher generation and else unchanged, so that every later write of a holder
 * who lost the lock meanwhile fails. To be done before anything is deployed. The generation is at least the lock's, and
 * higher than the marker's own also when somebody deleted the lock, which then counts from 1 again.
 */
export async function touchMarker(
  store: ObjectStore,
  keys: StateKeys,
  marker: Stored<Marker>,
  lockGeneration: number,
): Promise<Stored<Marker>> {
  const generation = Math.max(lockGeneration, marker.value.generation + 1);
  return await writeDocument(store, keys.marker, { ...marker.value, generation }, marker);
}

export async function writeProgress(
  store: ObjectStore,
  keys: StateKeys,
  progress: Progress,
  previous: Stored<Progress> | undefined,
): Promise<Stored<Progress>> {
  return await writeDocument(store, keys.progress, progress, previous);
}

export async function writeInventory(
  store: ObjectStore,
  keys: StateKeys,
  inventory: Inventory,
  previous: Stored<Inventory> | undefined,
): Promise<Stored<Inventory>> {
  return await writeDocument(store, keys.inventory, inventory, previous);
}

const DELETES_AT_ONCE = 16;

/**
 * Deletes all but the lock, which its holder removes last (`Lock.remove`). The inventory goes after the rest: until
 * then an interrupted `destroy` can be repeated.
 */
export async function deleteState(store: ObjectStore, keys: StateKeys): Promise<void> {
  const found = await store.list(keys.prefix);
  const doomed = found.filter((key) => key !== keys.lock && key !== keys.inventory);
  for (let start = 0; start < doomed.length; start += DELETES_AT_ONCE) {
    await Promise.all(doomed.slice(start, start + DELETES_AT_ONCE).map((key) => store.delete(key)));
  }
  await store.delete(keys.inventory);
}

async function readDocument<T>(store: ObjectStore, key: string, type: DocumentType<T>): Promise<Stored<T> | undefined> {
  const found = await store.get(key);
  return found && { value: parseDocument(type, found.body, store, key), etag: found.etag };
}

/**
 * Writes over `previous`, or creates when there is none. A condition that does not hold means that somebody else wrote,
 * unless what lies there is what we meant to write: then only the answer to our own write was lost.
 */
async function writeDocument<T extends object>(
  store: ObjectStore,
  key: string,
  value: T,
  previous: Stored<T> | undefined,
): Promise<Stored<T>> {
  const body = formatDocument(value);
  const outcome = await store.put(key, body, previous ? { ifMatch: previous.etag } : { ifNoneMatch: '*' });
  if (outcome.ok) return { value, etag: outcome.etag };
  const found = await store.get(key);
  if (found?.body.equals(body)) return { value, etag: found.etag };
  throw new ActionError('LOCK_LOST', `s3://${store.bucket}/${key} was changed by another deployment meanwhile.`, {
    advice:
      'Another deployment of this environment has taken over; look at its run, then run this one again if it is still needed.',
  });
}

function differencesOf(found: StateOwner, owner: StateOwner): string[] {
  const differences: string[] = [];
  // GitHub takes owner and name in any case.
  if (found.repository.toLowerCase() !== owner.repository.toLowerCase()) {
    differences.push(`repository ${found.repository}, not ${owner.repository}`);
  }
  if (found.path !== owner.path) differences.push(`path ${found.path}, not ${owner.path}`);
  if (found.region !== owner.region) differences.push(`region ${found.region}, not ${owner.region}`);
  return differences;
}
