import { isOk, type RunError, type RunResult } from '../runs/types.ts';
import { cutText } from './escape.ts';
import { failures } from './headline.ts';
import type { PlannedTask, Report } from './types.ts';

const MAX_RESULTS = 300_000;
const MAX_PLAN = 100_000;

/**
 * The outputs of the main step, for a report that is redacted already; `resultsFile` is the path the whole report was
 * written to. What is not known is empty. All outputs of a job share 1 MB, counted as UTF-16.
 */
export function reportOutputs(report: Report, resultsFile: string): Record<string, string> {
  const { history, results } = report;
  const failed = failures(report).length;
  const skipped = results.filter(({ status }) => status === 'SKIPPED').length;
  return {
    version: report.version,
    'previous-version': history?.previousVersion ?? '',
    'is-first-deploy': history === undefined ? '' : String(history.isFirstDeploy),
    'history-source': history?.source ?? '',
    phase: history?.phase ?? '',
    environment: report.environment,
    status: report.status,
    recorded: String(report.recorded),
    succeeded: String(results.length - failed - skipped),
    failed: String(failed),
    skipped: String(skipped),
    results: jsonWithin(MAX_RESULTS, [results, results.map(withoutBulk), results.map(bare)]),
    'results-file': resultsFile,
    plan: report.command === 'plan' ? planJson(report) : '[]',
  };
}

function planJson(report: Report): string {
  const entries = planEntries(report);
  return jsonWithin(MAX_PLAN, [entries, entries.map(({ task, action, run }) => ({ task, action, run }))]);
}

/** Nothing of it is left that could say how it ran. */
type RemovedTask = Pick<PlannedTask, 'task' | 'file' | 'function' | 'action' | 'reasons' | 'run' | 'reason'>;

/** One entry for each task, and for each function of a task that is no longer in the project. */
function planEntries({ plan, functions }: Report): (PlannedTask | RemovedTask)[] {
  const planned = new Set(plan.map(({ task }) => task));
  const removed = functions
    .filter(({ action, task }) => action === 'delete' && !planned.has(task))
    .map(({ task, function: name, action, reasons }): RemovedTask => {
      return { task, file: null, function: name, action, reasons, run: false, reason: 'no longer in the project' };
    });
  return [...plan, ...removed];
}

function withoutBulk({ data, metadata, ...result }: RunResult): RunResult {
  return {
    ...result,
    ...(result.message === undefined ? {} : { message: cutText(result.message, 2_000) }),
    ...(result.error === undefined ? {} : { error: withoutStack(result.error) }),
    attempts: result.attempts.map(({ error, hooks, ...attempt }) => ({
      ...attempt,
      ...(error === undefined ? {} : { error: withoutStack(error) }),
      ...(hooks === undefined ? {} : { hooks: hooks.map((hook) => ({ ...hook, error: withoutStack(hook.error) })) }),
    })),
  };
}

function withoutStack({ stack, cause, ...error }: RunError): RunError {
  return {
    ...error,
    message: cutText(error.message, 2_000),
    ...(cause === undefined ? {} : { cause: withoutStack(cause) }),
  };
}

/** What a workflow decides by, when even that was too much. */
function bare({ task, status, message }: RunResult): Record<string, unknown> {
  return { task, status, ...(isOk(status) || message === undefined ? {} : { message: cutText(message, 200) }) };
}

/**
 * The first of the variants whose JSON has at most `limit` characters. When none has, the last one is cut to the entries
 * that fit and ends with `{"omitted": n}`.
 */
function jsonWithin(limit: number, variants: readonly (readonly unknown[])[]): string {
  for (const entries of variants) {
    const texts = textsWithin(entries, limit);
    if (texts.length === entries.length) return `[${texts.join(',')}]`;
  }
  const entries = variants.at(-1) ?? [];
  const kept = textsWithin(entries, limit - '{"omitted":},'.length - String(entries.length).length);
  return `[${[...kept, JSON.stringify({ omitted: entries.length - kept.length })].join(',')}]`;
}

/** The JSON of as many entries as fit; the whole is never made, it can be longer than a string may be. */
function textsWithin(entries: readonly unknown[], limit: number): string[] {
  const texts: string[] = [];
  let length = '[]'.length;
  for (const entry of entries) {
    const text = JSON.stringify(entry);
    length += text.length + (texts.length === 0 ? 0 : 1);
    if (length > limit) break;
    texts.push(text);
  }
  return texts;
}
