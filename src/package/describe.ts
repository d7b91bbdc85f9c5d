import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ActionError, type ErrorLocation } from '../errors.ts';
import { type Esbuild, EsbuildFailure, esbuildDetails, runEsbuild, sdkAliases } from './esbuild.ts';
import { limiter, MAX_PROCESSES } from './limiter.ts';
import { isInside, relativePosix } from './resolve.ts';

export interface DescribeOptions {
  /** Real paths. */
  root: string;
  boundary: string;
  esbuild: Esbuild;
  distDir: string;
  tempDir: string;
  /** `LUMO_ENVIRONMENT` of the child. */
  environment: string;
  /** Of which the child sees `LUMO_*` and the region, and nothing else. */
  env?: NodeJS.ProcessEnv;
  /** Milliseconds until a file that does not finish loading is given up. */
  timeoutMs?: number;
}

export interface CommonJsDescription {
  /** Names of what the module exports, those of its default export included. */
  exports: string[];
}

const TIMEOUT_MS = 10_000;
/** An answer is a list of names or an error; more is not an answer of ours. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * What CommonJS task files export, which only running them tells: each is loaded in a process of its own, without
 * credentials, which ends as soon as the file is loaded. `files` are relative to `root`; so are the keys of the answer.
 * Throws `TASK_BUNDLE_FAILED`, and `TASK_IMPORT_FAILED` for a file that throws, exits or does not finish.
 */
