import { randomBytes } from 'node:crypto';
import { mkdir, readFile, realpath, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { ActionError, type ErrorLocation } from '../errors.ts';
import { type Esbuild, EsbuildFailure, esbuildDetails, type Metafile, runEsbuild } from '../package/esbuild.ts';
import { isInside, relativePosix } from '../package/resolve.ts';
import { sdkAliases } from '../package/sdk.ts';
import type { Log } from '../runner/types.ts';
import { inAmbient } from './ambient.ts';
import { isObject } from './check.ts';
import { configuredSecrets } from './configured-secrets.ts';
import { positionAt } from './locate.ts';
import { originalPosition } from './position.ts';

export const CONFIG_NAMES = [
  'lumo.config.js',
  'lumo.config.mjs',
  'lumo.config.cjs',
  'lumo.config.ts',
  'lumo.config.mts',
];

/** A top-level await that takes longer than this never ends. */
const LOAD_LIMIT_MS = 30_000;

export interface LoadConfigOptions {
  /** Real paths. */
  root: string;
  boundary: string;
  /** The configuration, absolute; see `findConfig`. */
  file: string;
  environment: string;
  esbuild: Esbuild;
  distDir: string;
  tempDir: string;
  log: Log;
  /** Called with every secret as soon as it is known, before anything the configuration printed is shown. */
  mask(value: string): void;
}

export interface LoadedConfig {
  /** Absolute. */
  file: string;
  /** Text of the file, to find the lines of its keys. */
  source: string;
  /** The default export, not yet looked at. */
  value: unknown;
  /** Values of `secrets`, those given as functions called; the ones that throw or answer no string are left out. */
  secrets: Record<string, string>;
}

/**
 * Where the configuration is: `config` as the user gave it, relative to the root; `undefined`: the first of
 * `CONFIG_NAMES` that is there. Throws `CONFIG_NOT_FOUND`.
 */
export async function findConfig(root: string, boundary: string, config: string | undefined): Promise<string> {
  const candidates = config === undefined ? CONFIG_NAMES : [config];
  for (const candidate of candidates) {
    const file = path.resolve(root, candidate);
    const isFile = await stat(file).then(
      (found) => found.isFile(),
      () => false,
    );
    if (!isFile) continue;
    if (isInside(boundary, await realpath(file))) return file;
    throw new ActionError('CONFIG_NOT_FOUND', `The configuration ${candidate} leaves the repository`, {
      advice: 'Keep the configuration inside the repository; symbolic links count by where they lead',
    });
  }
  const folder = relativePosix(boundary, root) || '.';
  throw new ActionError(
    'CONFIG_NOT_FOUND',
    config === undefined
      ? `There is no Lumo configuration in ${folder}: none of ${CONFIG_NAMES.join(', ')} exists`
      : `The configuration ${config} does not exist in ${folder}`,
    { advice: 'Point working-directory at the folder of lumo.config.*, or config at the file' },
  );
}

/**
 * Bundles the configuration with what it imports by path, and imports it with `LUMO_ENVIRONMENT` set and the project as
 * current folder. Packages stay imports and are resolved from the project. Throws `CONFIG_LOAD_FAILED` with the position
 * in the user's own file.
 */
export async function loadConfig(options: LoadConfigOptions): Promise<LoadedConfig> {
  const { file } = options;
  const label = relativePosix(options.boundary, file);
  const folder = path.join(options.root, '.lumo');
  const bundle = path.join(folder, `config-${randomBytes(8).toString('hex')}.mjs`);
  const made = await mkdir(folder, { recursive: true });
  // Shown once the secrets are masked, and the runner hears of those only when our own output is no longer caught.
  const printed: string[] = [];
  try {
    const metafile = await bundleConfig(file, label, bundle, options);
    try {
      const debug = (line: string) => void printed.push(line);
      const variables = { LUMO_ENVIRONMENT: options.environment };
      const ambient = { folder: options.root, variables, label, limitMs: LOAD_LIMIT_MS, log: { debug } };
      const { value, secrets } = await inAmbient(ambient, async () => {
        const module: unknown = await import(/* webpackIgnore: true */ pathToFileURL(bundle).href);
        const value = await defaultExport(module);
        return { value, secrets: readSecrets(value) };
      });
      for (const secret of configuredSecrets(value, secrets)) options.mask(secret);
      return { file, source: await readFile(file, 'utf8'), value, secrets };
    } catch (cause) {
      throw await loadFailure(cause, { file, label, bundle, metafile }, options);
    }
  } finally {
    for (const line of printed) options.log.debug(line);
    await rm(bundle, { force: true });
    if (made !== undefined) await removeIfEmpty(folder);
  }
}

/** What was made for the moment goes with it; what others have put there meanwhile stays. */
async function removeIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code ?? '')) throw error;
  });
}

