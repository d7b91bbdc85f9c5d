import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { reviveValue } from '../runtime/written-values.ts';

/** How a process that loaded a file ended. */
export type ChildOutcome<T> = { answer: T } | { problem: string; stack: string };

export interface ChildOptions {
  /** Absolute path of the bundle. */
  bundle: string;
  cwd: string;
  /** The whole environment of the process. */
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
}

/** An answer is a list of options or an error; more is not an answer of ours. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * Runs in the child: node -e SCRIPT url. The answer goes to descriptor 3, where nothing else writes, and the process
 * ends itself at once, whatever the file has started.
 */
const SCRIPT = `
const fs = require('node:fs');
const end = process.kill.bind(process, process.pid, 'SIGKILL');
const answer = (value) => {
  const bytes = Buffer.from(JSON.stringify(value));
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(3, bytes, at);
  end();
};
const text = (value) => { try { return String(value); } catch { return 'a value that is no text'; } };
const fail = (error) => answer({
  problem: 'threw while it was loaded: ' + (error instanceof Error ? text(error.message) : text(error)),
  stack: error instanceof Error ? text(error.stack) : '',
});
process.on('uncaughtException', fail);
process.on('beforeExit', () => answer({ problem: 'waits at its top level for something that never settles', stack: '' }));
process.on('exit', (code) => {
  const { stack } = new Error();
  answer({ problem: 'ended its process (exit code ' + code + ') while it was loaded', stack });
});
import(process.argv[1]).then((module) => answer({ answer: { file: module.file(), everyTask: module.everyTask() } })).catch(fail);
`;

/**
 * Loads a bundle in a process of its own and answers what its exports `file` and `everyTask` return. Never hangs: a
 * process that is not done in time is ended, with all that it started.
 */
export function runChild<T>(options: ChildOptions): Promise<ChildOutcome<T>> {
  const { bundle, cwd, env, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    // A group of its own, so that what the file starts ends with it.
    const child = spawn(process.execPath, ['--enable-source-maps', '-e', SCRIPT, pathToFileURL(bundle).href], {
      cwd,
      env,
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    let timedOut = false;
    const kill = () => killGroup(child.pid);
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, timeoutMs);
    process.once('exit', kill);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const pipe = child.stdio[3] as Readable;
    pipe.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_ANSWER_BYTES) chunks.push(chunk);
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      process.removeListener('exit', kill);
      reject(error);
    });
    child.on('exit', () => {
      clearTimeout(timer);
      process.removeListener('exit', kill);
      kill();
      // A process that left the group may hold the pipe open for ever.
      setTimeout(() => pipe.destroy(), 500).unref();
    });
    child.on('close', (code, signal) => {
      const outcome = timedOut ? undefined : parseOutcome<T>(Buffer.concat(chunks).toString('utf8'));
      const problem = timedOut
        ? `did not finish loading within ${timeoutMs / 1000} s`
        : `ended its process (${signal ?? `exit code ${code}`}) while it was loaded`;
      resolve(outcome ?? { problem, stack: '' });
    });
  });
}

/** `undefined`: whatever the file wrote there itself is as good as nothing. */
function parseOutcome<T>(output: string): ChildOutcome<T> | undefined {
  try {
    const parsed = JSON.parse(output, reviveValue) as { answer?: T; problem?: unknown; stack?: unknown };
    if (parsed.problem !== undefined) return { problem: String(parsed.problem), stack: String(parsed.stack) };
    return parsed.answer === undefined ? undefined : { answer: parsed.answer };
  } catch {
    return undefined;
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM'))) throw error;
  }
}
