import { systemClock } from '../clock.ts';
import { asActionError } from '../errors.ts';
import { readHandOver } from '../hand-over.ts';
import { errorAnnotations } from '../report/annotations.ts';
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
      // A lock that cannot be freed ends by itself: no reason to fail a job.
      await finishDeployment(handOver, { store, clock, runner }).catch((error) => complain(runner, 'warning', error));
      await recordJob(handOver, { store, clock, runner, jobStatus: env['INPUT_JOB-STATUS'] });
    } finally {
      await close();
    }
    return 0;
  } catch (error) {
    complain(runner, 'error', error);
    return 1;
  }
}

function complain(runner: Runner, level: 'warning' | 'error', error: unknown): void {
  for (const annotation of errorAnnotations(asActionError(error))) runner.annotate({ ...annotation, level });
}
