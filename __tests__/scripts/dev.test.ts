import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let clone: string;

beforeEach(async () => {
  clone = await mkdtemp(path.join(tmpdir(), 'dev-'));
  await mkdir(path.join(clone, 'scripts'));
  await cp('scripts/dev.mjs', path.join(clone, 'scripts/dev.mjs'));
});
afterEach(() => rm(clone, { recursive: true }));

const write = async (file: string, content: string) => {
  await mkdir(path.dirname(path.join(clone, file)), { recursive: true });
  await writeFile(path.join(clone, file), content);
};

function dev(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ['scripts/dev.mjs', ...args], {
    cwd: clone,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = (async () => {
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: code as number, stdout, stderr };
  })();
  return { child, end };
}

test('names the commands it knows', async () => {
  const { code, stderr } = await dev(['deploy']).end;
  expect(code).toBe(2);
  expect(stderr).toContain('Unknown command "deploy". Known: start, test, build');
});

describe('with everything installed', () => {
  beforeEach(async () => {
    await symlink(path.resolve('node_modules'), path.join(clone, 'node_modules'));
    await cp('node_modules/.package-lock.json', path.join(clone, 'package-lock.json'));
  });

  test('runs the command on Node 24 and hands back its exit code', async () => {
    await write('scripts/start.ts', 'console.log(process.version, ...process.argv.slice(2)); process.exitCode = 7;');
    const { code, stdout, stderr } = await dev(['start', '--flag']).end;
    expect(stdout).toMatch(/^v24\.\d+\.\d+ --flag\n$/);
    expect({ code, stderr }).toEqual({ code: 7, stderr: '' });
  });

  test('passes a signal on and waits for the command to end', async () => {
    await write(
      'scripts/start.ts',
      `process.on('SIGTERM', () => setTimeout(() => { console.log('cleaned up'); process.exit(5); }, 50));
       setInterval(() => {}, 1000);
       console.log('ready');`,
    );
    const { child, end } = dev(['start']);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await end).toMatchObject({ code: 5 });
  });

  test('says which signal ended the command', async () => {
    await write('scripts/start.ts', `process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);`);
    expect(await dev(['start']).end).toMatchObject({ code: 137 });
  });
});

describe('with something missing', () => {
  const wanted = { 'node_modules/a': { version: '2.0.0' }, 'node_modules/b': { version: '1.0.0', optional: true } };
  const lock = (packages: object) => JSON.stringify({ packages });
  /** Stands in for npm: notes how it was called, and leaves behind what the real one would. */
  const npm = (installed: object) => `
    const fs = require('node:fs');
    fs.appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n');
    fs.mkdirSync('node_modules/node/bin', { recursive: true });
    if (process.argv[2] === 'ci') fs.writeFileSync('node_modules/.package-lock.json', ${JSON.stringify(lock(installed))});
    if (process.argv[2] === 'rebuild') fs.writeFileSync('node_modules/node/bin/node', '');`;
  const calls = () => readFile(path.join(clone, 'calls'), 'utf8');
  const run = () => dev(['start'], { npm_execpath: path.join(clone, 'npm.js') }).end;

  beforeEach(async () => {
    await write('package-lock.json', lock({ '': {}, ...wanted }));
    await write('npm.js', npm({ 'node_modules/a': { version: '2.0.0' } }));
    await write('scripts/start.ts', '');
  });

  test('installs once, then no more', async () => {
    const { code, stderr } = await run();
    expect(code).toBe(0);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(await calls()).toBe('ci --loglevel=error\nrebuild --ignore-scripts=false node --loglevel=error\n');
    expect(await run()).toMatchObject({ code: 0, stderr: '' });
    expect((await calls()).split('\n')).toHaveLength(3);
  });

  test('installs again when the lock file wants another version', async () => {
    await write('node_modules/node/bin/node', '');
    await write('node_modules/.package-lock.json', lock({ 'node_modules/a': { version: '1.0.0' } }));
    expect(await run()).toMatchObject({ code: 0 });
    expect(await calls()).toBe('ci --loglevel=error\n');
  });

  test('ends with the exit code of npm when that fails', async () => {
    await write('npm.js', 'process.exit(9);');
    expect(await run()).toMatchObject({ code: 9 });
  });
});
