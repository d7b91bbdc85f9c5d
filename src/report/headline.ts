import { isOk, type RunResult, type RunStatus } from '../runs/types.ts';
import { count } from './format.ts';
import type { FunctionChange, Report, ReportStatus } from './types.ts';

export const REPORT_ICONS: Readonly<Record<ReportStatus, string>> = {
  succeeded: '✅',
  failed: '❌',
  cancelled: '🚫',
  superseded: '⏭️',
  planned: '📋',
};

/** How a status is said to people. */
export const STATUS_WORDS: Readonly<Record<RunStatus, string>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  TIMED_OUT: 'timed out',
  CRASHED: 'crashed',
  SYSTEM_FAILURE: 'could not be run',
  CANCELED: 'cancelled',
  SKIPPED: 'skipped',
  UNKNOWN: 'may have run, its result is not known',
};

/** The report in one sentence, as plain text: `Deployment of shop 1.4.0 to production failed: 1 of 4 tasks failed`. */
export function headline(report: Report): string {
  return `${subject(report)}${verdict(report)}`;
}

/** The tasks that fail the step, in run order. */
export function failures(report: Report): RunResult[] {
  return report.results.filter((result) => !isOk(result.status));
}

/** Neither left alone nor only invoked. */
export function changedFunctions(report: Report): FunctionChange[] {
  return report.functions.filter(({ action }) => action !== 'unchanged' && action !== 'existing');
}

function subject(report: Report): string {
  const project = [report.project || 'the project', report.version].filter(Boolean).join(' ');
  const environment = report.environment || 'its environment';
  switch (report.command) {
    case 'plan':
      return `Plan for ${project} in ${environment}`;
    case 'run':
      return `Tasks of ${project} in ${environment}`;
    case 'destroy':
      return `Removal of ${report.project || 'the project'} from ${environment}`;
    case 'package':
      return `Packages of ${project}`;
    case 'policy':
      return `Policy for ${report.project || 'the project'}`;
    default:
      return `Deployment of ${project} to ${environment}`;
  }
}

function verdict(report: Report): string {
  switch (report.status) {
    case 'planned':
      return suffix(planCounts(report));
    case 'succeeded':
      return ` succeeded${suffix(runCounts(report))}`;
    case 'superseded':
      return ` superseded by ${report.superseded?.by}: nothing was run`;
    case 'cancelled':
      return ` cancelled${suffix(runCounts(report))}`;
    case 'failed':
      return ` failed${suffix(failureCounts(report))}`;
  }
}

function suffix(parts: readonly string[]): string {
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

function planCounts(report: Report): string[] {
  if (report.error !== undefined) return [report.error.code];
  const changes = changedFunctions(report).length;
  const runs = report.plan.filter((task) => task.run).length;
  const looked = report.plan.some(({ action }) => action !== 'unknown');
  return [...(looked ? [`${count(changes, 'function')} to change`] : []), `${count(runs, 'task')} to run`];
}

function failureCounts(report: Report): string[] {
  const failed = failures(report).length;
  const tasks = failed === 0 ? [] : [`${failed} of ${count(report.results.length, 'task')} failed`];
  return report.error === undefined ? tasks : [...tasks, report.error.code];
}

function runCounts(report: Report): string[] {
  const number = (wanted: (result: RunResult) => boolean): number => report.results.filter(wanted).length;
  const completed = number(({ status }) => status === 'COMPLETED');
  const skipped = number(({ status }) => status === 'SKIPPED');
  const failed = failures(report).length;
  return [
    ...(completed > 0 ? [`${count(completed, 'task')} completed`] : []),
    ...(failed > 0 ? [`${failed} not finished`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
}
