import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { exists, isInside } from '../package/resolve.ts';

/**
 * The folder that no path of the project may leave, as a real path: the workspace when the project lies in it, else the
 * top level of its git repository, else the project itself.
 */
export async function boundaryOf(root: string, env: { GITHUB_WORKSPACE?: string }): Promise<string> {
  const project = await realpath(root);
  if (env.GITHUB_WORKSPACE && (await exists(env.GITHUB_WORKSPACE))) {
    const workspace = await realpath(env.GITHUB_WORKSPACE);
    if (isInside(workspace, project)) return workspace;
  }
  for (let folder = project; ; folder = path.dirname(folder)) {
    if (await exists(path.join(folder, '.git'))) return folder;
    if (folder === path.dirname(folder)) return project;
  }
}
