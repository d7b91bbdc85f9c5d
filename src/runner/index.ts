import { environmentSecrets } from './environment-secrets.ts';
import { createTerminalRunner, type Output } from './terminal.ts';
import type { Runner } from './types.ts';

/**
 * The runner for the place this process runs in, with the secrets of the environment masked before anything is printed.
 * `output` is for the command line; on GitHub it is always stdout.
 */
export async function createRunner(env: NodeJS.ProcessEnv, output: Output): Promise<Runner> {
  const runner = await runnerFor(env, output);
  for (const secret of new Set(environmentSecrets(env))) runner.mask(secret);
  return runner;
}

async function runnerFor(env: NodeJS.ProcessEnv, output: Output): Promise<Runner> {
  if (env.GITHUB_ACTIONS !== 'true') return createTerminalRunner(env, output);
  const [core, { createGitHubRunner }] = await Promise.all([import('@actions/core'), import('./github.ts')]);
  return createGitHubRunner(core, env);
}
