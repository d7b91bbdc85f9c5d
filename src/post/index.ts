import { systemClock } from '../clock.ts';
import { readHandOver } from '../hand-over.ts';
import { createRunner } from '../runner/index.ts';
import type { Runner } from '../runner/types.ts';
import { finishDeployment } from './finish.ts';
import { openPlace } from './place.ts';
import { recordJob } from './record-job.ts';

export interface PostOptions {
  env: NodeJS.ProcessEnv;
  /** Folder of the bundle. */
  distDir: string;
}

/**
 * The post step: ends what the main step could not wait for or was killed in, and records the environment when that
 * depends on the whole job. Nearly always there is nothing to do.
 */
export async function post({ env, distDir }: PostOptions): Promise<number> {
  const handOver = readHandOver(env);
  if (handOver === undefined) return 0;
  const runner = await createRunner(env, process.stdout);
  const clock = systemClock;
  try {
    const { store, close } = await openPlace(handOver.place, { env, distDir });
    try {
      await finishDeployment(handOver, { store, clock, runner });
      await recordJob(handOver, { store, clock, runner, jobStatus: env['INPUT_JOB-STATUS'] });
    } finally {
      await close();
    }
    return 0;
  } catch (error) {
    complain(runner, error);
    return 1;
  }
}

function complain(runner: Runner, error: unknown): void {
  const message = `What the step left behind could not be finished; a lock ends by itself. ${error instanceof Error ? error.message : String(error)}`;
  runner.annotate({ level: 'error', title: 'Unfinished', message });
}
