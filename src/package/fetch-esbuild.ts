import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Log } from '../runner/types.ts';
import { ESBUILD_VERSION, executable, INTEGRITY, pathInPackage } from './esbuild-version.ts';
import { exists } from './resolve.ts';

const NPM_TIMEOUT_MS = 60_000;

export async function cachedEsbuild(platform: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const file = path.join(cacheFolder(platform, env), executable(platform));
  return (await exists(file)) ? file : undefined;
}

export interface FetchOptions {
  platform: string;
  /** npm runs here, so that the project's `.npmrc` (registry, proxy, token) counts. */
  projectRoot: string;
  env: NodeJS.ProcessEnv;
  log: Log;
  /** What the fetched package must hash to; the pinned value of the platform when not given. */
  integrity?: string;
}

/** Fetches the one package of the platform, checks it against the pinned hash and keeps its executable in the cache. */
export async function fetchEsbuild(options: FetchOptions): Promise<string> {
  const { platform, projectRoot, env, log } = options;
  const integrity = options.integrity ?? INTEGRITY[platform];
  if (!integrity) throw new Error(`there is no pinned esbuild for ${platform}`);
  const spec = `@esbuild/${platform}@${ESBUILD_VERSION}`;
  log.info(`Fetching ${spec} with npm`);
  const folder = await mkdtemp(path.join(tmpdir(), 'lumo-esbuild-'));
  try {
    await npm(['pack', spec, '--pack-destination', folder, '--ignore-scripts', '--loglevel=error'], projectRoot, env);
    const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
    if (!archive) throw new Error(`npm pack ${spec} left no archive`);
    const bytes = await readFile(path.join(folder, archive));
    const actual = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    if (actual !== integrity) throw new Error(`${spec} has the hash ${actual}, expected ${integrity}`);
    const content = tarEntry(gunzipSync(bytes), `package/${pathInPackage(platform)}`);
    return await keep(content, cacheFolder(platform, env), executable(platform));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function cacheFolder(platform: string, env: NodeJS.ProcessEnv): string {
  const base =
    env.RUNNER_TOOL_CACHE ||
    (process.platform === 'win32' ? env.LOCALAPPDATA : env.XDG_CACHE_HOME) ||
    path.join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache');
  return path.join(base, 'lumo-tasks-esbuild', ESBUILD_VERSION, platform);
}

/** Written beside its place and renamed: another job on the same machine never sees half an executable. */
async function keep(content: Buffer, folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const target = path.join(folder, name);
  const draft = `${target}.${process.pid}`;
  await writeFile(draft, content, { mode: 0o755 });
  await rename(draft, target);
  return target;
}

/** The content of one regular file of a tar archive (ustar: 512-byte headers, size in octal at 124). */
function tarEntry(archive: Buffer, name: string): Buffer {
  const field = (start: number, end: number) => archive.toString('latin1', start, end).split('\0', 1)[0] ?? '';
  for (let offset = 0; offset + 512 <= archive.length; ) {
    const size = Number.parseInt(field(offset + 124, offset + 136).trim() || '0', 8);
    if (field(offset, offset + 100) === name) return archive.subarray(offset + 512, offset + 512 + size);
    offset += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`the archive holds no ${name}`);
}

function npm(args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    // npm is a .cmd on Windows, which only a shell can start; no argument comes from a user except the temp folder.
    const shell = process.platform === 'win32';
    const quoted = shell ? args.map((arg) => `"${arg}"`) : args;
    const child = spawn('npm', quoted, {
      cwd,
      env,
      shell,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: NPM_TIMEOUT_MS,
    });
    const errors: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.on('error', (cause) => reject(new Error(`npm could not be started: ${cause.message}`, { cause })));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ended with ${signal ?? code}: ${Buffer.concat(errors).toString('utf8').trim()}`));
    });
  });
}
