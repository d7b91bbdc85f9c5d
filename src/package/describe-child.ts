import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { reviveValue } from '../runtime/written-values.ts';

/** How a process that loaded a file ended. */
export type ChildOutcome<T> = { answer: T } | { failure: ChildFailure };

export interface ChildFailure {
  kind: 'threw' | 'exited' | 'unsettled' | 'hung';
  /** The rest of a sentence that begins with the file: text of the author's. */
  problem: string;
  stack: string;
  /** The file that everything shares (`trigger.config`, `init`) and that was loading then. */
  loading?: string;
  /** What kept it alive, as Node names it. None for one that hung: its event loop was busy. */
  resources: string[];
}

export interface ChildOptions {
  /** Absolute path of the bundle. */
  bundle: string;
  cwd: string;
  /** The whole environment of the process. */
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
}

/** Where an entry notes which of the shared files is loading. */
export const LOADING = 'lumo.tasks.loading';

/** What a process with an idle event loop has, over its time limit, to say what it waits for. */
const GRACE_MS = 1000;

/** An answer is a list of options or an error; more is not an answer of ours. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * Runs in the child: node -e SCRIPT url milliseconds. The answer goes to descriptor 3, where nothing else writes, and the
 * process ends itself at once, whatever the file has started.
 */
const SCRIPT = `
const fs = require('node:fs');
const { getActiveResourcesInfo } = process;
const end = process.kill.bind(process, process.pid, 'SIGKILL');
const answer = (value) => {
  const bytes = Buffer.from(JSON.stringify(value));
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(3, bytes, at);
  end();
};
const text = (value) => { try { return String(value); } catch { return 'a value that is no text'; } };
const failed = (kind, problem, stack, resources = []) =>
  answer({ failure: { kind, problem, stack, resources, loading: globalThis[Symbol.for('${LOADING}')] } });
const fail = (error) => error instanceof Error
  ? failed('threw', 'threw while it was loaded: ' + messageOf(error), text(error.stack))
  : failed('threw', 'threw while it was loaded: ' + text(error), '');
const messageOf = (error) => error instanceof AggregateError && !error.message
  ? error.errors.map((each) => text(each?.message)).join('; ')
  : text(error.message);
process.on('uncaughtException', fail);
process.on('beforeExit', () => failed('unsettled', 'waits at its top level for something that never settles', ''));
process.on('exit', (code) =>
  failed('exited', 'ended its process (exit code ' + code + ') while it was loaded', new Error().stack));
const [, bundle, limit] = process.argv;
setTimeout(
  () => failed('hung', 'did not finish loading within ' + limit / 1000 + ' s', '', getActiveResourcesInfo()), limit,
).unref();
import(bundle).then((module) => answer({ answer: { file: module.file(), everyTask: module.everyTask() } })).catch(fail);
`;

/**
 * Loads a bundle in a process of its own and answers what its exports `file` and `everyTask` return. Never hangs: a
 * process that is not done in time is ended, with all that it started.
 */
export function runChild<T>(options: ChildOptions): Promise<ChildOutcome<T>> {
  const { bundle, cwd, env, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    // A group of its own, so that what the file starts ends with it.
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', '-e', SCRIPT, pathToFileURL(bundle).href, String(timeoutMs)],
      {
        cwd,
        env,
        detached: process.platform !== 'win32',
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      },
    );
    let timedOut = false;
    const kill = () => killGroup(child.pid);
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, timeoutMs + GRACE_MS);
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
      resolve(outcome ?? { failure: unanswered(timedOut ? timeoutMs : undefined, signal ?? `exit code ${code}`) });
    });
  });
}

/** What can be said of a process that did not say anything itself. */
function unanswered(limitMs: number | undefined, end: string): ChildFailure {
  const silent = { stack: '', resources: [] };
  return limitMs === undefined
    ? { ...silent, kind: 'exited', problem: `ended its process (${end}) while it was loaded` }
    : { ...silent, kind: 'hung', problem: `did not finish loading within ${limitMs / 1000} s` };
}

/** `undefined`: whatever the file wrote there itself is as good as nothing. */
function parseOutcome<T>(output: string): ChildOutcome<T> | undefined {
  try {
    const { answer, failure } = JSON.parse(output, reviveValue) as { answer?: T; failure?: unknown };
    if (failure !== undefined) return isFailure(failure) ? { failure } : undefined;
    return answer === undefined ? undefined : { answer };
  } catch {
    return undefined;
  }
}

function isFailure(value: unknown): value is ChildFailure {
  const { kind, problem, stack, resources } = value as Partial<Record<keyof ChildFailure, unknown>>;
  const kinds: unknown[] = ['threw', 'exited', 'unsettled', 'hung'];
  const texts = [problem, stack, ...(Array.isArray(resources) ? resources : [undefined])];
  return kinds.includes(kind) && texts.every((each) => typeof each === 'string');
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM'))) throw error;
  }
}
