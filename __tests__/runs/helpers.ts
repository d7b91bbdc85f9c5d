import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Clock } from '../../src/clock.ts';
import type { ProjectTask, TaskBehaviour, TaskSettings } from '../../src/project/types.ts';
import type { Runner } from '../../src/runner/types.ts';
import type { InvokeOutcome } from '../../src/runs/invoke.ts';

/** A Lumo task on a queue of its own, tried once, without hooks. */
export function taskBehaviour(name: string, changes: Partial<TaskBehaviour> = {}): TaskBehaviour {
  return {
    dialect: 'lumo',
    retry: { maxAttempts: 1, factor: 2, minTimeoutInMs: 1000, maxTimeoutInMs: 60_000, randomize: false },
    outOfMemoryMachine: undefined,
    machine: { name: undefined, cpu: 1024 / 1769, memory: 1024 },
    queue: { name: `task/${name}`, concurrencyLimit: undefined },
    maxDuration: undefined,
    hooks: [],
    notes: [],
    ...changes,
  };
}

export function projectTask(
  name: string,
  settings: Partial<TaskSettings> = {},
  behaviour: Partial<TaskBehaviour> = {},
): ProjectTask {
  return {
    name,
    file: `functions/tasks/${name}.ts`,
    settings: {
      timeout: 300,
      runOn: ['deploy', 'update'],
      copyAssets: [],
      needs: [],
      memory: 1024,
      env: {},
      nodeModules: [],
      external: [],
      vpc: undefined,
      layers: [],
      architecture: 'x86_64',
      ephemeralStorage: 512,
      role: undefined,
      runtime: 'nodejs24.x',
      tags: {},
      kmsKeyArn: undefined,
      logGroup: undefined,
      function: undefined,
      payload: {},
      ...settings,
    },
    behaviour: taskBehaviour(name, behaviour),
  };
}

export function answered(changes: Partial<Extract<InvokeOutcome, { kind: 'answered' }>> = {}): InvokeOutcome {
  return {
    kind: 'answered',
    payload: 'null',
    functionError: undefined,
    logTail: '',
    requestId: 'request-1',
    version: '7',
    ...changes,
  };
}

export function envelope(task: string, changes: Record<string, unknown> = {}): string {
  return JSON.stringify({
    lumo: 1,
    task,
    status: 'COMPLETED',
    result: { success: true, message: `${task} done` },
    logs: [{ number: 1, stream: 'stdout', text: `hello from ${task}` }],
    droppedLines: 0,
    ...changes,
  });
}

/** Short pauses pass at once, long ones only end by their signal: what a test of retries needs. */
export function impatientClock(longest = 60_000): Clock & { slept: number[] } {
  let now = Date.UTC(2026, 0, 1);
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    random: () => 0.5,
    async sleep(milliseconds, signal) {
      if (milliseconds > longest) {
        await aborted(signal);
      }
      signal?.throwIfAborted();
      slept.push(milliseconds);
      now += milliseconds;
    },
  };
}

/** Time that stands still until every promise is waiting for it; then the earliest sleeper wakes. */
export class VirtualClock implements Clock {
  private time = 0;
  private readonly sleepers = new Set<{ at: number; wake: () => void }>();

  now(): number {
    return this.time;
  }

  random(): number {
    return 0.5;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const sleeper = { at: this.time + milliseconds, wake: resolve };
      this.sleepers.add(sleeper);
      signal?.addEventListener('abort', () => {
        this.sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });
  }

  async runUntil<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const finished = work.finally(() => {
      done = true;
    });
    finished.catch(() => undefined);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = [...this.sleepers].sort((a, b) => a.at - b.at)[0];
      if (done || next === undefined) {
        return finished;
      }
      this.sleepers.delete(next);
      this.time = next.at;
      next.wake();
    }
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
  });
}

/** Remembers what was printed; a group is its title and its lines. */
export class MemoryRunner implements Runner {
  readonly onActions = false;
  readonly lines: string[] = [];

  info(line: string): void {
    this.lines.push(line);
  }
  warning(message: string): void {
    this.lines.push(`warning: ${message}`);
  }
  debug(): void {}
  async group<T>(title: string, body: () => Promise<T>): Promise<T> {
    this.lines.push(`> ${title}`);
    await new Promise((resolve) => setImmediate(resolve));
    try {
      return await body();
    } finally {
      this.lines.push('<');
    }
  }
  untrusted(lines: readonly string[]): void {
    this.lines.push(...lines.map((line) => `  ${line}`));
  }
  annotate(): void {}
  mask(): void {}
  redact(text: string): string {
    return text;
  }
  saveState(): void {}
  setOutput(): void {}
  appendSummary(): void {}
}

export interface InvokeRequest {
  functionName: string;
  qualifier: string | null;
  body: string;
  headers: IncomingMessage['headers'];
  socket: IncomingMessage['socket'];
}

type Reply = (request: InvokeRequest, response: ServerResponse) => void | Promise<void>;

/** Lambda's side of Invoke. */
export class InvokeServer {
  readonly requests: InvokeRequest[] = [];
  /** Used up one by one; the last one stays. */
  replies: Reply[] = [];
  port = 0;
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://lambda');
      const received = {
        functionName: decodeURIComponent(url.pathname.split('/')[3] ?? ''),
        qualifier: url.searchParams.get('Qualifier'),
        body: Buffer.concat(chunks).toString(),
        headers: request.headers,
        socket: request.socket,
      };
      this.requests.push(received);
      const reply = this.replies.length > 1 ? this.replies.shift() : this.replies[0];
      void reply?.(received, response);
    });
  });

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** As the action makes it for Invoke. */
  client(port = this.port): LambdaClient {
    return new LambdaClient({
      region: 'eu-west-1',
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
      maxAttempts: 1,
    });
  }
}

export function answer(payload: string, headers: Record<string, string> = {}): Reply {
  return (_, response) => {
    response.writeHead(200, { 'x-amz-executed-version': '7', 'x-amzn-requestid': 'request-1', ...headers });
    response.end(payload);
  };
}

export function refuse(status: number, code: string, message = 'said', headers: Record<string, string> = {}): Reply {
  return (_, response) => {
    response.writeHead(status, { 'x-amzn-errortype': code, 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ message, Message: message }));
  };
}
