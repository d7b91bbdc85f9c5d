import { createHash } from 'node:crypto';
import { type FileMode, sortByName } from './zip.ts';

export interface DigestEntry {
  name: string;
  mode: FileMode;
  /** Hex SHA-256 of the bytes. */
  sha256: string;
}

/**
 * Hex SHA-256 over name, mode and bytes of every file: equal exactly when the packages hold the same, however they
 * were compressed.
 */
export function contentsDigest(entries: readonly DigestEntry[]): string {
  const hash = createHash('sha256');
  for (const { name, mode, sha256 } of sortByName(entries)) hash.update(`${mode.toString(8)} ${sha256} ${name}\0`);
  return hash.digest('hex');
}
