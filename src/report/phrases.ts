import type { History } from '../history/types.ts';
import { type Attempt, type HookFailure, isOk, type RunResult } from '../runs/types.ts';
import { describeError } from './error.ts';
import { count, formatDuration } from './format.ts';
import { STATUS_WORDS } from './headline.ts';
import type { FunctionChange, PlannedTask, Report } from './types.ts';

type ChangeWords = Readonly<Record<FunctionChange['action'], string>>;

const CHANGE_WORDS: Readonly<Record<'done' | 'planned', ChangeWords>> = {
  done: {
    create: 'created',
    update: 'updated',
    unchanged: 'unchanged',
    delete: 'deleted',
    existing: 'existing, only invoked',
  },
  planned: {
    create: 'would be created',
    update: 'would be updated',
    unchanged: 'unchanged',
    delete: 'would be deleted',
    existing: 'existing, only invoked',
  },
};

/** What happened to a function, or would happen. */
export function changeWords(report: Report): ChangeWords {
  return CHANGE_WORDS[report.command === 'plan' ? 'planned' : 'done'];
}

/** Where phase and previous version come from: `The marker records 1.3.2 of 2026-11-20. (source: marker)` */
export function historyText({ source, explanation }: History): string {
  return `${explanation} (source: ${source})`;
}

/** Label and text; `undefined` for commands that record nothing. */
export function recordedText(report: Report): readonly [string, string] | undefined {
  if (report.recorded) return ['Recorded', 'yes'];
  return report.notRecorded === undefined ? undefined : ['Not recorded', report.notRecorded];
}

/** The functions that were left alone, as a number; `undefined` when there are none. */
export function untouchedText(report: Report): string | undefined {
  const number = (wanted: FunctionChange['action']): number => {
    return report.functions.filter(({ action }) => action === wanted).length;
  };
  const unchanged = number('unchanged');
  const existing = number('existing');
  const all = unchanged > 1 && unchanged === report.functions.length ? 'All ' : '';
  const parts = [
    ...(unchanged > 0 ? [`${all}${count(unchanged, 'function')} unchanged`] : []),
    ...(existing > 0 ? [`${count(existing, 'existing function')} only invoked`] : []),
  ];
  return parts.length === 0 ? undefined : `${parts.join(', ')}.`;
}

/** The one sentence for a task: its own message, why it was skipped, or what went wrong. */
export function messageOf(result: RunResult): string {
  return isOk(result.status) ? (result.message ?? result.reason ?? '') : failureText(result);
}

/** What went wrong with a task that fails the step; a message that says more than the error it holds goes first. */
export function failureText({ error, message, reason, status }: RunResult): string {
  const more = error !== undefined && message !== error.message && message?.includes(error.message);
  if (error !== undefined && !more) return describeError(error);
  return message ?? reason ?? STATUS_WORDS[status];
}

/** A hook that threw without failing its attempt, and how that is said. */
export interface HookWarning {
  error: HookFailure['error'];
  text: string;
}

/** What hooks threw and nobody else would ever hear of. */
export function hookWarnings({ attempts }: RunResult): HookWarning[] {
  return attempts.flatMap(({ number, hooks = [] }) => {
    const when = attempts.length === 1 ? '' : ` in attempt ${number}`;
    return hooks.map(({ hook, scope, error }) => {
      const whose = scope === 'global' ? 'the global hook' : 'its hook';
      return { error, text: `${whose} ${hook} threw${when}, the run went on: ${describeError(error)}` };
    });
  });
}

/** Number, status, duration, what came next, and the error of an attempt. */
export function attemptCells(attempt: Attempt): [string, string, string, string, string] {
  const { number, status, durationMs, retryDelayMs, memoryMb, error } = attempt;
  return [
    String(number),
    memoryMb === undefined ? STATUS_WORDS[status] : `${STATUS_WORDS[status]} with ${memoryMb} MB`,
    formatDuration(durationMs),
    retryDelayMs === undefined ? '' : `next after ${formatDuration(retryDelayMs)}`,
    error === undefined ? '' : describeError(error),
  ];
}

/** `small-2x, 1769 MB, 1 vCPU`; undefined for a task without a preset. */
export function machineText({ machine, memoryMb, cpu }: RunResult): string | undefined {
  return machine === undefined ? undefined : `${machine}, ${memoryMb} MB, ${cpu} vCPU`;
}

/** How a task would be run: `up to 3 attempts, queue db (1 at a time), small-2x (1769 MB), hooks onStart, onFailure` */
export function behaviourText({
  dialect,
  maxAttempts,
  queue,
  concurrencyLimit,
  machine,
  memoryMb,
  hooks,
}: PlannedTask): string {
  const memory = memoryMb === null ? undefined : `${memoryMb} MB`;
  return [
    ...(dialect === 'lumo' ? [] : ['lifecycle']),
    maxAttempts === 1 ? '1 attempt' : `up to ${maxAttempts} attempts`,
    ...(concurrencyLimit === null ? [] : [`queue ${queue} (${concurrencyLimit} at a time)`]),
    ...(memory === undefined ? [] : [machine === null ? memory : `${machine} (${memory})`]),
    ...(hooks.length === 0 ? [] : [`hooks ${hooks.join(', ')}`]),
  ].join(', ');
}