async function bundleConfig(
  file: string,
  label: string,
  bundle: string,
  { root, boundary, esbuild, distDir, tempDir }: LoadConfigOptions,
): Promise<Metafile> {
  const own = {
    __filename: file,
    __dirname: path.dirname(file),
    'import.meta.filename': file,
    'import.meta.dirname': path.dirname(file),
    'import.meta.url': pathToFileURL(file).href,
  };
  const url = JSON.stringify(own['import.meta.url']);
  const flags = [
    '--bundle',
    '--packages=external',
    '--platform=node',
    '--format=esm',
    `--target=node${process.versions.node}`,
    '--sourcemap=inline',
    '--sources-content=false',
    `--banner:js=import{createRequire as __lumoRequire}from"node:module";const require=__lumoRequire(${url});`,
    ...Object.entries(own).map(([name, value]) => `--define:${name}=${JSON.stringify(value)}`),
    `--outfile=${bundle}`,
    ...(await sdkAliases({ distDir, projectRoot: root })),
  ];
  try {
    return await runEsbuild(esbuild, [...flags, `./${relativePosix(root, file)}`], { cwd: root, tempDir });
  } catch (error) {
    if (!(error instanceof EsbuildFailure)) throw error;
    const details = esbuildDetails(error.messages, boundary);
    throw new ActionError('CONFIG_LOAD_FAILED', `${label} could not be read: ${details[0]?.message ?? error.message}`, {
      advice: 'Correct the configuration; `node` or `tsc` on it shows the same error',
      location: details[0]?.location ?? { file: label },
      details,
      cause: error,
    });
  }
}

/** A transpiled CommonJS file carries its default export one level deeper. */
async function defaultExport(module: unknown): Promise<unknown> {
  const value: unknown = await (isObject(module) ? module.default : undefined);
  return isObject(value) && value.__esModule === true && 'default' in value ? value.default : value;
}

function readSecrets(config: unknown): Record<string, string> {
  const secrets = isObject(config) && isObject(config.secrets) ? Object.entries(config.secrets) : [];
  const values = secrets.map(([name, secret]) => [name, isObject(secret) ? secretValue(secret.value) : undefined]);
  return Object.fromEntries(values.filter(([, value]) => typeof value === 'string'));
}

function secretValue(value: unknown): unknown {
  if (typeof value !== 'function') return value;
  try {
    return value();
  } catch {
    // Whether a value is needed at all is known only later; the project then warns about the one that is missing.
    return undefined;
  }
}

interface Attempt {
  file: string;
  label: string;
  bundle: string;
  metafile: Metafile;
}

async function loadFailure(thrown: unknown, attempt: Attempt, options: LoadConfigOptions): Promise<ActionError> {
  const { label, bundle } = attempt;
  const raw = thrown instanceof Error ? thrown.message : typeof thrown === 'string' ? thrown : inspect(thrown);
  const message = raw.replaceAll(pathToFileURL(bundle).href, label).replaceAll(bundle, label);
  const missing = /^Cannot find (?:package|module) '([^']+)'/.exec(message)?.[1];
  const position =
    (await originalPosition(thrown, bundle)) ?? (missing && (await importPosition(missing, attempt, options.root)));
  const location: ErrorLocation = { file: label };
  if (position) {
    location.file = relativePosix(options.boundary, position.file);
    location.line = position.line;
    location.column = position.column;
  }
  return new ActionError('CONFIG_LOAD_FAILED', `${label} could not be loaded: ${message}`, {
    advice: missing
      ? `Install what the configuration imports before this step (npm ci), or remove the import of ${missing}`
      : 'Correct the configuration; it is loaded with LUMO_ENVIRONMENT set and the environment of this step',
    location,
    cause: thrown,
  });
}

/** Where the package `specifier` is imported: Node tells only that it is. */
async function importPosition(specifier: string, { metafile }: Attempt, root: string) {
  for (const [input, { imports }] of Object.entries(metafile.inputs)) {
    if (!imports.some((each) => each.external && each.path === specifier)) continue;
    const file = path.resolve(root, input);
    const source = await readFile(file, 'utf8');
    const offset = [`'${specifier}'`, `"${specifier}"`].map((quoted) => source.indexOf(quoted)).find((at) => at >= 0);
    if (offset !== undefined) return { file, ...positionAt(source, offset) };
  }
  return undefined;
}
