import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeFlags, type SandboxFolders, type SandboxSpec, sandboxEnvironment } from './environment.ts';
import { LogFile } from './log-file.ts';
import { peakBytes, residentBytes } from './memory.ts';
import { answered, type Ending, exited, initFailed, type Outcome, timedOut } from './outcome.ts';
import { reportLines } from './report.ts';
import { RuntimeApi } from './runtime-api.ts';
import { killStrays } from './strays.ts';
import { unpack } from './unzip.ts';

export interface Invocation {
  requestId: string;
  payload: Buffer;
  /** JSON, as the caller sent it. */
  clientContext?: string | undefined;
}

export interface InvocationResult {
  payload: Buffer;
  /** A FunctionError: the payload is the error. */
  failed: boolean;
  /** Last 4 KB of the log. */
  log: Buffer;
}

const POLL_MS = process.platform === 'linux' ? 100 : 500;
/** A response that was posted just before the process ended is read within this time. */
const EXIT_GRACE_MS = 20;
const MIB = 1024 * 1024;

/**
 * One execution environment: the unpacked code in a process group of its own, driven by AWS's runtime client. Runs one
 * invocation at a time and stays warm between them, until the process ends or has to be killed.
 */
export class Sandbox {
  readonly #spec: SandboxSpec;
  readonly #folder: string;
  readonly #log: LogFile;
  #startedAt = 0;
  #api: RuntimeApi | undefined;
  /** Undefined again as soon as it has exited: its process id may then be somebody else's. */
  #child: ChildProcess | undefined;
  #settle: ((outcome: Outcome) => void) | undefined;
  #requestId = '';
  /** How the process ended, before, during or after an invocation. */
  #ended: Ending | undefined;
  #initMs: number | undefined;
  #initReported = false;
  #usedBytes = 0;
  #disposed: Promise<void> | undefined;
  readonly #initialised: Promise<void>;
  #markInitialised: () => void = () => {};

  static async start(spec: SandboxSpec, zip: Buffer): Promise<Sandbox> {
    const folder = await mkdtemp(path.join(await realpath(os.tmpdir()), 'lumo-sandbox-'));
    const sandbox = new Sandbox(spec, folder, await LogFile.create(path.join(folder, 'log')));
    try {
      await sandbox.#start(zip);
    } catch (error) {
      await sandbox.dispose();
      throw error;
    }
    return sandbox;
  }

