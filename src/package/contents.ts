import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { limiter } from './limiter.ts';
import { type Content, compress } from './zip.ts';

/** As many as libuv has threads: more would only hold more files in memory. */
const IN_FLIGHT = 4;

/** Answers what `make` made of a file; every file is read and worked on once, however many tasks ask for it. */
export type FileCache<T> = (file: string) => Promise<T>;

export const compressedFiles = (): FileCache<Content> => fileCache(compress);

/** Hex SHA-256 of files. */
export const hashedFiles = (): FileCache<string> =>
  fileCache(async (bytes) => createHash('sha256').update(bytes).digest('hex'));

function fileCache<T>(make: (bytes: Buffer) => Promise<T>): FileCache<T> {
  const made = new Map<string, Promise<T>>();
  const inTurn = limiter(IN_FLIGHT);
  return (file) => {
    const known = made.get(file);
    if (known) return known;
    const promise = inTurn(async () => make(await readFile(file)));
    made.set(file, promise);
    return promise;
  };
}
