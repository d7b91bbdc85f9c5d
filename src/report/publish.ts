import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Inputs } from '../inputs.ts';
import type { Runner } from '../runner/types.ts';
import { isOk } from '../runs/types.ts';
import { annotateReport } from './annotations.ts';
import { logReport } from './log.ts';
import { reportOutputs } from './outputs.ts';
import { redactReport } from './redact.ts';
import { writeResultsFile } from './results-file.ts';
import { renderSummary } from './summary.ts';
import type { Report, ReportStatus } from './types.ts';

/** A report in which nothing has happened yet. */
export function startReport(now: Date): Report {
  return {
    command: '',
    project: '',
    projectPath: '.',
    environment: '',
    region: '',
    version: '',
    history: undefined,
    superseded: undefined,
    status: 'failed',
    recorded: false,
    notRecorded: undefined,
    functions: [],
    results: [],
    plan: [],
    preflight: [],
    warnings: [],
    error: undefined,
    startedAt: now.toISOString(),
    durationMs: 0,
    runUrl: null,
    notices: [],
  };
}

/** Decides the status from what happened. */
export function finishReport(report: Report, { cancelled, now }: { cancelled: boolean; now: Date }): void {
  report.durationMs = now.getTime() - Date.parse(report.startedAt);
  report.status = statusOf(report, cancelled);
}

function statusOf(report: Report, cancelled: boolean): ReportStatus {
  if (cancelled) return 'cancelled';
  if (report.error !== undefined || !report.results.every(({ status }) => isOk(status))) return 'failed';
  if (report.command === 'plan') return 'planned';
  return report.superseded === undefined ? 'succeeded' : 'superseded';
}

export interface Publication {
  /** Undefined when the inputs themselves were wrong. */
  inputs: Inputs | undefined;
  runner: Runner;
  /** Where the whole report is written as JSON; undefined: nowhere. */
  resultsFile: string | undefined;
}

/** `package` and `policy` deploy nothing: their result is what they write, and a summary would only repeat it. */
const WITHOUT_SUMMARY = ['package', 'policy'];

/**
 * Every place a report goes to: log, annotations, summary, results file, outputs; secrets go to none of them. False when
 * it could not be written to one of them, which keeps it from no other.
 */
export async function publishReport(
  unredacted: Report,
  { inputs, runner, resultsFile }: Publication,
): Promise<boolean> {
  const report = redactReport(unredacted, runner);
  const quiet = WITHOUT_SUMMARY.includes(report.command) && report.status === 'succeeded';
  if (!quiet) logReport(report, runner);
  annotateReport(report, runner);
  const outputs = Object.entries(reportOutputs(report, resultsFile ?? ''));
  const written = [
    await write('results file', runner, async () => {
      if (resultsFile) await writeResultsFile(report, resultsFile);
    }),
    await write('job summary', runner, async () => {
      if (!quiet) await writeSummary(report, inputs, runner);
    }),
    await write('outputs', runner, async () => {
      for (const [name, value] of outputs) runner.setOutput(name, value);
    }),
  ];
  return written.every(Boolean);
}

async function write(what: string, runner: Runner, body: () => Promise<void>): Promise<boolean> {
  try {
    await body();
    return true;
  } catch (error) {
    const message = `The ${what} could not be written: ${error instanceof Error ? error.message : String(error)}`;
    runner.info(message);
    runner.annotate({ level: 'error', title: 'Report incomplete', message });
    return false;
  }
}

async function writeSummary(report: Report, inputs: Inputs | undefined, runner: Runner): Promise<void> {
  if (inputs?.summary === false) return;
  const summary = renderSummary(report);
  runner.appendSummary(summary);
  if (inputs?.summaryFile) await writeFile(inputs.summaryFile, summary);
}

/** On a runner the file outlives the step, so that later ones can read it. */
export function defaultResultsFile(env: NodeJS.ProcessEnv): string | undefined {
  if (env.GITHUB_ACTIONS !== 'true' || !env.RUNNER_TEMP) return undefined;
  return path.join(env.RUNNER_TEMP, `lumo-tasks-results-${randomBytes(4).toString('hex')}.json`);
}
