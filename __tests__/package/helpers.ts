import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { afterAll } from 'vitest';
import { buildRuntime } from '../../scripts/build-runtime.ts';
import { ActionError } from '../../src/errors.ts';
import { findEsbuild } from '../../src/package/esbuild.ts';
import type { Packaging } from '../../src/package/index.ts';
import type { Package } from '../../src/package/types.ts';
import type { Bundling, ProjectTask, TaskSettings } from '../../src/project/types.ts';
import type { Log } from '../../src/runner/types.ts';

export const repository = path.resolve(import.meta.dirname, '../..');

export const silent: Log = { info() {}, warning() {}, debug() {} };

export const esbuild = await findEsbuild({
  distDir: path.join(repository, 'dist'),
  projectRoot: repository,
  log: silent,
  env: {},
});

const folders: string[] = [];

afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

export async function tempFolder(parent = tmpdir()): Promise<string> {
  const folder = await realpath(await mkdtemp(path.join(parent, 'lumo-package-')));
  folders.push(folder);
  return folder;
}

/** A file's content, or what to make instead of an ordinary file. */
export type FileSpec = string | Buffer | { link: string } | { script: string };

export async function writeFiles(root: string, files: Record<string, FileSpec>): Promise<void> {
  for (const [name, spec] of Object.entries(files)) {
    const file = path.join(root, name);
    await mkdir(path.dirname(file), { recursive: true });
    if (typeof spec === 'string' || Buffer.isBuffer(spec)) await writeFile(file, spec);
    else if ('link' in spec) await symlink(spec.link, file);
    else {
      await writeFile(file, spec.script);
      await chmod(file, 0o775);
    }
  }
}

export function task(name: string, settings: Partial<TaskSettings> = {}): ProjectTask {
  return {
    name,
    file: settings.function === undefined ? `functions/tasks/${name}.ts` : undefined,
    settings: {
      timeout: 300,
      runOn: ['deploy', 'update'],
      copyAssets: [],
      needs: [],
      memory: 1024,
      env: {},
      nodeModules: [],
      external: [],
      vpc: undefined,
      layers: [],
      architecture: 'x86_64',
      ephemeralStorage: 512,
      role: undefined,
      runtime: 'nodejs24.x',
      tags: {},
      kmsKeyArn: undefined,
      logGroup: undefined,
      function: undefined,
      payload: {},
      ...settings,
    },
    behaviour: {
      dialect: 'lumo',
      retry: { maxAttempts: 1, factor: 2, minTimeoutInMs: 1000, maxTimeoutInMs: 60_000, randomize: true },
      outOfMemoryMachine: undefined,
      machine: { name: undefined, cpu: 0.58, memory: 1024 },
      queue: { name: `task/${name}`, concurrencyLimit: undefined },
      maxDuration: undefined,
      hooks: [],
      notes: [],
    },
  };
}

/** A stand-in for what ships in every Lambda: answers what the task's `run` returned. */
const RUNTIME = `export const setConfig = (config) => (globalThis.loaded ??= []).push(config.name);
export function createHandler(module, { file, lumoId }) {
  return async (event) => ({ task: lumoId, result: await (module.run ?? module.default.run)(event) });
}\n`;

/** The shipped code as it is built from the sources of this checkout. */
export async function builtDist(): Promise<string> {
  const folder = await tempFolder();
  await buildRuntime(folder);
  return folder;
}

export const nothingElse: Bundling = {
  triggerConfig: undefined,
  init: undefined,
  buildOnly: [],
  coreUsers: [],
  aliasSdk: true,
};

/** Enough of a configuration to point into. */
const CONFIGURATION = `export default {
  tasks: {
    a: {
      copyAssets: [{ from: 'd', to: 'd' }],
    },
  },
};\n`;

export interface TestProject extends Packaging {
  root: string;
}

