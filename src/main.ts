import { commands } from './commands/index.ts';
import { openSession, type Session } from './commands/session.ts';
import { asActionError } from './errors.ts';
import { saveResultsFile, saveStep } from './hand-over.ts';
import { helpText } from './help.ts';
import { type Inputs, parseInputs, type RawInputs, readArguments, readStepInputs } from './inputs.ts';
import { defaultResultsFile, finishReport, publishReport, startReport } from './report/publish.ts';
import { isSuccess, type Report } from './report/types.ts';
import { createRunner } from './runner/index.ts';
import type { Runner } from './runner/types.ts';

export interface MainOptions {
  /** Without node and the script. */
  argv: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Folder of the bundle. */
  distDir: string;
}

/**
 * Runs one command from its inputs to its report; the exit status is decided here and nowhere else. A cancelled command
 * that does not end in time is reported as far as it is known, and still under way: the caller ends the process.
 */
export async function main(options: MainOptions): Promise<number> {
  const { argv, env } = options;
  if (isHelp(argv, env)) {
    process.stdout.write(helpText());
    return 0;
  }
  const runner = await createRunner(env, argv[0] === 'policy' ? process.stderr : process.stdout);
  const report = startReport(new Date());
  saveStep(runner);
  const cancel = cancelOnSignal(runner);
  let inputs: Inputs | undefined;
  try {
    inputs = parseInputs(rawInputs(argv, env));
    const command = runCommand(inputs, report, { ...options, runner, signal: cancel.signal });
    await Promise.race([command, cancel.overdue]);
  } catch (error) {
    // Being cancelled is no error; what went wrong besides is.
    if (error !== cancel.signal.reason) report.error = asActionError(error);
  } finally {
    cancel.stopWaiting();
  }
  finishReport(report, { cancelled: cancel.signal.aborted, now: new Date() });
  const resultsFile = inputs?.resultsFile ?? defaultResultsFile(env);
  if (resultsFile) saveResultsFile(runner, resultsFile);
  const published = await publishReport(report, { inputs, runner, resultsFile });
  cancel.dispose();
  return published && isSuccess(report.status) ? 0 : 1;
}

async function runCommand(
  inputs: Inputs,
  report: Report,
  options: MainOptions & { runner: Runner; signal: AbortSignal },
): Promise<void> {
  report.command = inputs.command;
  const session: Session = await openSession({ ...options, inputs, print: (text) => process.stdout.write(text) });
  try {
    await commands[inputs.command](session, report);
  } finally {
    await session.close();
  }
}

/** A step has no arguments; on the command line there are always some. */
function rawInputs(argv: readonly string[], env: NodeJS.ProcessEnv): RawInputs {
  return argv.length > 0 ? readArguments(argv) : readStepInputs(env);
}

function isHelp(argv: readonly string[], env: NodeJS.ProcessEnv): boolean {
  if (argv.includes('--help') || argv[0] === 'help') return true;
  return argv.length === 0 && !Object.keys(env).some((name) => name.startsWith('INPUT_') || name === 'GITHUB_ACTIONS');
}

/** The runner sends SIGINT, 7.5 s later SIGTERM, 2.5 s later it kills: what we know must be said before. */
const CANCEL_GRACE_MS = 6_000;

interface Cancel {
  signal: AbortSignal;
  /** Resolves when a cancelled command has had its time. */
  overdue: Promise<void>;
  stopWaiting(): void;
  /** From then on a signal ends the process. */
  dispose(): void;
}

function cancelOnSignal(runner: Runner): Cancel {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<void>((resolve) => {
    controller.signal.addEventListener('abort', () => {
      timer = setTimeout(() => {
        runner.warning('Not everything has ended in time. A lock that is still held ends by itself.');
        resolve();
      }, CANCEL_GRACE_MS);
    });
  });
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) return;
    runner.warning(`${name} received: no further task starts.`);
    controller.abort(new Error('cancelled'));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    overdue,
    stopWaiting: () => clearTimeout(timer),
    dispose: () => {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    },
  };
}
