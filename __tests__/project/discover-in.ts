import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { buildRuntime } from '../../scripts/build-runtime.ts';
import { findEsbuild } from '../../src/package/esbuild.ts';
import { type DiscoverOptions, type Discovery, discoverTasks } from '../../src/project/discover.ts';
import { scanProject } from '../../src/project/scan.ts';
import { checkConfig } from '../../src/project/schema.ts';

const log = { info: () => {}, warning: () => {}, debug: () => {} };
const distDir = mkdtempSync(path.join(tmpdir(), 'lumo-dist-'));
afterAll(() => rmSync(distDir, { recursive: true, force: true }));
await buildRuntime(distDir);
export const esbuild = await findEsbuild({ distDir: path.resolve('dist'), projectRoot: process.cwd(), log });

interface Options extends Partial<DiscoverOptions> {
  config?: object;
}

/** Finds the tasks of a folder, with the shipped code as it is built from the sources of this checkout. */
export async function discoverIn(root: string, { config = {}, ...more }: Options = {}): Promise<Discovery> {
  const options = {
    root,
    boundary: root,
    environment: 'dev',
    esbuild,
    distDir,
    tempDir: path.join(root, '.temp'),
    env: {},
    ...more,
  };
  const checked = checkConfig({ projectName: 'shop', ...config }, { path: [], findings: [] });
  return discoverTasks(await scanProject({ ...options, configFolder: root }), checked ?? {}, options);
}
