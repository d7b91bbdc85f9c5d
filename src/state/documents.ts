import { ActionError } from '../errors.ts';
import { type DocumentType, INVENTORY, MARKER, PROGRESS, parseDocument, type Stored } from './json.ts';
import type { StateKeys } from './keys.ts';
import type { Inventory, Marker, ObjectStore, Progress } from './types.ts';

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

async function readDocument<T>(store: ObjectStore, key: string, type: DocumentType<T>): Promise<Stored<T> | undefined> {
  const found = await store.get(key);
  return found && { value: parseDocument(type, found.body, store, key), etag: found.etag };
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
