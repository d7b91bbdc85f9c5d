import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startPostgres } from '../../scripts/postgres.ts';
import { withClient } from '../helpers/postgres.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'postgres-test-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const start = () => startPostgres({ dataDir, log: () => {} });
const select = (url: string, sql: string) => withClient(url, async (client) => (await client.query(sql)).rows);
const refuses = (url: string) => expect(select(url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });

/** Another process that starts the server and then only waits; resolves once the server is up. */
async function startElsewhere(rest: string) {
  const script = `
    import { startPostgres } from ${JSON.stringify(path.resolve('scripts/postgres.ts'))};
    const server = await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, log: () => {} });
    console.log(server.url);
    ${rest}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, url: chunk.toString().trim() };
}

test('keeps data, address and password between runs, and is gone in between', async () => {
  const first = await start();
  await select(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await first.stop();
  await first.stop();
  await refuses(first.url);

  const second = await start();
  expect(second.url).toBe(first.url);
  expect(await select(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  await second.stop();
});

test('listens on the loopback interface only and asks for the password', async () => {
  const server = await start();
  expect(await select(server.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  const wrong = server.url.replace(/:[^:@]+@/, ':wrong@');
  await expect(select(wrong, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  expect((await stat(path.join(dataDir, 'settings.json'))).mode & 0o777).toBe(0o600);
  await server.stop();
});

test('ends with the process that started it', async () => {
  const { child, url } = await startElsewhere('process.exit(3);');
  const [code] = await once(child, 'exit');
  expect(code).toBe(3);
  await refuses(url);
});

test('leaves the server of a live process alone, and takes over that of a killed one', async () => {
  const { child, url } = await startElsewhere('setInterval(() => {}, 1000);');
  const guest = await start();
  expect(guest.url).toBe(url);
  await guest.stop();
  expect(await select(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);

  child.kill('SIGKILL');
  await once(child, 'exit');
  const heir = await start();
  expect(heir.url).toBe(url);
  await heir.stop();
  await refuses(url);
});

test('starts again after the server itself was killed', async () => {
  const first = await start();
  const home = JSON.parse(await readFile(path.join(dataDir, 'settings.json'), 'utf8')).home as string;
  const pidFile = path.join(home, 'cluster', 'postmaster.pid');
  process.kill(Number((await readFile(pidFile, 'utf8')).split('\n')[0]), 'SIGKILL');

  const second = await start();
  expect(await select(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await second.stop();
  await first.stop();
});
