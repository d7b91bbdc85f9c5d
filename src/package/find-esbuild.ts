import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ActionError } from '../errors.ts';
import type { Log } from '../runner/types.ts';
import { ESBUILD_VERSION, executable, pathInPackage } from './esbuild-version.ts';
import { cachedEsbuild, fetchEsbuild } from './fetch-esbuild.ts';
import { exists, findPackage } from './resolve.ts';

export interface Esbuild {
  /** Absolute path of the native executable. */
  binary: string;
  version: string;
  /** Where it came from, in words for the log. */
  origin: string;
}

export interface FindEsbuildOptions {
  distDir: string;
  projectRoot: string;
  log: Log;
  /** Where the tool cache and npm's settings are looked up. */
  env?: NodeJS.ProcessEnv;
}

/**
 * The esbuild executable; the first hit wins: beside `dist` (release tags), the action's own `node_modules`, the
 * project's own one of exactly our version, the tool cache, and last one package fetched through the user's own npm
 * settings. Throws `ESBUILD_UNAVAILABLE` that names both fixes.
 */
export async function findEsbuild(options: FindEsbuildOptions): Promise<Esbuild> {
  const { distDir, projectRoot, log } = options;
  const env = options.env ?? process.env;
  const platform = `${process.platform}-${process.arch}`;
  const found = (binary: string, origin: string): Esbuild => ({ binary, version: ESBUILD_VERSION, origin });

  const shipped = path.resolve(distDir, '..', 'bin', platform, executable(platform));
  if (await exists(shipped)) return found(shipped, 'shipped with the action');

  const own = await installedEsbuild(distDir, platform);
  if (own) return found(own, "the action's node_modules");

  const projects = await installedEsbuild(projectRoot, platform);
  if (projects) return found(projects, "the project's node_modules");

  const cached = await cachedEsbuild(platform, env);
  if (cached) return found(cached, 'the tool cache');

  try {
    const fetched = await fetchEsbuild({ platform, projectRoot, env, log });
    return found(fetched, 'fetched with npm');
  } catch (cause) {
    throw new ActionError(
      'ESBUILD_UNAVAILABLE',
      `esbuild ${ESBUILD_VERSION} for ${platform} could not be found or fetched: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        advice: `Use a release tag of the action (it carries esbuild for Linux), or install it in the project: npm install --save-dev --save-exact esbuild@${ESBUILD_VERSION}`,
        cause,
      },
    );
  }
}

async function installedEsbuild(from: string, platform: string): Promise<string | undefined> {
  const name = `@esbuild/${platform}`;
  const direct = await findPackage(name, from);
  // With pnpm the platform's package is visible only from esbuild's own folder.
  const esbuild = direct ? undefined : await findPackage('esbuild', from);
  const folder = direct ?? (esbuild && (await findPackage(name, esbuild)));
  if (!folder) return undefined;
  const manifest: unknown = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  if ((manifest as { version?: unknown }).version !== ESBUILD_VERSION) return undefined;
  const binary = path.join(folder, pathInPackage(platform));
  return (await exists(binary)) ? binary : undefined;
}
