import { isOk, type RunError, type RunResult } from '../runs/types.ts';
import {
  causeChain,
  describeDetail,
  describeError,
  describeLocation,
  errorChain,
  furtherCauses,
  furtherDetails,
} from './error.ts';
import { cutText, markdown, markdownCode, markdownInlineCode, markdownProse } from './escape.ts';
import { count, formatBytes, formatDuration, formatPosition } from './format.ts';
import { changedFunctions, failures, STATUS_WORDS } from './headline.ts';
import {
  attemptCells,
  behaviourText,
  changeWords,
  failureText,
  historyText,
  hookWarnings,
  machineText,
  messageOf,
  recordedText,
  untouchedText,
} from './phrases.ts';
import type { Report } from './types.ts';

/** How much of each thing a summary shows. */
export interface SummaryDetail {
  /** Of the data of one task; 0: no data at all. */
  dataBytes: number;
  /** Of the stack of one error; 0: no stacks. */
  stackBytes: number;
  /** Of every single text. */
  messageBytes: number;
  /** Of each table and list. */
  rows: number;
}

export const FULL_DETAIL: SummaryDetail = {
  dataBytes: 16_384,
  stackBytes: 8_192,
  messageBytes: 4_000,
  rows: Number.POSITIVE_INFINITY,
};

type Section = string | undefined;

/** What one wants to know besides the headline, in three lines. */
export function facts(report: Report, detail: SummaryDetail): Section {
  const { history } = report;
  const figures: [string, string | undefined][] = [
    ['Phase', history?.phase],
    ['Previous version', history === undefined ? undefined : (history.previousVersion ?? 'none')],
    ['Region', report.region],
    ['Duration', report.durationMs > 0 ? formatDuration(report.durationMs) : undefined],
  ];
  const known = figures.filter((figure): figure is [string, string] => figure[1] !== undefined && figure[1] !== '');
  const recorded = recordedText(report);
  const lines = [
    known.map(([name, value]) => `**${name}** ${inline(value, detail)}`).join(' · '),
    history === undefined ? '' : `**History** ${prose(historyText(history), detail)}`,
    recorded === undefined ? '' : `**${recorded[0]}** ${prose(recorded[1], detail)}`,
  ].filter((line) => line !== '');
  return lines.length === 0 ? undefined : lines.join('<br>\n');
}

/** What ended the command early. */
export function actionError(report: Report, detail: SummaryDetail): Section {
  const { error } = report;
  if (error === undefined) return undefined;
  return [
    `### ❌ ${markdownInlineCode(error.code)}`,
    `**Error:** ${prose(error.message, detail)}${at(describeLocation(error.location), detail)}`,
    list(
      furtherDetails(error).map((finding) => prose(describeDetail(finding), detail)),
      detail,
    ),
    causes(furtherCauses(error), detail),
    `**What to do:** ${prose(error.advice, detail)}`,
    // A defect of ours: the stack is what a report of it needs.
    error.code === 'INTERNAL' ? stack(causeChain(error.cause)[0]?.stack, detail) : undefined,
  ]
    .filter((part) => part !== undefined)
    .join('\n\n');
}

/** One section for each task that fails the step. */
export function failedTasks(report: Report, detail: SummaryDetail): string[] {
  const failed = failures(report);
  const shown = failed.slice(0, detail.rows).map((result) => failedTask(result, detail));
  const missing = failed.length - shown.length;
  return missing === 0 ? shown : [...shown, `… and ${count(missing, 'more failed task')}.`];
}

