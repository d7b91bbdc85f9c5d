import type { StateKeys } from '../state/keys.ts';
import type { Marker, ObjectStore, Progress } from '../state/types.ts';
import { artifactKey } from './code.ts';

/** The documents that say which code an environment uses. */
interface CodeRecords {
  marker: Marker | undefined;
  progress: Progress | undefined;
}

/**
 * Deletes the stored packages of an environment that no other environment in the bucket uses; answers how many. Only
 * code over 50 MB is stored, so there is mostly nothing to do, and then nothing else is read.
 */
export async function deleteArtifacts(store: ObjectStore, keys: StateKeys, records: CodeRecords): Promise<number> {
  const stored = new Set(await store.list('lumo-tasks/artifacts/'));
  const own = [...artifactsOf(records)].filter((key) => stored.has(key));
  if (own.length === 0) return 0;
  const used = await artifactsOfOthers(store, keys);
  const unused = own.filter((key) => !used.has(key));
  await Promise.all(unused.map((key) => store.delete(key)));
  return unused.length;
}

async function artifactsOfOthers(store: ObjectStore, keys: StateKeys): Promise<Set<string>> {
  const documents = (await store.list('lumo-tasks/state/')).filter(
    (key) => /\/(marker|progress)\.json$/.test(key) && !key.startsWith(keys.prefix),
  );
  const used = new Set<string>();
  for (const key of documents) {
    const found = await store.get(key);
    // By its text: a document that cannot be parsed still keeps what it names.
    for (const [, codeSha256 = ''] of found?.body.toString().matchAll(/"codeSha256":\s*"([^"]+)"/g) ?? []) {
      used.add(artifactKey(codeSha256));
    }
  }
  return used;
}

function artifactsOf({ marker, progress }: CodeRecords): Set<string> {
  const tasks = [...Object.values(marker?.tasks ?? {}), ...Object.values(progress?.completed ?? {})];
  return new Set(tasks.filter(({ codeSha256 }) => codeSha256 !== '').map(({ codeSha256 }) => artifactKey(codeSha256)));
}
