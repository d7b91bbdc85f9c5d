import { type Channel, openChannel } from './channel/index.ts';
import { isInvokeEvent } from './context.ts';
import { die } from './crash.ts';
import { type ExecutableTask, findTask } from './find-task.ts';
import { IdleGuard } from './idle.ts';
import { jsonBytes } from './json.ts';
import { lambdaHost } from './lambda-host.ts';
import { type AttemptOutcome, startAttempt } from './lifecycle/attempt.ts';
import type { Host } from './lifecycle/host.ts';
import type { LineBuffer } from './line-buffer.ts';
import { Output } from './output.ts';
import { processListeners, processState, removeListenersSince, restoreProcess } from './process-state.ts';
import type { Envelope, InvokeEvent } from './protocol.ts';
import { fitting } from './result.ts';
import { serializeError } from './serialize-error.ts';
import { UncaughtGuard } from './uncaught.ts';
import { mayWake, watchWakers } from './wakers.ts';

export { setConfig } from './config.ts';
export { describeTasks } from './describe.ts';

/** Bytes of an answer that Lambda takes: 6 MB and a little; the rest is for what JSON adds. */
const ANSWER_BYTES = 6_291_556 - 1024;
/** What has to be left of the function's time for an answer after a run that nothing has woken. */
const ANSWER_MS = 2000;

// From the moment this module is loaded, which is before the task's own file is.
const output = new Output();
const idle = new IdleGuard();
const uncaught = new UncaughtGuard(reportStray);
watchWakers();
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
      if (!isInvokeEvent(event)) {
        const message = `the tasks of ${taskFile.file} were invoked with an event that does not come from a deployment`;
        return envelopeOf(taskFile.lumoId, systemFailure(new TypeError(message)), lines);
      }
      const host = lambdaHost(context, idle);
      const channel = await openChannel(event.channel, { lines, remainingMs: host.remainingMs });
      const { refusal, state } = channel;
      const envelope = (outcome: AttemptOutcome): Envelope =>
        envelopeOf(event.task, { ...outcome, ...(state && { channel: state }) }, lines);
      const task = findTask(event.task, module, taskFile);
      if (refusal === undefined && task !== undefined) {
        return attempt({ task, event, host, channel, envelope });
      }
      const unknown = `${taskFile.file} holds no task "${event.task}": it exports no function "run" and defines no task() of this id`;
      const answer = envelope({ status: 'SYSTEM_FAILURE', error: refusal ?? serializeError(new TypeError(unknown)) });
      await channel.close(answer);
      return answer;
    });
}

interface Attempt {
  task: ExecutableTask;
  event: InvokeEvent;
  host: Host;
  channel: Channel;
  /** The answer, with what has been printed by now. */
  envelope(outcome: AttemptOutcome): Envelope;
}

/**
 * Runs the task once, to the end or to the point from which it can never end. Lambda uses the process again, and offers
 * no safe moment to leave it after an answer: an exit then counts as the failure of this invocation, or of the next one,
 * and a migration that is done must not be reported, and tried again, as a crash. So what an attempt leaves running
 * stays, but cannot reach a later attempt: its errors are nobody's, the SDK refuses it, its listeners are taken off.
 * A run that was interrupted and goes on is no leftover but the attempt itself: the process ends with it.
 */
async function attempt({ task, event, host, channel, envelope }: Attempt): Promise<Envelope> {
  const listeners = processListeners();
  const running = startAttempt(task, event, host);
  const canAbort = event.maxDuration !== undefined || channel.state?.state === 'open';
  let end: Promise<void> | undefined;
  const dieOf = (outcome: AttemptOutcome): void => {
    uncaught.start(reportStray);
    const lastWords = (last: Envelope): Promise<void> => channel.lastWords(last);
    end ??= die(envelope(outcome), { write: (text) => output.writeUnheard(text), exit, lastWords });
  };
  uncaught.start((error) => {
    const last = running.uncaught(error);
    if (last !== undefined) dieOf(last);
  });
  channel.attach(running);
  idle.start(() => host.remainingMs() > ANSWER_MS && mayWake(running.scope, canAbort));
  try {
    const outcome = await running.outcome.catch(systemFailure);
    await new Promise((resolve) => setImmediate(resolve));
    if (running.isStuck()) dieOf(outcome);
    await end;
    // The outcome stands: an error from here on is of what the attempt has left running.
    uncaught.start(reportStray);
    const answer = envelope(outcome);
    await channel.close(answer);
    return answer;
  } finally {
    idle.stop();
    uncaught.stop();
    removeListenersSince(listeners);
    running.scope.life.ended = true;
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

function envelopeOf(task: string, outcome: AttemptOutcome, lines: LineBuffer): Envelope {
  return fitted({ lumo: 1, task, ...outcome, ...lines.take() });
}

/** An error of an attempt that is over goes to the logs of the function only. */
function reportStray(error: unknown): void {
  const { name, message, stack } = serializeError(error);
  output.writeUnheard(`\nFrom an attempt that is over: ${stack ?? `${name}: ${message}`}\n`);
}
