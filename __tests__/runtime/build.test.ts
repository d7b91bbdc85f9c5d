import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { buildRuntime } from '../../scripts/build-runtime.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function built(): Promise<{ folder: string; runtime: string; core: string }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'lumo-build-'));
  folders.push(folder);
  await buildRuntime(folder);
  const read = (file: string) => readFile(path.join(folder, file), 'utf8');
  return { folder, runtime: await read('runtime/index.mjs'), core: await read('sdk/core.mjs') };
}

test('the bytes do not depend on where they are built', async () => {
  const [first, second] = await Promise.all([built(), built()]);
  expect(second.runtime).toBe(first.runtime);
  expect(second.core).toBe(first.core);
  for (const text of [first.runtime, first.core]) {
    expect(text).not.toContain(path.resolve(import.meta.dirname, '../..'));
    expect(text).not.toMatch(/from "(?!node:)/);
  }
});

test('the handler is a native async function, which is how the runtime of Lambda tells it from others', async () => {
  const { folder } = await built();
  const { createHandler } = await import(pathToFileURL(path.join(folder, 'runtime/index.mjs')).href);
  expect(createHandler({}, { file: 'demo.ts', lumoId: 'demo' }).constructor.name).toBe('AsyncFunction');
});
