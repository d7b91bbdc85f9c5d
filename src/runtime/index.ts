import { isInvokeEvent } from './context.ts';
import { crashLine, guardProcess } from './crash.ts';
import { type ExecutableTask, findTask } from './find-task.ts';
import { IdleGuard } from './idle.ts';
import { jsonBytes } from './json.ts';
import { lambdaHost } from './lambda-host.ts';
import { type AttemptOutcome, type RunningAttempt, startAttempt } from './lifecycle/attempt.ts';
import { defaultDelay } from './lifecycle/failure.ts';
import { Output } from './output.ts';
import { processState, restoreProcess } from './process-state.ts';
import type { Envelope, InvokeEvent } from './protocol.ts';
import { fitting } from './result.ts';
import { serializeError } from './serialize-error.ts';

export { setConfig } from './config.ts';
export { describeTasks } from './describe.ts';

/** Bytes of an answer that Lambda takes: 6 MB and a little; the rest is for what JSON adds. */
const ANSWER_BYTES = 6_291_556 - 1024;

// From the moment this module is loaded, which is before the task's own file is.
const output = new Output();
const idle = new IdleGuard();
const exit = process.exit.bind(process);

/** Where a task comes from: its file relative to the project, and the id of the plain Lumo task in it. */
export interface TaskFile {
  file: string;
  lumoId: string;
}

/**
 * What Lambda calls for the tasks of one file; the event says which. Answers an envelope whatever the task does, also
 * when it never settles. The function it returns has to stay a native async function: of any other the runtime takes an
 * empty event loop for success.
 */
export function createHandler(
  module: Record<string, unknown>,
  taskFile: TaskFile,
): (event: unknown, context: unknown) => Promise<Envelope> {
  const loaded = processState();
  return async (event, context) =>
    output.collect(async (lines) => {
      restoreProcess(loaded);
      const { task, outcome } = await answer(module, taskFile, event, context);
      const { logs, droppedLines } = lines.take();
      return fitted({ lumo: 1, task, ...outcome, logs, droppedLines });
    });
}

async function answer(
  module: Record<string, unknown>,
  taskFile: TaskFile,
  event: unknown,
  context: unknown,
): Promise<{ task: string; outcome: AttemptOutcome }> {
  if (!isInvokeEvent(event)) {
    const message = `the tasks of ${taskFile.file} were invoked with an event that does not come from a deployment`;
    return { task: taskFile.lumoId, outcome: systemFailure(new TypeError(message)) };
  }
  const task = findTask(event.task, module, taskFile);
  if (task === undefined) {
    const message = `${taskFile.file} holds no task "${event.task}": it exports no function "run" and defines no task() of this id`;
    return { task: event.task, outcome: systemFailure(new TypeError(message)) };
  }
  return { task: event.task, outcome: await attempt(task, event, context) };
}

/** Runs the task once, to the end or to the point from which it can never end. */
async function attempt(task: ExecutableTask, event: InvokeEvent, context: unknown): Promise<AttemptOutcome> {
  const host = lambdaHost(context, idle);
  const unguard = guardProcess((error) => die(task, event, error));
  idle.start();
  try {
    const running: RunningAttempt = startAttempt(task, event, host);
    return await running.outcome;
  } catch (error) {
    return systemFailure(error);
  } finally {
    await new Promise((resolve) => setImmediate(resolve));
    idle.stop();
    unguard();
  }
}

function systemFailure(error: unknown): AttemptOutcome {
  return { status: 'SYSTEM_FAILURE', error: serializeError(error) };
}

/** The envelope with a result that fits into an answer. */
function fitted(envelope: Envelope): Envelope {
  const { result, ...rest } = envelope;
  if (result === undefined) {
    return envelope;
  }
  const { result: kept, warning } = fitting(result, ANSWER_BYTES - jsonBytes(rest));
  const warnings = warning === undefined ? {} : { warnings: [...(rest.warnings ?? []), warning] };
  return { ...rest, ...(kept === undefined ? {} : { result: kept }), ...warnings };
}

/** Ends the process: after an uncaught error nothing in it can be relied upon, and no later attempt may find it. */
function die(task: ExecutableTask, event: InvokeEvent, error: unknown): void {
  const delayMs = defaultDelay({ task, event, host: lambdaHost(undefined, idle) }, error);
  const retry = delayMs === undefined ? {} : { retry: { delayMs } };
  output.writeUnheard(`\n${crashLine(task.id, serializeError(error), retry)}\n`);
  exit(1);
}
