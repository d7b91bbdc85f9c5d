import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/errors.ts';

const root = path.resolve(import.meta.dirname, '..', '..');

test('docs/errors.md lists every error code once, and no other', async () => {
  const text = await readFile(path.join(root, 'docs', 'errors.md'), 'utf8');
  const listed = [...text.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map(([, code]) => code);
  expect(listed.toSorted()).toEqual([...ERROR_CODES].sort());
});