/** A project on disk. `parent` decides where; without one it is a folder that the boundary encloses. */
export async function project(files: Record<string, FileSpec>, tasks: ProjectTask[] = []): Promise<TestProject> {
  const boundary = await tempFolder();
  const root = path.join(boundary, 'shop');
  await writeFiles(root, { 'package.json': '{"private":true}', 'lumo.config.js': CONFIGURATION, ...files });
  const distDir = await tempFolder();
  await writeFiles(distDir, { 'runtime/index.mjs': RUNTIME });
  return {
    root,
    project: {
      root,
      boundary,
      configFile: path.join(root, 'lumo.config.js'),
      name: 'shop',
      provider: 'aws',
      environment: undefined,
      region: undefined,
      executionRole: undefined,
      eventBusName: undefined,
      secrets: {},
      tasks,
      helpers: [],
      warnings: [],
      strictHooks: false,
      bundling: nothingElse,
    },
    esbuild,
    distDir,
    tempDir: await tempFolder(),
    log: silent,
  };
}

export interface Unzipped {
  name: string;
  mode: number;
  bytes: Buffer;
  method: number;
}

/** Reads a zip by its central directory, as Lambda does; throws when local headers contradict it. */
export function unzip(zip: Buffer): Unzipped[] {
  const end = zip.length - 22;
  if (zip.readUInt32LE(end) !== 0x06054b50) throw new Error('no end of central directory at the end');
  const entries: Unzipped[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let count = zip.readUInt16LE(end + 10); count > 0; count -= 1) {
    if (zip.readUInt32LE(at) !== 0x02014b50) throw new Error('no central header');
    const [method, packed, size, length] = [
      zip.readUInt16LE(at + 10),
      zip.readUInt32LE(at + 20),
      zip.readUInt32LE(at + 24),
      zip.readUInt16LE(at + 28),
    ];
    const local = zip.readUInt32LE(at + 42);
    if (!zip.subarray(local + 4, local + 30).equals(zip.subarray(at + 6, at + 32))) throw new Error('headers differ');
    const body = zip.subarray(local + 30 + length, local + 30 + length + packed);
    const bytes = method === 0 ? body : inflateRawSync(body);
    if (bytes.length !== size) throw new Error('wrong size');
    const name = zip.toString('utf8', at + 46, at + 46 + length);
    entries.push({ name, mode: zip.readUInt32LE(at + 38) >>> 16, bytes, method });
    at += 46 + length + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries;
}

/** Unpacks a package into a folder and imports its handler there, as Lambda does. */
export async function handlerOf({ zip }: Package): Promise<{ handler: (event: unknown) => Promise<unknown> }> {
  const folder = await tempFolder();
  for (const { name, mode, bytes } of unzip(zip)) {
    await writeFiles(folder, { [name]: bytes });
    await chmod(path.join(folder, name), mode & 0o777);
  }
  return import(pathToFileURL(path.join(folder, 'index.mjs')).href);
}

/** Runs a task's `run` in a process of its own, from the unpacked zip alone. */
export async function runPackage({ zip }: Package, event: object = {}): Promise<unknown> {
  const folder = await tempFolder();
  for (const { name, bytes } of unzip(zip)) await writeFiles(folder, { [name]: bytes });
  const context = '{ getRemainingTimeInMillis: () => 60000 }';
  // A file, since `node -e` has globals that a module in Lambda has not. The answer is written past whatever the task prints.
  const script = `import { writeSync } from 'node:fs';
import { handler } from './index.mjs';
writeSync(1, JSON.stringify(await handler(${JSON.stringify(event)}, ${context})));`;
  await writeFiles(folder, { 'start.mjs': script });
  const output = execFileSync(process.execPath, ['start.mjs'], { cwd: folder, encoding: 'utf8', env: {} });
  return JSON.parse(output);
}

export async function actionError(promise: Promise<unknown>): Promise<ActionError> {
  const error: unknown = await promise.then(
    () => new Error('did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof ActionError) return error;
  throw error;
}
