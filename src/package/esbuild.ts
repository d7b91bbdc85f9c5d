import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { ActionError, type ErrorDetail, type ErrorLocation } from '../errors.ts';
import type { Esbuild } from './find-esbuild.ts';
import { limiter, MAX_PROCESSES } from './limiter.ts';
import { relativePosix } from './resolve.ts';

export { ESBUILD_VERSION } from './esbuild-version.ts';
export { type Esbuild, findEsbuild } from './find-esbuild.ts';

export interface MetafileImport {
  path: string;
  kind: string;
  external?: boolean;
  /** As written in the source; absent for entry points and runtime helpers. */
  original?: string;
}

/** The part of esbuild's metafile that is used. All paths are relative to esbuild's working folder, with `/`. */
export interface Metafile {
  inputs: Record<string, { bytes: number; imports: MetafileImport[]; format?: 'cjs' | 'esm' }>;
  outputs: Record<
    string,
    {
      bytes: number;
      entryPoint?: string;
      exports: string[];
      imports: MetafileImport[];
      inputs: Record<string, { bytesInOutput: number }>;
    }
  >;
}

/** One finding of esbuild. `file` is absolute, `line` and `column` count from 1. */
export interface EsbuildMessage {
  text: string;
  file?: string;
  line?: number;
  column?: number;
}

/** esbuild looked at the sources and refused; what it found, in the order of files and lines. */
export class EsbuildFailure extends Error {
  readonly messages: readonly EsbuildMessage[];

  constructor(messages: readonly EsbuildMessage[]) {
    super(messages.map((message) => message.text).join('\n'));
    this.name = 'EsbuildFailure';
    this.messages = messages;
  }
}

/** The findings as details of an `ActionError`, files relative to the project's boundary. */
export function esbuildDetails(messages: readonly EsbuildMessage[], boundary: string): ErrorDetail[] {
  return messages.map((message) => {
    if (message.file === undefined) return { message: message.text };
    const location: ErrorLocation = { file: relativePosix(boundary, message.file) };
    if (message.line !== undefined) location.line = message.line;
    if (message.column !== undefined) location.column = message.column;
    return { message: message.text, location };
  });
}

export interface RunEsbuildOptions {
  /** Paths in the metafile are relative to it. Should be a real path, without symbolic links. */
  cwd: string;
  /** The metafile lies here while esbuild runs. */
  tempDir: string;
  signal?: AbortSignal;
}

/**
 * Runs the native executable with `args` (flags and entry points) and answers its metafile. Throws `EsbuildFailure`
 * when the sources are refused. The child dies with the signal and with this process.
 */
export async function runEsbuild(
  esbuild: Esbuild,
  args: readonly string[],
  options: RunEsbuildOptions,
): Promise<Metafile> {
  const metafile = path.join(options.tempDir, `metafile-${randomUUID()}.json`);
  const flags = ['--log-level=error', '--log-limit=0', '--color=false', `--metafile=${metafile}`];
  const { code, stderr } = await inTurn(() => spawnEsbuild(esbuild, [...args, ...flags], options));
  if (code !== 0) throw new EsbuildFailure(parseMessages(stderr, options.cwd));
  try {
    return JSON.parse(await readFile(metafile, 'utf8')) as Metafile;
  } finally {
    await rm(metafile, { force: true });
  }
}

const inTurn = limiter(MAX_PROCESSES);

function spawnEsbuild(
  esbuild: Esbuild,
  args: readonly string[],
  { cwd, signal }: RunEsbuildOptions,
): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // The environment is empty, so that NODE_PATH and the like never decide what is in a bundle.
    const child = spawn(esbuild.binary, args, { cwd, env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
    const kill = () => child.kill('SIGKILL');
    const release = () => {
      process.removeListener('exit', kill);
      signal?.removeEventListener('abort', kill);
    };
    process.once('exit', kill);
    signal?.addEventListener('abort', kill, { once: true });
    const chunks: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (cause) => {
      release();
      reject(
        new ActionError('ESBUILD_UNAVAILABLE', `esbuild (${esbuild.origin}) could not be started: ${cause.message}`, {
          advice: `Check that ${esbuild.binary} is executable on this machine`,
          cause,
        }),
      );
    });
    child.on('close', (code) => {
      release();
      if (signal?.aborted) reject(signal.reason);
      else resolve({ code, stderr: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

/**
 * esbuild's command line reports in text only: `✘ [ERROR] <text>`, an empty line, and indented by four
 * `<file>:<line>:<byte column from 0>:`. Quoted source lines are indented further, so they cannot be taken for either.
 */
export function parseMessages(stderr: string, cwd: string): EsbuildMessage[] {
  const messages = stderr
    .split(/^(?:✘|X) \[ERROR\] /m)
    .slice(1)
    .map((block) => parseMessage(block, cwd));
  if (messages.length === 0) return [{ text: stderr.trim() || 'esbuild ended without saying why' }];
  return messages.sort(
    (a, b) => compare(a.file ?? '', b.file ?? '') || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
}

function parseMessage(block: string, cwd: string): EsbuildMessage {
  const at = /^ {4}(\S.*):(\d+):(\d+):$/m.exec(block);
  const head = at ? block.slice(0, at.index) : block.split('\n\n')[0];
  const text = (head ?? '').trim();
  if (!at) return { text };
  return { text, file: path.resolve(cwd, at[1] ?? ''), line: Number(at[2]), column: Number(at[3]) + 1 };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