  private constructor(spec: SandboxSpec, folder: string, log: LogFile) {
    this.#spec = spec;
    this.#folder = folder;
    this.#log = log;
    this.#initialised = new Promise((resolve) => {
      this.#markInitialised = resolve;
    });
  }

  get alive(): boolean {
    return this.#ended === undefined && this.#child !== undefined;
  }

  /** Waits for the end of the init phase, well or badly; false when it takes longer. */
  async initialised(limitMs: number): Promise<boolean> {
    const stop = new AbortController();
    const watch = this.#watch();
    try {
      const late = delay(limitMs, false, { signal: stop.signal });
      return await Promise.race([this.#initialised.then(() => true), late]);
    } finally {
      stop.abort();
      clearInterval(watch);
    }
  }

  async invoke(invocation: Invocation): Promise<InvocationResult> {
    const { requestId } = invocation;
    const begin = performance.now();
    await this.#log.append(`START RequestId: ${requestId} Version: ${this.#spec.version}\n`);
    const outcome = await this.#run(invocation);
    const durationMs = outcome.status === 'timeout' ? this.#spec.timeoutSeconds * 1000 : performance.now() - begin;
    if (this.alive) this.#usedBytes = Math.max(this.#usedBytes, peakBytes(this.#pid));
    const report = reportLines({ requestId, durationMs, ...this.#takeInit(), ...this.#measured(outcome) });
    await this.#log.append(outcome.logLine === undefined ? report : `${outcome.logLine}\n${report}`);
    return { payload: outcome.payload, failed: outcome.status !== 'success', log: await this.#log.take() };
  }

  /** Ends the whole process group at once. */
  kill(): void {
    this.#end(exited(null, 'SIGKILL'));
    killGroup(this.#pid);
  }

  /** Ends the process group and removes the sandbox's files. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    this.kill();
    killStrays(path.join(this.#folder, 'task'));
    this.#api?.close();
    await this.#log.close();
    await removeFolder(this.#folder);
  }

  get #pid(): number {
    return this.#child?.pid ?? 0;
  }

  async #start(zip: Buffer): Promise<void> {
    const folders: SandboxFolders = {
      task: path.join(this.#folder, 'task'),
      temporary: path.join(this.#folder, 'tmp'),
      home: path.join(this.#folder, 'home'),
    };
    await mkdir(folders.task);
    await mkdir(folders.temporary);
    await unpack(zip, folders.task);
    this.#api = await RuntimeApi.start({
      onReady: () => this.#onReady(),
      onInitError: (body) => this.#onInitError(body),
      onResponse: (requestId, body, bytes) => this.#onAnswer(requestId, answered(body, bytes)),
      onError: (requestId, body) => this.#onAnswer(requestId, { payload: body, status: 'error' }),
    });
    const logStream = `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[${this.#spec.version}]${randomUUID().replaceAll('-', '')}`;
    this.#startedAt = performance.now();
    const child = spawn(process.execPath, [...nodeFlags(this.#spec.memoryMb), this.#spec.runtimeClient], {
      cwd: folders.task,
      env: sandboxEnvironment(this.#spec, folders, this.#api.address, logStream),
      detached: true,
      stdio: ['ignore', this.#log.fd, this.#log.fd, 'pipe'],
    });
    this.#child = child;
    child.stdio[3]?.on('error', () => {});
    child.once('exit', (code, signal) => void this.#onExit(code, signal));
    await once(child, 'spawn');
  }

  async #run({ requestId, payload, clientContext }: Invocation): Promise<Outcome> {
    if (this.#ended !== undefined) return this.#ended(requestId);
    const { timeoutSeconds, arn } = this.#spec;
    const watch = this.#watch();
    const deadline = setTimeout(() => this.#onDeadline(requestId), timeoutSeconds * 1000);
    this.#requestId = requestId;
    try {
      return await new Promise<Outcome>((settle) => {
        this.#settle = settle;
        this.#api?.dispatch({
          requestId,
          payload,
          headers: {
            'lambda-runtime-aws-request-id': requestId,
            'lambda-runtime-deadline-ms': String(Date.now() + timeoutSeconds * 1000),
            'lambda-runtime-invoked-function-arn': arn,
            'lambda-runtime-trace-id': `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${requestId.replaceAll('-', '').slice(0, 24)};Sampled=0`,
            ...(clientContext === undefined ? {} : { 'lambda-runtime-client-context': clientContext }),
          },
        });
      });
    } finally {
      clearTimeout(deadline);
      clearInterval(watch);
    }
  }

  #onReady(): void {
    this.#initMs ??= performance.now() - this.#startedAt;
    this.#markInitialised();
  }

  /** The client posts why, and then exits. */
  #onInitError(body: Buffer): void {
    this.#end(initFailed(body));
  }

  #onDeadline(requestId: string): void {
    this.#onAnswer(requestId, timedOut(requestId, this.#spec.timeoutSeconds));
    this.kill();
  }

  #onAnswer(requestId: string, outcome: Outcome): void {
    if (requestId === this.#requestId) this.#settleWith(outcome);
  }

  async #onExit(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    killGroup(this.#pid);
    this.#child = undefined;
    await delay(EXIT_GRACE_MS);
    this.#end(exited(code, signal));
  }

  #end(ending: Ending): void {
    this.#ended ??= ending;
    this.#settleWith(this.#ended(this.#requestId));
    this.#markInitialised();
  }

  #settleWith(outcome: Outcome): void {
    this.#settle?.(outcome);
    this.#settle = undefined;
  }

  #watch(): NodeJS.Timeout {
    return setInterval(() => void this.#checkLimits(), POLL_MS);
  }

  async #checkLimits(): Promise<void> {
    if (this.#child === undefined) return;
    const bytes = await residentBytes(this.#pid);
    this.#usedBytes = Math.max(this.#usedBytes, bytes);
    if (bytes > this.#spec.memoryMb * MIB) killGroup(this.#pid);
    await this.#log.cut();
  }

  #takeInit(): { initMs: number | undefined } {
    const initMs = this.#initReported ? undefined : this.#initMs;
    this.#initReported = true;
    return { initMs };
  }

  #measured({ status, errorType }: Outcome) {
    return { status, errorType, memoryMb: this.#spec.memoryMb, usedBytes: this.#usedBytes };
  }
}

function killGroup(pid: number): void {
  if (pid === 0) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone already; on macOS a group of zombies answers EPERM.
  }
}

/** Folders of the code are read-only, which keeps their entries from being removed. */
async function removeFolder(folder: string): Promise<void> {
  await makeWritable(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(path.join(folder, entry.name));
  }
}