export async function describeCommonJs(
  files: readonly string[],
  options: DescribeOptions,
): Promise<Map<string, CommonJsDescription>> {
  const folder = await mkdtemp(path.join(options.tempDir, 'describe-'));
  try {
    const bundles = await bundleForDescription(files, folder, options);
    const inTurn = limiter(MAX_PROCESSES);
    const settled = await Promise.allSettled(
      files.map((file, index) => inTurn(() => describe(file, bundles[index] ?? '', options))),
    );
    const failures = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    if (failures.length > 0) throw importError(failures);
    return new Map(
      settled.flatMap((each, index) => (each.status === 'fulfilled' ? [[files[index] ?? '', each.value]] : [])),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Packages stay outside: a description needs the file and what it imports of the project's own. */
async function bundleForDescription(
  files: readonly string[],
  folder: string,
  { root, boundary, distDir, tempDir, esbuild }: DescribeOptions,
): Promise<string[]> {
  const entries = path.join(folder, 'entries');
  const outdir = path.join(folder, 'out');
  await mkdir(entries);
  await Promise.all(
    files.map((file, index) => {
      const entry = `module.exports = require(${JSON.stringify(path.join(root, file))});\n`;
      return writeFile(path.join(entries, `${index}.cjs`), entry);
    }),
  );
  const flags = [
    '--bundle',
    '--packages=external',
    '--platform=node',
    '--format=cjs',
    '--sourcemap=inline',
    '--sources-content=false',
    '--loader:.node=empty',
    '--out-extension:.js=.cjs',
    ...(await sdkAliases({ distDir, projectRoot: root })),
  ];
  try {
    const args = [path.join(entries, '*.cjs'), `--outbase=${entries}`, `--outdir=${outdir}`, ...flags];
    await runEsbuild(esbuild, args, { cwd: root, tempDir });
  } catch (cause) {
    if (!(cause instanceof EsbuildFailure)) throw cause;
    throw new ActionError('TASK_BUNDLE_FAILED', 'The tasks cannot be bundled', {
      advice: 'Correct the named places',
      details: esbuildDetails(cause.messages, boundary),
      cause,
    });
  }
  return files.map((_, index) => path.join(outdir, `${index}.cjs`));
}

/**
 * Runs in the child: node -e SCRIPT bundle file. Packages are loaded from where the task's file would load them, and
 * one that cannot be loaded here (it may come with a layer) is stood in for by something that takes every use.
 */
const SCRIPT = `
const fs = require('node:fs'), path = require('node:path'), Module = require('node:module');
const [bundle, file] = process.argv.slice(1);
const answer = (value) => { fs.writeSync(3, JSON.stringify(value)); process.kill(process.pid, 'SIGKILL'); };
const text = (value) => { try { return String(value); } catch { return 'a value that is no text'; } };
const standIn = new Proxy(function () {}, {
  get: (target, key) => key === Symbol.toPrimitive ? () => '' : key === 'then' ? undefined
    : key === 'prototype' ? target.prototype : standIn,
  apply: () => standIn, construct: () => standIn,
});
const task = new Module(file);
task.filename = file;
task.paths = Module._nodeModulePaths(path.dirname(file));
task.require = (name) => {
  try { return Module.prototype.require.call(task, name); } catch { return standIn; }
};
try {
  task._compile(fs.readFileSync(bundle, 'utf8'), bundle);
  const names = (value) => value !== null && ['object', 'function'].includes(typeof value) ? Object.keys(value) : [];
  const exported = task.exports;
  answer({ exports: [...new Set([...names(exported), ...names(exported && exported.default)])] });
} catch (error) {
  answer({ error: error instanceof Error ? { message: text(error.message), stack: text(error.stack) } : { message: text(error), stack: '' } });
}
`;

async function describe(file: string, bundle: string, options: DescribeOptions): Promise<CommonJsDescription> {
  const absolute = path.join(options.root, file);
  const { output, ended } = await runChild([bundle, absolute], options);
  const fileLocation = { file: relativePosix(options.boundary, absolute) };
  const answer = parseAnswer(output);
  if (answer && 'exports' in answer) return answer;
  if (!answer) throw failure(`${file} ${ended}`, fileLocation);
  throw failure(
    `${file} threw while it was loaded: ${answer.message}`,
    positionIn(answer.stack, options) ?? fileLocation,
  );
}

function failure(message: string, location: ErrorLocation): ActionError {
  return new ActionError('TASK_IMPORT_FAILED', message, {
    advice: 'Open connections and read secrets inside run, not while the file is loaded',
    location,
  });
}

function importError(failures: readonly unknown[]): unknown {
  const [first, second] = failures;
  const known = failures.filter((each) => each instanceof ActionError);
  if (second === undefined || known.length < failures.length || !(first instanceof ActionError)) return first;
  return new ActionError(first.code, `${failures.length} task files cannot be loaded`, {
    advice: first.advice,
    details: known.map(({ message, location }) => ({ message, ...(location && { location }) })),
  });
}

type Answer = CommonJsDescription | { message: string; stack: string };

function parseAnswer(output: string): Answer | undefined {
  try {
    const { exports, error } = JSON.parse(output) as { exports?: unknown; error?: Record<string, unknown> };
    if (error) return { message: String(error.message), stack: String(error.stack) };
    return Array.isArray(exports) ? { exports: exports.map(String) } : undefined;
  } catch {
    // Whatever the file wrote there itself is as good as nothing.
    return undefined;
  }
}

/** The first frame of a stack, which the child has translated, that lies in the project's own code. */
function positionIn(stack: string, { boundary }: DescribeOptions): ErrorLocation | undefined {
  for (const [, place = '', line, column] of stack.matchAll(
    /^ +at .*?\(?((?:file:\/\/|\/|[A-Za-z]:[\\/]).*?):(\d+):(\d+)\)?$/gm,
  )) {
    const file = place.startsWith('file:') ? fileURLToPath(place) : place;
    if (isInside(boundary, file) && !file.includes('node_modules')) {
      return { file: relativePosix(boundary, file), line: Number(line), column: Number(column) };
    }
  }
  return undefined;
}

function runChild(args: readonly string[], options: DescribeOptions): Promise<{ output: string; ended: string }> {
  const { root, timeoutMs = TIMEOUT_MS } = options;
  return new Promise((resolve, reject) => {
    // A group of its own, so that what the file starts ends with it.
    const child = spawn(process.execPath, ['--enable-source-maps', '-e', SCRIPT, ...args], {
      cwd: root,
      env: childEnvironment(options),
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
      const ended = timedOut
        ? `did not finish loading within ${timeoutMs / 1000} s`
        : `ended its process (${signal ?? `exit code ${code}`}) while it was loaded`;
      resolve({ output: Buffer.concat(chunks).toString('utf8'), ended });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM'))) throw error;
  }
}

/** Nothing of the host's but what says where the project is deployed to. */
function childEnvironment({ env = process.env, environment }: DescribeOptions): NodeJS.ProcessEnv {
  const names = ['AWS_REGION', 'AWS_DEFAULT_REGION', ...(process.platform === 'win32' ? ['SystemRoot'] : [])];
  const kept = Object.entries(env).filter(([name]) => name.startsWith('LUMO_') || names.includes(name));
  return { ...Object.fromEntries(kept), LUMO_ENVIRONMENT: environment };
}
