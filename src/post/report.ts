import { readFile, writeFile } from 'node:fs/promises';
import type { Leftover } from '../commands/leftovers.ts';
import { markdown } from '../report/escape.ts';
import type { Runner } from '../runner/types.ts';
import { isRecord, parseJson } from '../runs/envelope.ts';

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
  if (resultsFile !== undefined) await completeResults(resultsFile, leftovers);
}

/** What the main step had to call unknown. */
async function completeResults(file: string, leftovers: readonly Leftover[]): Promise<void> {
  const report = parseJson(await readFile(file, 'utf8'));
  if (!isRecord(report) || !Array.isArray(report.results)) return;
  for (const result of report.results.filter(isRecord)) {
    const found = leftovers.find(({ task, status }) => task === result.task && status !== 'UNKNOWN');
    if (found === undefined || result.status !== 'UNKNOWN') continue;
    Object.assign(result, { status: found.status, reason: 'found in its channel after the step had ended' });
  }
  await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
}
