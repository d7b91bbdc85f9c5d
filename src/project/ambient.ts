import type { Log } from '../runner/types.ts';

export interface Ambient {
  /** The current folder while the body runs. */
  folder: string;
  /** Set while the body runs. */
  variables: Record<string, string>;
  /** Put before each line of output in the log. */
  label: string;
  limitMs: number;
  log: Pick<Log, 'debug'>;
}

/** Output beyond this many characters is not kept. */
const OUTPUT_LIMIT = 65_536;

/**
 * Runs code of the project in our process as the Lumo CLI would: in the project's folder and with its variables, but so
 * that it can neither end the process nor write into our log (its output goes to `log.debug`). Rejects with what the
 * body throws or leaves uncaught, and when it takes longer than the limit. Everything is put back at the end.
 */
export async function inAmbient<T>(ambient: Ambient, body: () => Promise<T>): Promise<T> {
  const leaveFolder = enterFolder(ambient.folder);
  const output = captureOutput();
  const failure = watch(ambient.limitMs);
  const restore = [leaveFolder, output.restore, failure.restore, forbidExit(), setVariables(ambient.variables)];
  try {
    return await Promise.race([body(), failure.promise]);
  } finally {
    for (const each of restore) each();
    for (const line of output.lines()) ambient.log.debug(`${ambient.label}: ${line}`);
  }
}

function captureOutput(): { lines(): string[]; restore(): void } {
  const streams = [process.stdout, process.stderr];
  const writes = streams.map((stream) => stream.write);
  let text = '';
  const capture = (chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
    if (text.length < OUTPUT_LIMIT) text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    const written = typeof encoding === 'function' ? encoding : callback;
    if (typeof written === 'function') process.nextTick(written);
    return true;
  };
  for (const stream of streams) stream.write = capture;
  return {
    lines: () =>
      text
        .slice(0, OUTPUT_LIMIT)
        .split(/\r\n|[\n\r]/)
        .filter((line) => line !== ''),
    restore: () => {
      streams.forEach((stream, index) => {
        stream.write = writes[index] ?? stream.write;
      });
    },
  };
}

/** A promise that only ever rejects. Its timer also keeps the process alive while a top-level await never settles. */
function watch(limitMs: number): { promise: Promise<never>; restore(): void } {
  let fail: (reason: unknown) => void = () => {};
  const promise = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const timer = setTimeout(() => {
    fail(new Error(`not finished within ${limitMs / 1000} s; is there an await that never settles?`));
  }, limitMs);
  process.on('uncaughtException', fail);
  return {
    promise,
    restore: () => {
      clearTimeout(timer);
      process.removeListener('uncaughtException', fail);
    },
  };
}

function forbidExit(): () => void {
  const { exit } = process;
  const { exitCode } = process;
  process.exit = (code) => {
    throw new Error(`process.exit(${code ?? ''}) was called`);
  };
  return () => {
    process.exit = exit;
    process.exitCode = exitCode;
  };
}

function enterFolder(folder: string): () => void {
  const before = process.cwd();
  process.chdir(folder);
  return () => process.chdir(before);
}

function setVariables(variables: Record<string, string>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
