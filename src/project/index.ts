import { realpath } from 'node:fs/promises';
import type { Esbuild } from '../package/esbuild.ts';
import type { Log } from '../runner/types.ts';
import { assemble } from './assemble.ts';
import { discoverTasks } from './discover.ts';
import { loadConfig } from './load.ts';
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
  /** `LUMO_ENVIRONMENT` while the configuration loads. */
  environment: string;
  esbuild: Esbuild;
  distDir: string;
  tempDir: string;
  log: Log;
}

/**
 * Reads the configuration and finds the tasks, both at once, and puts them together. All paths of the answer are real
 * paths. Throws `CONFIG_*`, `PROVIDER_UNSUPPORTED`, `TASKS_NOT_FOUND` and `TASK_*` errors; everything that is wrong with
 * the configuration is in one error.
 */
export async function loadProject(options: LoadOptions): Promise<Project> {
  const root = await realpath(options.root);
  const boundary = await realpath(options.boundary);
  const [loaded, discovery] = await Promise.allSettled([
    loadConfig({ ...options, root, boundary }),
    discoverTasks({ ...options, root, boundary }),
  ]);
  if (loaded.status === 'rejected') throw loaded.reason;
  if (discovery.status === 'rejected') throw discovery.reason;
  return assemble(loaded.value, discovery.value, { root, boundary });
}
