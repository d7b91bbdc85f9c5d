import { createTerminalRunner, type Output } from './terminal.ts';
import type { Runner } from './types.ts';

/** The runner for the place this process runs in. `output` is for the command line; on GitHub it is always stdout. */
export async function createRunner(env: NodeJS.ProcessEnv, output: Output): Promise<Runner> {
  if (env.GITHUB_ACTIONS !== 'true') return createTerminalRunner(env, output);
  const [core, { createGitHubRunner }] = await Promise.all([import('@actions/core'), import('./github.ts')]);
  return createGitHubRunner(core, env);
}
