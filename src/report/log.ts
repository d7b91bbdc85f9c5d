import type { Runner } from '../runner/types.ts';
import type { RunResult } from '../runs/types.ts';
import { describeError, errorChain, renderError } from './error.ts';
import { cutText } from './escape.ts';
import { count, formatDuration, formatPosition } from './format.ts';
import { changedFunctions, failures, headline, REPORT_ICONS, STATUS_WORDS } from './headline.ts';
import {
  attemptCells,
  behaviourText,
  changeWords,
  historyText,
  hookWarnings,
  machineText,
  messageOf,
  recordedText,
  untouchedText,
} from './phrases.ts';
import type { Report } from './types.ts';

/** The frames of a stack that are worth a line of the log; the results file has all. */
const MAX_STACK_LINES = 12;
const MAX_NAME_WIDTH = 40;

/** The closing lines of the log. */
export function logReport(report: Report, runner: Runner): void {
  for (const line of reportLines(report)) runner.info(line);
}

/** Each entry is one line or, for an error's message, a few; the last word comes last, where one looks first. */
export function reportLines(report: Report): string[] {
  return [
    ...taskTable(report.results),
    ...report.results.flatMap(attemptTable),
    ...report.results.flatMap(metadataLine),
    ...planTable(report),
    ...functionLines(report),
    ...preflightTable(report),
    ...failures(report).flatMap(failureLines),
    ...report.warnings.map((warning) => `Warning: ${warning}`),
    ...report.results.flatMap((result) => {
      const hooks = hookWarnings(result).map(({ text }) => text);
      return [...result.warnings, ...hooks].map((warning) => `Warning: ${result.task}: ${warning}`);
    }),
    ...report.notices.map((notice) => `Notice: ${notice}`),
    ...(report.error === undefined ? [] : renderError(report.error)),
    ...historyLines(report),
    `${REPORT_ICONS[report.status]} ${headline(report)} (${formatDuration(report.durationMs)})`,
  ];
}

function taskTable(results: readonly RunResult[]): string[] {
  const withMachines = results.some(({ machine }) => machine !== undefined);
  return columns(
    results.map((result) => [
      result.task,
      STATUS_WORDS[result.status],
      result.attempts.length === 0 ? '' : formatDuration(result.durationMs),
      ...(withMachines ? [machineText(result) ?? ''] : []),
      firstLine(messageOf(result)),
    ]),
    'Tasks:',
  );
}

/** One attempt says no more than its task does. */
function attemptTable({ task, attempts }: RunResult): string[] {
  if (attempts.length < 2) return [];
  return columns(
    attempts.map((attempt) => attemptCells(attempt).map(firstLine)),
    `Attempts of ${task}:`,
  );
}

function metadataLine({ task, metadata }: RunResult): string[] {
  return metadata === undefined ? [] : [`Metadata of ${task}: ${firstLine(JSON.stringify(metadata))}`];
}

function planTable(report: Report): string[] {
  return columns(
    report.plan.map((planned) => [
      planned.task,
      planned.run ? 'would run' : 'would be skipped',
      firstLine(planned.reason),
      firstLine(behaviourText(planned)),
    ]),
    'Tasks:',
  );
}

function preflightTable(report: Report): string[] {
  return columns(
    // Uncut: the IAM statement that is missing stands at the end.
    report.preflight.map(({ name, ok, message }) => [name, ok ? 'ok' : 'failed', message.replaceAll('\n', ' ')]),
    'Preflight:',
  );
}

function functionLines(report: Report): string[] {
  const untouched = untouchedText(report);
  const words = changeWords(report);
  const changed = changedFunctions(report).map(({ function: name, action, version, reasons }) => [
    name,
    words[action],
    version === undefined ? '' : `version ${version}`,
    firstLine(reasons.join('; ')),
  ]);
  return [...columns(changed, 'Functions:'), ...(untouched === undefined ? [] : [untouched])];
}

function failureLines(result: RunResult): string[] {
  const { error } = result;
  const where = error === undefined ? undefined : formatPosition(error);
  const frames = error?.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  const hidden = frames.length - MAX_STACK_LINES;
  return [
    `Task ${result.task} ${STATUS_WORDS[result.status]}:`,
    ...messageOf(result)
      .split('\n')
      .map((line) => `  ${line}`),
    ...(where === undefined ? [] : [`  at ${where}`]),
    ...errorChain(error?.cause).map((cause) => {
      const position = formatPosition(cause);
      return `  caused by ${describeError(cause)}${position === undefined ? '' : ` at ${position}`}`;
    }),
    ...frames.slice(0, MAX_STACK_LINES).map((frame) => `    ${frame.trim()}`),
    ...(hidden > 0 ? [`    … ${count(hidden, 'more frame')}`] : []),
  ];
}

function historyLines({ history, ...report }: Report): string[] {
  const recorded = recordedText({ history, ...report });
  return [
    ...(history === undefined
      ? []
      : [
          `Phase: ${history.phase}, previous version: ${history.previousVersion ?? 'none'}`,
          `History: ${historyText(history)}`,
        ]),
    ...(recorded === undefined ? [] : [recorded.join(': ')]),
  ];
}

/** A table without borders; every column but the last is as wide as its widest cell, within reason. */
function columns(rows: readonly (readonly string[])[], title: string): string[] {
  const widths = (rows[0] ?? []).map((_, column) => {
    return Math.min(MAX_NAME_WIDTH, Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  });
  const lines = rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
  return lines.length === 0 ? [] : [title, ...lines];
}

function firstLine(text: string): string {
  return cutText(text.split('\n', 1)[0] ?? '', 200);
}
