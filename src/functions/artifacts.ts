import type { StateKeys } from '../state/keys.ts';
import type { ObjectStore } from '../state/types.ts';
import { artifactKey } from './code.ts';
import { mapLimit } from './concurrency.ts';

const DOCUMENTS_AT_A_TIME = 16;

/**
 * Deletes the stored packages that an environment uses or ever recorded, and no other environment of the project uses;
 * answers how many. Only code over 50 MB is stored, so there is mostly nothing to do, and then nothing else is read.
 * Another project with the very same code, whose state is not ours to read, would upload it once more.
 */
export async function deleteArtifacts(store: ObjectStore, keys: StateKeys): Promise<number> {
  const stored = new Set(await store.list('lumo-tasks/artifacts/'));
  if (stored.size === 0) return 0;
  const documents = await store.list(keys.prefix.replace(/[^/]+\/$/, ''));
  const isOwn = (key: string): boolean => key.startsWith(keys.prefix);
  const named = await artifactsIn(store, documents.filter(isOwn));
  const own = [...named].filter((key) => stored.has(key));
  if (own.length === 0) return 0;
  const current = documents.filter((key) => !isOwn(key) && /\/(marker|progress)\.json$/.test(key));
  const used = await artifactsIn(store, current);
  const unused = own.filter((key) => !used.has(key));
  await Promise.all(unused.map((key) => store.delete(key)));
  return unused.length;
}

/** By the text of the documents: one that cannot be parsed still keeps what it names. */
async function artifactsIn(store: ObjectStore, documents: readonly string[]): Promise<Set<string>> {
  const found = await mapLimit(documents, DOCUMENTS_AT_A_TIME, async (key) => {
    const text = (await store.get(key))?.body.toString() ?? '';
    return [...text.matchAll(/"codeSha256":\s*"([^"]+)"/g)].map(([, codeSha256 = '']) => artifactKey(codeSha256));
  });
  return new Set(found.flat());
}
