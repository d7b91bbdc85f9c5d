import { createHash } from 'node:crypto';
import { type EnvironmentOptions, type EnvironmentState, openEnvironment } from './environment.ts';
import type { MarkerContent, RunIdentity } from './types.ts';

/**
 * `record-on: job`: what the main step leaves for the post step. Plain JSON, and with many tasks longer than the 128 KB
 * an environment variable may have.
 */
export interface PendingRecord {
  marker: MarkerContent;
  /** Digest of what was stored when the main step ended. */
  basis: string;
}

type Stored = Pick<EnvironmentState, 'marker' | 'progress'>;

export function pendingRecord(state: Stored, marker: MarkerContent): PendingRecord {
  return { marker, basis: basisOf(state) };
}

/**
 * Records the environment now that its job has succeeded, unless somebody has deployed or run tasks of the deployment
 * since the main step ended. Answers why not, in words; undefined: it is recorded. Waits for the lock and throws like
 * `openEnvironment`.
 */
export async function recordPending(
  { marker, basis }: PendingRecord,
  options: EnvironmentOptions,
): Promise<string | undefined> {
  const state = await openEnvironment(options);
  try {
    if (basisOf(state) !== basis) return whatChanged(state, marker);
    await state.record(marker);
    return undefined;
  } finally {
    await state.close();
  }
}

/** Everybody who takes the lock raises the generations; what is stored is the same as long as nobody deploys. */
function basisOf({ marker, progress }: Stored): string {
  const content = [marker, progress].map((document) => document && { ...document, generation: undefined });
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

function whatChanged({ marker, progress }: Stored, ours: MarkerContent): string | undefined {
  const isOurs = (other: { run: RunIdentity; version: string } | undefined): boolean =>
    other?.run.id === ours.run.id && other.version === ours.version;
  if (isOurs(marker)) return undefined; // by another step of the job
  if (progress === undefined) return 'the environment was destroyed meanwhile';
  if (!isOurs(progress)) return `run ${progress.run.id} has deployed ${progress.version} meanwhile`;
  return 'tasks of this deployment were run again meanwhile';
}
