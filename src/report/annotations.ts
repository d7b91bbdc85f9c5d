import type { ActionError } from '../errors.ts';
import type { Annotation, Runner } from '../runner/types.ts';
import type { RunError, RunResult } from '../runs/types.ts';
import { describeDetail, describeError, errorChain, furtherCauses, furtherDetails } from './error.ts';
import { failures, STATUS_WORDS } from './headline.ts';
import { failureText, hookWarnings } from './phrases.ts';
import type { Report } from './types.ts';

/** GitHub shows ten errors and ten warnings of a step and drops the rest without a word; one is ours to say so, one is kept free. */
const MAX_ANNOTATIONS = 9;

/**
 * What failed, on the lines of the user's own files. On GitHub only: a terminal has no annotations, and the log says
 * the same.
 */
export function annotateReport(report: Report, runner: Runner): void {
  if (!runner.onActions) return;
  annotate(runner, 'error', [
    ...(report.error === undefined ? [] : errorAnnotations(report.error)),
    ...pointedFirst(failures(report)).map((result) => taskAnnotation(result, report.projectPath)),
  ]);
  if (report.status === 'superseded' && report.superseded !== undefined) {
    runner.annotate({ level: 'notice', title: 'Superseded', message: report.superseded.explanation });
  }
  annotate(
    runner,
    'warning',
    report.results.flatMap((result) => hookAnnotations(result, report.projectPath)),
  );
}

function annotate(runner: Runner, level: 'error' | 'warning', annotations: readonly Annotation[]): void {
  for (const annotation of annotations.slice(0, MAX_ANNOTATIONS)) runner.annotate(annotation);
  const missing = annotations.length - MAX_ANNOTATIONS;
  if (missing > 0) runner.annotate({ level, title: `More ${level}s`, message: `${missing} more, see the summary.` });
}

/** What a hook threw does not fail the step, and must not go unseen either. */
function hookAnnotations(result: RunResult, projectPath: string): Annotation[] {
  return hookWarnings(result).map(({ error, text }) => {
    const location = locationOf(errorChain(error), result, projectPath);
    return {
      level: 'warning',
      title: `Task ${result.task}`,
      message: message([text], undefined),
      ...(location === undefined ? {} : { location }),
    };
  });
}

/** One for each finding with a position; one for all the rest, unless there is no rest. */
export function errorAnnotations(error: ActionError): Annotation[] {
  const located = error.details.filter((detail) => detail.location?.file !== undefined);
  const others = furtherDetails(error).filter((detail) => !located.includes(detail));
  const overall: Annotation = {
    level: 'error',
    title: error.code,
    message: message(
      [
        error.message,
        ...others.map((detail) => `- ${describeDetail(detail)}`),
        ...furtherCauses(error).map((cause) => `caused by ${describeError(cause)}`),
      ],
      error.advice,
    ),
    ...(error.location === undefined ? {} : { location: error.location }),
  };
  const single = located.map((detail): Annotation => {
    const key = detail.location?.key;
    return {
      level: 'error',
      title: key === undefined ? error.code : `${error.code} ${key}`,
      message: message([detail.message], error.advice),
      ...(detail.location === undefined ? {} : { location: detail.location }),
    };
  });
  return located.length > 0 && others.length === 0 ? single : [overall, ...single];
}

function taskAnnotation(result: RunResult, projectPath: string): Annotation {
  const errors = errorChain(result.error);
  const location = locationOf(errors, result, projectPath);
  const lines = [failureText(result), ...errors.slice(1).map((cause) => `caused by ${describeError(cause)}`)];
  return {
    // What the user wanted is no error.
    level: result.status === 'CANCELED' ? 'notice' : 'error',
    title: `Task ${result.task} ${STATUS_WORDS[result.status]}`,
    message: message(lines, undefined),
    ...(location === undefined ? {} : { location }),
  };
}

/** Those that point at a line come first: the others are as well off in the summary. */
function pointedFirst(results: readonly RunResult[]): RunResult[] {
  const points = (result: RunResult): boolean => errorChain(result.error).some(({ line }) => line !== undefined);
  return [...results.filter(points), ...results.filter((result) => !points(result))];
}

/** The first position in the chain of errors, else the task's own file. */
function locationOf(
  errors: readonly RunError[],
  result: RunResult,
  projectPath: string,
): Annotation['location'] | undefined {
  const located = errors.find(({ file }) => file !== undefined);
  if (located?.file !== undefined) {
    const { file, line, column } = located;
    return { file, ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) };
  }
  if (result.file === null) return undefined;
  return { file: projectPath === '.' || projectPath === '' ? result.file : `${projectPath}/${result.file}` };
}

/** The advice is what must not be cut off: a long text makes room for it. */
function message(lines: readonly string[], advice: string | undefined): string {
  const end = advice === undefined ? '' : `\n${advice.slice(0, 1_000)}`;
  const text = lines.join('\n');
  const room = 3_900 - end.length;
  return `${text.length > room ? `${text.slice(0, room)}…` : text}${end}`;
}
