import { contextOf, isInvokeEvent, type TaskContext } from './context.ts';
import { crashLine, guardProcess } from './crash.ts';
import { Output } from './output.ts';
import type { Envelope } from './protocol.ts';
import { failed, jsonBytes, type Outcome, outcomeOf } from './result.ts';
import { serializeError } from './serialize-error.ts';

/** Bytes of an answer that Lambda takes (6 MB and a little), less what the envelope itself and an error need. */
const RESULT_BYTES = 6_291_556 - 64 * 1024;

type Run = (context: TaskContext) => unknown;

// From the moment this module is loaded, which is before the task's own file is.
const output = new Output();
const exit = process.exit.bind(process);

/**
 * What Lambda calls for one task. Answers an envelope whatever `run` does, also when it never settles. The function it
 * returns has to stay a native async function: of any other the runtime takes an empty event loop for success.
 */
export function createHandler(
  module: Record<string, unknown>,
  options: { name: string },
): (event: unknown, context: unknown) => Promise<Envelope> {
  const { name } = options;
  return async (event, _context) =>
    output.collect(async (lines) => {
      const settled = await attempt(name, module, event);
      const { logs, droppedLines } = lines.take();
      const outcome = 'returned' in settled ? outcomeOf(settled.returned, RESULT_BYTES - jsonBytes(logs)) : settled;
      return { lumo: 1, task: name, ...outcome, logs, droppedLines };
    });
}

/** Runs the task once, to the end or to the point from which it can never end. */
async function attempt(
  name: string,
  module: Record<string, unknown>,
  event: unknown,
): Promise<{ returned: unknown } | Outcome> {
  const run = findRun(module);
  if (run === undefined) {
    return failed(new TypeError(`the task ${name} exports no function "run"`));
  }
  if (!isInvokeEvent(event)) {
    return failed(new TypeError(`the task ${name} was invoked with an event that does not come from a deployment`));
  }
  const unguard = guardProcess((error) => die(name, error));
  const idle = onEmptyEventLoop();
  try {
    const returned = await Promise.race([call(run, contextOf(event)), idle.reached]);
    await turnOfEventLoop();
    return { returned };
  } catch (error) {
    await turnOfEventLoop();
    return failed(error);
  } finally {
    idle.cancel();
    unguard();
  }
}

/** The exported `run`, of an ES module or of what CommonJS assigned to `module.exports`. */
function findRun(module: Record<string, unknown>): Run | undefined {
  const fallback = module.default as { run?: unknown } | null | undefined;
  const run = module.run ?? fallback?.run;
  return typeof run === 'function' ? (run as Run) : undefined;
}

async function call(run: Run, context: TaskContext): Promise<unknown> {
  return run(context);
}

/** Rejects when nothing is left that could ever settle the promise of `run`. */
function onEmptyEventLoop(): { reached: Promise<never>; cancel: () => void } {
  let listener = (): void => undefined;
  const reached = new Promise<never>((_, reject) => {
    listener = () => reject(neverSettled());
  });
  process.prependListener('beforeExit', listener);
  return { reached, cancel: () => process.off('beforeExit', listener) };
}

/** Without a stack: that would show where it was noticed, which is in Node. */
function neverSettled(): Error {
  const error = new Error('run never settled: nothing is left that could resolve what it waits for');
  return Object.assign(error, { name: 'NeverSettled', stack: undefined });
}

/** Lets a rejection that nobody awaited come up while the attempt can still answer for it. */
async function turnOfEventLoop(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Ends the process: after an uncaught error nothing in it can be relied upon, and no later attempt may find it. */
function die(name: string, error: unknown): void {
  output.writeUnheard(`\n${crashLine(name, serializeError(error))}\n`);
  exit(1);
}
