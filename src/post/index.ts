import { createRunner } from '../runner/index.ts';
import type { Runner } from '../runner/types.ts';
import { finishDeployment } from './finish.ts';
import { readHandOver } from './hand-over.ts';

export interface PostOptions {
  env: NodeJS.ProcessEnv;
  /** Folder of the bundle. */
  distDir: string;
}

/** The post step: what the main step could not wait for, or was killed before it had done. Nearly always nothing. */
export async function post({ env, distDir }: PostOptions): Promise<number> {
  const { handOver, resultsFile } = readHandOver(env);
  if (handOver === undefined) return 0;
  const runner = await createRunner(env, process.stdout);
  try {
    await finishDeployment(handOver, { runner, env, distDir, resultsFile });
    return 0;
  } catch (error) {
    complain(runner, error);
    return 1;
  }
}

function complain(runner: Runner, error: unknown): void {
  const message = `What the step left behind could not be finished; its lock ends by itself. ${error instanceof Error ? error.message : String(error)}`;
  runner.annotate({ level: 'error', title: 'Unfinished', message });
}
