import { readFile } from 'node:fs/promises';
import type { HandOver } from '../hand-over.ts';
import { type PendingRecord, recordPending } from '../state/pending-record.ts';
import type { Tools } from './finish.ts';
import { environmentOf } from './place.ts';
import { reportRecord } from './report.ts';

/** Seconds to wait for another deployment; the job is over, and others wait for its runner. */
const LOCK_TIMEOUT_SECONDS = 120;

/** `record-on: job`: the environment counts as deployed once the whole job has succeeded. */
export async function recordJob(
  { place, recordFile, resultsFile }: Pick<HandOver, 'place' | 'recordFile' | 'resultsFile'>,
  { store, clock, runner, jobStatus }: Tools & { jobStatus: string | undefined },
): Promise<void> {
  if (recordFile === undefined) return;
  const { environment } = place;
  const why =
    jobStatus === 'success'
      ? await recordPending(JSON.parse(await readFile(recordFile, 'utf8')) as PendingRecord, {
          ...environmentOf(place),
          store,
          clock,
          log: runner,
          timeoutSeconds: LOCK_TIMEOUT_SECONDS,
        })
      : `the job has not succeeded (${jobStatus ?? 'its status is not known'})`;
  await reportRecord({ environment, why }, { runner, resultsFile });
}
