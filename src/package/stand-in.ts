import { writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * CommonJS that takes every use: it can be called, constructed, extended and read, whatever the names. esbuild makes the
 * names a module imports from the prototype of what CommonJS exports, hence the two layers.
 */
const SOURCE = `'use strict';
const traps = {
  get: (target, key) =>
    key === Symbol.toPrimitive ? () => '' : key === 'then' ? undefined : key === 'prototype' ? target.prototype : anything,
  apply: () => anything,
  construct: () => anything,
};
const anything = new Proxy(function () {}, traps);
module.exports = new Proxy(function () {}, { ...traps, getPrototypeOf: () => anything });
`;

/** `--alias:` flags that put a stand-in, written into `folder`, in the place of these imports. */
export async function standInFlags(specifiers: Iterable<string>, folder: string): Promise<string[]> {
  const replaced = [...new Set(specifiers)].sort();
  if (replaced.length === 0) return [];
  const file = path.join(folder, 'stand-in.cjs');
  await writeFile(file, SOURCE);
  return replaced.map((specifier) => `--alias:${specifier}=${file}`);
}
