import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, utimes } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { executable } from '../../src/package/esbuild-version.ts';
import { findEsbuild } from '../../src/package/find-esbuild.ts';
import { DIST_DIR, runStep } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { config, createProject, ECHO_TASK, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const FILES = {
  'lumo.config.ts': `import { defineConfig } from '@lumo-framework/core';\n${config({
    migrate: { copyAssets: [{ from: 'sql' }, { from: 'tool.sh' }] },
  })
    .replace('export default ', 'export default defineConfig(')
    .replace(/;\n$/, ');\n')}`,
  'functions/tasks/migrate.ts': `import { table } from '../../lib/table.ts';\n${ECHO_TASK}export const used = table;\n`,
  'functions/tasks/nested/seed.js': 'export const run = async () => ({ success: true, message: "seeded" });\n',
  'lib/table.ts': "export const table = new Date(0).toLocaleString() + 'orders';\n",
  'sql/001.sql': 'SELECT 1',
  'sql/deep/002.sql': 'SELECT 2',
  'tool.sh': '#!/bin/sh\nexit 0\n',
};

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'elsewhere-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a fresh checkout elsewhere', () => {
  test('at another time, in another time zone and under another umask gives the same bytes', async () => {
    const origin = await createProject(FILES);
    await origin.git('init', '-q', '-b', 'main');
    execFileSync('chmod', ['755', path.join(origin.root, 'tool.sh')]);
    origin.commit();
    const clone = path.join(folder, 'a much longer path', 'clone');
    await mkdir(path.dirname(clone));
    execFileSync('sh', ['-c', 'umask 077; git clone -q "$0" "$1"', origin.root, clone]);
    for (const entry of await readdir(clone, { recursive: true })) {
      await utimes(path.join(clone, entry), 1_000_000_000, 1_000_000_000);
    }
    const first = await packaged(origin.root, { TZ: 'UTC' });
    const second = await packaged(clone, { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'C' });
    expect(Object.keys(first).sort()).toEqual(['manifest.json', 'migrate.zip', 'nested/seed.zip']);
    expect(second).toEqual(first);
    await origin.remove();
  });

  /** Name to hash of everything that `package` wrote. */
  async function packaged(root: string, env: Record<string, string>): Promise<Record<string, string>> {
    const step = await runStep(root, { env, with: { command: 'package', out: 'out' } });
    expect(step.exitCode).toBe(0);
    const out = path.join(root, 'out');
    const entries = await readdir(out, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
    const hashes = files.map(async (file): Promise<[string, string]> => {
      return [
        path.relative(out, file),
        createHash('sha256')
          .update(await readFile(file))
          .digest('hex'),
      ];
    });
    return Object.fromEntries((await Promise.all(hashes)).sort());
  }
});

describe('the action in a folder of its own, without node_modules', () => {
  let aws: TestAws;
  let project: TestProject;
  let dist: string;
  let cache: string;

  beforeAll(async () => {
    aws = await startTestAws();
  });
  afterAll(() => aws.close());
  beforeEach(async () => {
    project = await createProject(FILES);
    dist = path.join(folder, 'action', 'dist');
    await cp(DIST_DIR, dist, { recursive: true });
    cache = path.join(folder, 'toolcache');
    await provideEsbuild(cache);
  });
  afterEach(() => project.remove());

  /** As an earlier run leaves it in the tool cache of the runner. */
  async function provideEsbuild(toolCache: string): Promise<void> {
    const esbuild = await findEsbuild({ distDir: DIST_DIR, projectRoot: process.cwd(), log: new MemoryLog(), env: {} });
    const platform = `${process.platform}-${process.arch}`;
    const target = path.join(toolCache, 'lumo-tasks-esbuild', esbuild.version, platform, executable(platform));
    await mkdir(path.dirname(target), { recursive: true });
    await cp(esbuild.binary, target);
  }

  const nodes = [process.execPath, '/usr/bin/node', '/usr/local/bin/node'].filter((node) => existsSync(node));

  test.each(nodes)('deploys with %s', async (node) => {
    const step = await runStep(project.root, {
      dist: path.join(dist, 'index.js'),
      node,
      env: { ...aws.env, RUNNER_TOOL_CACHE: cache },
      with: { environment: `node-${nodes.indexOf(node)}`, version: 'v1' },
    });
    expect(step.log).toContain('the tool cache');
    expect(step.exitCode).toBe(0);
    expect(step.outputs).toMatchObject({ recorded: 'true', succeeded: '2', phase: 'deploy' });
    expect(step.result('migrate')).toMatchObject({ status: 'COMPLETED', message: 'first' });
  });

  test('says how to get esbuild when there is none and none can be fetched', async () => {
    const step = await runStep(project.root, {
      dist: path.join(dist, 'index.js'),
      env: { ...aws.env, PATH: '/nowhere', RUNNER_TOOL_CACHE: path.join(folder, 'empty') },
      with: { environment: 'no-esbuild' },
    });
    expect(step.exitCode).toBe(1);
    expect(step.errors[0]?.properties.title).toBe('ESBUILD_UNAVAILABLE');
    expect(step.errors[0]?.message).toMatch(/npm install --save-dev --save-exact esbuild@/);
  });
});