function failedTask(result: RunResult, detail: SummaryDetail): string {
  const { error } = result;
  return [
    `### ${ICONS[result.status] ?? '❌'} ${code(result.task, detail)} ${STATUS_WORDS[result.status]}`,
    `${result.status === 'CANCELED' ? '' : '**Error:** '}${inline(failureText(result), detail)}${at(error && formatPosition(error), detail)}`,
    causes(errorChain(error?.cause), detail),
    stack(error?.stack, detail),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n');
}

export function tasks(report: Report, detail: SummaryDetail): Section {
  const { results } = report;
  if (results.length === 0) return undefined;
  const withMachines = results.some(({ machine }) => machine !== undefined);
  const rows = mostTelling(results, detail.rows).map((result) => [
    ICONS[result.status] ?? '❌',
    code(result.task, detail),
    STATUS_WORDS[result.status],
    result.attempts.length === 0 ? '' : formatDuration(result.durationMs),
    result.attempts.length === 0 ? '' : String(result.attempts.length),
    ...(withMachines ? [inline(machineText(result) ?? '', detail)] : []),
    inline(messageOf(result), detail),
  ]);
  const head = ['', 'Task', 'Status', 'Duration', 'Attempts', ...(withMachines ? ['Machine'] : []), 'Message'];
  return section('Tasks', table(head, rows), results.length - rows.length);
}

/** How the tasks that were tried more than once got where they are, folded. */
export function attempts(report: Report, detail: SummaryDetail): string[] {
  const tried = report.results.filter((result) => result.attempts.length > 1);
  return tried.slice(0, detail.rows).map(({ task, attempts: all }) => {
    const rows = all.slice(0, MAX_ATTEMPTS).map((attempt) => attemptCells(attempt).map((cell) => inline(cell, detail)));
    const more = all.length > rows.length ? `\n\n… and ${count(all.length - rows.length, 'more attempt')}.` : '';
    const content = `${table(['Attempt', 'Status', 'Duration', 'Delay', 'Error'], rows)}${more}`;
    return details(`${count(all.length, 'attempt')} of ${code(task, detail)}`, content);
  });
}

/** As many as anybody reads; the results file has all. */
const MAX_ATTEMPTS = 20;

export function plannedTasks(report: Report, detail: SummaryDetail): Section {
  const { plan } = report;
  if (plan.length === 0) return undefined;
  const rows = plan
    .slice(0, detail.rows)
    .map((task) => [
      task.run ? '▶️' : '⏭️',
      code(task.task, detail),
      task.run ? 'would run' : 'would be skipped',
      prose(task.reason, detail),
      inline(behaviourText(task), detail),
    ]);
  return section('Tasks', table(['', 'Task', 'Plan', 'Why', 'How'], rows), plan.length - rows.length);
}

/** What the plan found out about identity, role, bucket and permissions. */
export function preflight(report: Report, detail: SummaryDetail): Section {
  const checks = report.preflight;
  if (checks.length === 0) return undefined;
  const rows = checks
    .slice(0, detail.rows)
    .map(({ name, ok, message }) => [ok ? '✅' : '❌', inline(name, detail), prose(message, detail)]);
  return section('Preflight', table(['', 'Check', 'Finding'], rows), checks.length - rows.length);
}

/** The changed functions; the unchanged are a number. */
export function functions(report: Report, detail: SummaryDetail): Section {
  if (report.functions.length === 0) return undefined;
  const changed = changedFunctions(report);
  const untouched = untouchedText(report);
  if (changed.length === 0) return `### Functions\n\n${untouched}`;
  const words = changeWords(report);
  const rows = changed.slice(0, detail.rows).map(({ function: name, action, version, reasons }) => {
    const change = version === undefined ? words[action] : `${words[action]}, version ${version}`;
    return [code(name, detail), inline(change, detail), inline(reasons.join('; '), detail)];
  });
  const text = section('Functions', table(['Function', 'Change', 'Why'], rows), changed.length - rows.length);
  return untouched === undefined ? text : `${text}\n\n${untouched}`;
}

export function warnings(report: Report, detail: SummaryDetail): Section {
  const items = [
    ...report.warnings.map((warning) => prose(warning, detail)),
    ...report.results.flatMap((result) => [
      ...result.warnings.map((warning) => `${code(result.task, detail)}: ${prose(warning, detail)}`),
      ...hookWarnings(result).map(({ text, error }) => {
        return `${code(result.task, detail)}: ${inline(text, detail)}${at(formatPosition(error), detail)}`;
      }),
    ]),
  ];
  return items.length === 0 ? undefined : `### ⚠️ Warnings\n\n${list(items, detail)}`;
}

export function notices(report: Report, detail: SummaryDetail): Section {
  const items = report.notices.map((notice) => prose(notice, detail));
  return items.length === 0 ? undefined : `### Notices\n\n${list(items, detail)}`;
}

/** What the tasks returned and what they told about themselves, folded. */
export function data(report: Report, detail: SummaryDetail): string[] {
  if (detail.dataBytes === 0) return [];
  return report.results.flatMap((result) => [
    ...jsonDetails('Data', result.task, result.data, detail),
    ...jsonDetails('Metadata', result.task, result.metadata, detail),
  ]);
}

function jsonDetails(what: string, task: string, value: unknown, detail: SummaryDetail): string[] {
  if (value === undefined) return [];
  const json = cutBlock(JSON.stringify(value, undefined, 2), detail.dataBytes);
  return [details(`${what} of ${code(task, detail)}`, markdownCode(json, 'json'))];
}

const ICONS: Partial<Record<RunResult['status'], string>> = {
  COMPLETED: '✅',
  SKIPPED: '⏭️',
  CANCELED: '🚫',
  UNKNOWN: '❔',
};

/** At most `rows` results in run order; when not all fit, those that fail the step go first. */
function mostTelling(results: readonly RunResult[], rows: number): readonly RunResult[] {
  if (results.length <= rows) return results;
  const ranked = [...results.filter(({ status }) => !isOk(status)), ...results.filter(({ status }) => isOk(status))];
  const kept = new Set(ranked.slice(0, rows));
  return results.filter((result) => kept.has(result));
}

function causes(chain: readonly RunError[], detail: SummaryDetail): Section {
  const lines = chain.map((error) => {
    return `**Caused by:** ${inline(describeError(error), detail)}${at(formatPosition(error), detail)}`;
  });
  return lines.length === 0 ? undefined : lines.join('<br>\n');
}

function at(position: string | undefined, detail: SummaryDetail): string {
  return position === undefined ? '' : `<br>\nat ${code(position, detail)}`;
}

function stack(text: string | undefined, detail: SummaryDetail): Section {
  if (text === undefined || text === '' || detail.stackBytes === 0) return undefined;
  return details('Stack', markdownCode(cutBlock(text, detail.stackBytes), 'text'));
}

function inline(text: string, detail: SummaryDetail): string {
  return markdown(cutText(text, detail.messageBytes));
}

/** For sentences of ours. */
function prose(text: string, detail: SummaryDetail): string {
  return markdownProse(cutText(text, detail.messageBytes));
}

function code(text: string, detail: SummaryDetail): string {
  return markdownInlineCode(cutText(text, detail.messageBytes));
}

function cutBlock(text: string, maxBytes: number): string {
  const missing = Buffer.byteLength(text) - maxBytes;
  return missing <= 0 ? text : `${cutText(text, maxBytes)}\n… ${formatBytes(missing)} left out`;
}

function section(title: string, content: string, missing: number): string {
  const more = missing > 0 ? `\n\n… and ${missing.toLocaleString('en-US')} more.` : '';
  return `### ${title}\n\n${content}${more}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function list(items: readonly string[], detail: SummaryDetail): Section {
  if (items.length === 0) return undefined;
  const shown = items.slice(0, detail.rows);
  const missing = items.length - shown.length;
  return [...shown, ...(missing > 0 ? [`… and ${missing.toLocaleString('en-US')} more.`] : [])]
    .map((item) => `- ${item}`)
    .join('\n');
}

/** The empty lines matter: between them is Markdown again, not HTML. */
function details(summary: string, content: string): string {
  return `<details><summary>${summary}</summary>\n\n${content}\n\n</details>`;
}
