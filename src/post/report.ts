import { readFile, writeFile } from 'node:fs/promises';
import { markdown } from '../report/escape.ts';
import type { Runner } from '../runner/types.ts';
import { isRecord, parseJson } from '../runs/envelope.ts';
import type { Leftover } from '../runs/leftovers.ts';

export interface Finish {
  leftovers: readonly Leftover[];
  /** The lock is free. */
  freed: boolean;
  environment: string;
}

/**
 * Log, summary and results file of the post step. What the configuration names as a secret is not known here any more,
 * so text of the tasks goes to the log alone, where the runner still masks it.
 */
export async function reportFinish(
  { leftovers, freed, environment }: Finish,
  { runner, resultsFile }: { runner: Runner; resultsFile: string | undefined },
): Promise<void> {
  for (const { message } of leftovers) runner.info(message);
  const lock = freed
    ? `The lock of ${environment} is free.`
    : `The lock of ${environment} stays until none of them can be running; the next deployment waits for that.`;
  runner.info(lock);
  if (leftovers.length === 0) return;
  const lines = leftovers.map(({ task, attempt, status }) => `- ${markdown(task)}: **${status}** (attempt ${attempt})`);
  runner.appendSummary(`\n### After the step had ended\n\n${lines.join('\n')}\n\n${markdown(lock)}\n`);
  await amend(resultsFile, (report) => completeResults(report, leftovers));
}

/** `why`: it is not recorded, in words. */
export async function reportRecord(
  { environment, why }: { environment: string; why: string | undefined },
  { runner, resultsFile }: { runner: Runner; resultsFile: string | undefined },
): Promise<void> {
  const line =
    why === undefined
      ? `${environment} is recorded: the job has succeeded.`
      : `${environment} is not recorded: ${why}.`;
  runner.info(line);
  runner.appendSummary(`\n${markdown(line)}\n`);
  await amend(resultsFile, (report) => {
    if (why === undefined) delete report.notRecorded;
    return { ...report, recorded: why === undefined, ...(why !== undefined && { notRecorded: why }) };
  });
}

type ResultsFile = Record<string, unknown>;

/** Changes the file that the main step wrote; there may be none. */
async function amend(file: string | undefined, change: (report: ResultsFile) => ResultsFile): Promise<void> {
  const text = file === undefined ? undefined : await readFile(file, 'utf8').catch(missing);
  const report = parseJson(text ?? '');
  if (file !== undefined && isRecord(report))
    await writeFile(file, `${JSON.stringify(change(report), undefined, 2)}\n`);
}

/** The main step was killed before it wrote the file, or a later step has removed it. */
function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** What the main step had to call unknown. */
function completeResults(report: ResultsFile, leftovers: readonly Leftover[]): ResultsFile {
  if (!Array.isArray(report.results)) return report;
  const results = report.results.filter(isRecord).map((result) => {
    const found = leftovers.find(({ task, status }) => task === result.task && status !== 'UNKNOWN');
    return found === undefined || result.status !== 'UNKNOWN' ? result : completed(result, found);
  });
  return { ...report, results };
}

function completed(
  { message: _message, error: _error, ...result }: Record<string, unknown>,
  { attempt, status }: Leftover,
): Record<string, unknown> {
  const attempts = Array.isArray(result.attempts) ? result.attempts.filter(isRecord) : [];
  return {
    ...result,
    status,
    reason: 'found in its channel after the step had ended',
    attempts: attempts.map((each) => {
      const { error: _unknown, ...known } = each;
      return each.number === attempt ? { ...known, status } : each;
    }),
  };
}
