import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { ActionError } from '../errors.ts';
import type { Esbuild } from '../package/esbuild.ts';
import { relativePosix } from '../package/resolve.ts';
import type { Log } from '../runner/types.ts';
import { assemble, projectWithoutTasks, readConfig } from './assemble.ts';
import { configError } from './config-error.ts';
import { discoverTasks } from './discover.ts';
import { findConfig, loadConfig } from './load.ts';
import { scanProject } from './scan.ts';
import type { Project } from './types.ts';

export { boundaryOf } from './boundary.ts';
export { selectTasks } from './select.ts';

export interface LoadOptions {
  /** The project's folder, absolute. */
  root: string;
  /** The folder that no path may leave; see `boundaryOf`. */
  boundary: string;
  /** Path of the configuration as the user gave it, relative to the root. */
  config: string | undefined;
  /** The environment that is asked for; `undefined`: that of the configuration, which itself loads as `dev`. */
  environment: string | undefined;
  esbuild: Esbuild;
  distDir: string;
  tempDir: string;
  /** The host's environment, of which task files that have to be loaded see `LUMO_*` and the region. */
  env?: NodeJS.ProcessEnv;
  log: Log;
  /** Called with each value that nobody may see, before anything that could hold it is printed or thrown. */
  mask(value: string): void;
}

/**
 * Reads the configuration and the task files, both at once, and puts them together. All paths of the answer are real
 * paths. Throws `CONFIG_*`, `PROVIDER_UNSUPPORTED`, `TASKS_NOT_FOUND` and `TASK_*` errors; everything that is wrong with
 * the configuration is in one error.
 */
export async function loadProject(options: LoadOptions): Promise<Project> {
  const [root, boundary] = await Promise.all([realpath(options.root), realpath(options.boundary)]);
  const folders = { root, boundary };
  const file = await findConfig(root, boundary, options.config);
  const environment = options.environment ?? 'dev';
  const [configuration, scanned] = await Promise.allSettled([
    loadConfig({ ...options, ...folders, file, environment }),
    scanProject({ ...options, ...folders, configFolder: path.dirname(file) }),
  ]);
  if (configuration.status === 'rejected') throw configuration.reason;
  if (scanned.status === 'rejected') throw scanned.reason;
  const loaded = configuration.value;
  const checked = readConfig(loaded, boundary);
  const described = { ...options, ...folders, environment: options.environment ?? checked.config.environment ?? 'dev' };
  const discovery = await discoverTasks(scanned.value, checked.config, described).catch((error: unknown) => {
    // With a wrong configuration it may be for that alone that a file cannot be loaded.
    if (checked.findings.length === 0) throw error;
    throw configError(checked.findings, relativePosix(boundary, file), loaded.source);
  });
  return assemble(loaded, checked, discovery, folders);
}

/**
 * As `loadProject`, but tasks that cannot be read leave a project without tasks, and a warning: an environment is torn
 * down by what is recorded of it, also when the branch it was made from is broken by now.
 */
export async function loadProjectToRemove(options: LoadOptions): Promise<Project> {
  try {
    return await loadProject(options);
  } catch (error) {
    if (!(error instanceof ActionError)) throw error;
    const [root, boundary] = await Promise.all([realpath(options.root), realpath(options.boundary)]);
    const file = await findConfig(root, boundary, options.config);
    const environment = options.environment ?? 'dev';
    const loaded = await loadConfig({ ...options, root, boundary, file, environment });
    const { config } = readConfig(loaded, boundary);
    if (config.projectName === undefined) throw error;
    options.log.warning(
      `The tasks of this checkout cannot be read, only what is recorded counts. ${error.code}: ${error.message}`,
    );
    return projectWithoutTasks(loaded, config, { root, boundary });
  }
}
