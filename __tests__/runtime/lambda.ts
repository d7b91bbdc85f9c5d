import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { buildRuntime } from '../../scripts/build-runtime.ts';
import type { Envelope, InvokeEvent } from '../../src/runtime/protocol.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');

/** What came of one invocation: an answer, or the end of the process without one. */
export type Invocation = { answer: unknown } | { error: Record<string, unknown> } | { exitCode: number | null };

/** A task inside AWS's own runtime client, over the Lambda Runtime API. */
export interface Lambda {
  /** `remainingMs`: what the function has until its time-out, which nobody enforces. */
  invoke(event?: unknown, remainingMs?: number): Promise<Invocation>;
  /** Invokes and insists on an envelope. */
  run(event?: InvokeEvent, remainingMs?: number): Promise<Envelope>;
  /** Everything the process has printed. */
  log(): string;
  close(): Promise<void>;
}

export interface LambdaOptions {
  /** Source of the task's file. */
  task: string;
  /** Its name, `task.ts` by default. */
  file?: string;
  /** Source of a module that is loaded before it. */
  preload?: string;
  /** Source of `init.ts`. */
  init?: string;
  /** Source of `trigger.config.ts`. */
  config?: string;
  /** Files of the package besides the code. */
  assets?: Record<string, string>;
  env?: Record<string, string>;
}

export function invokeEvent(changes: Partial<InvokeEvent> = {}): InvokeEvent {
  return {
    lumo: 1,
    task: 'demo',
    deployment: { id: '1-1-0badcafe', isFirstDeploy: true, environment: 'dev', version: '1.0.0' },
    config: { timeout: 300 },
    payload: {},
    run: {
      id: '1-1-0badcafe/demo',
      createdAt: '2026-03-01T10:00:00.000Z',
      startedAt: '2026-03-01T10:00:01.000Z',
      isReplay: false,
    },
    attempt: { number: 1, maxAttempts: 1 },
    retry: { maxAttempts: 1, factor: 2, minTimeoutInMs: 1000, maxTimeoutInMs: 60_000, randomize: false },
    machine: { cpu: 0.58, memory: 1024 },
    queue: { name: 'task/demo' },
    source: { project: 'shop' },
    strictHooks: false,
    ...changes,
  };
}

/** A folder with the built runtime, the SDK and the runtime client, shared by the tests of one file. */
export async function createWorkshop() {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'lumo-runtime-'));
  const dist = path.join(folder, 'dist');
  await buildRuntime(dist);
  const client = path.join(folder, 'ric.mjs');
  await writeRuntimeClient(client);
  let count = 0;
  return {
    dist,
    async start(options: LambdaOptions): Promise<Lambda> {
      count += 1;
      const root = path.join(folder, `task-${count}`);
      await bundleTask(root, dist, options);
      return startLambda(root, client, options);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** AWS's client without its native part, whose three calls are made over HTTP. */
async function writeRuntimeClient(file: string): Promise<void> {
  const source = await readFile(path.join(ROOT, 'node_modules/aws-lambda-ric/index.mjs'), 'utf8');
  const native = 'cjsRequire("./rapid-client.node")';
  if (!source.includes(native)) {
    throw new Error('the runtime client has changed');
  }
  const calls = `(() => {
    const base = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
    const fetch = globalThis.fetch;
    let posted = Promise.resolve();
    const post = (path, body) => { posted = fetch(base + path, { method: 'POST', body }).then((r) => r.text()); };
    return {
      async next() {
        await posted;
        const response = await fetch(base + 'next');
        return { bodyJson: await response.text(), headers: Object.fromEntries(response.headers) };
      },
      done: (id, body) => post(id + '/response', body),
      error: (id, body) => post(id + '/error', body),
    };
  })()`;
  await writeFile(file, source.replace(native, calls));
}

async function bundleTask(root: string, dist: string, options: LambdaOptions): Promise<void> {
  const { task, file = 'task.ts', preload = '', init = '', config = 'export default {};', assets = {} } = options;
  const source = path.join(root, 'src');
  await mkdir(source, { recursive: true });
  await writeFile(path.join(source, file), task);
  await writeFile(path.join(source, 'preload.mjs'), preload);
  await writeFile(path.join(source, 'init.ts'), init);
  await writeFile(path.join(source, 'trigger.config.ts'), config);
  await writeFile(path.join(source, 'config.mjs'), configModule(dist));
  for (const [name, text] of Object.entries(assets)) {
    await mkdir(path.dirname(path.join(root, 'root', name)), { recursive: true });
    await writeFile(path.join(root, 'root', name), text);
  }
  await build({
    stdin: {
      contents: `import { createHandler } from ${JSON.stringify(path.join(dist, 'runtime/index.mjs'))};
        import ${JSON.stringify(path.join(source, 'preload.mjs'))};
        import ${JSON.stringify(path.join(source, 'config.mjs'))};
        import ${JSON.stringify(path.join(source, 'init.ts'))};
        import * as task from ${JSON.stringify(path.join(source, file))};
        export const handler = createHandler(task, { file: ${JSON.stringify(`functions/tasks/${file}`)}, lumoId: 'demo' });`,
      resolveDir: root,
    },
    outfile: path.join(root, 'root/index.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minify: true,
    keepNames: true,
    banner: {
      js: "import{createRequire as __lumoCreateRequire}from'node:module';const require=__lumoCreateRequire(import.meta.url);",
    },
    alias: {
      '@lumo-framework/core': path.join(dist, 'sdk/core.mjs'),
      '@lumo-framework/tasks': path.join(dist, 'sdk/tasks.mjs'),
      '@trigger.dev/sdk': path.join(dist, 'sdk/tasks.mjs'),
      '@trigger.dev/sdk/v3': path.join(dist, 'sdk/tasks.mjs'),
    },
    logLevel: 'silent',
  });
}

/** A module of its own, imported first, so that the configuration is known before anything registers. */
function configModule(dist: string): string {
  return `import { setConfig } from ${JSON.stringify(path.join(dist, 'runtime/index.mjs'))};
    import config, * as exports from './trigger.config.ts';
    setConfig(config, exports);`;
}

async function startLambda(root: string, client: string, { env = {} }: LambdaOptions): Promise<Lambda> {
  const api = new RuntimeApi();
  const port = await api.listen();
  const taskRoot = path.join(root, 'root');
  const child = spawn(process.execPath, [client], {
    cwd: taskRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      _HANDLER: 'index.handler',
      LAMBDA_TASK_ROOT: taskRoot,
      AWS_LAMBDA_FUNCTION_NAME: 'demo',
      AWS_LAMBDA_FUNCTION_VERSION: '1',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
      AWS_LAMBDA_LOG_GROUP_NAME: 'group',
      AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
      ...env,
    },
  });
  const log: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => log.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => log.push(chunk));
  // `close` and not `exit`: the output is complete then.
  child.on('close', (exitCode) => api.end({ exitCode }));
  const text = () => Buffer.concat(log).toString();
  const lambda: Lambda = {
    invoke: (event = invokeEvent(), remainingMs = 60_000) => api.invoke(event, remainingMs),
    async run(event, remainingMs) {
      const invocation = await lambda.invoke(event, remainingMs);
      if (!('answer' in invocation)) {
        throw new Error(`no answer but ${JSON.stringify(invocation)}\n${text()}`);
      }
      return invocation.answer as Envelope;
    },
    log: text,
    close: () => close(child, api),
  };
  return lambda;
}

async function close(child: ChildProcess, api: RuntimeApi): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  await api.close();
}

/** The side of the Runtime API that Lambda has, for one invocation at a time. */
class RuntimeApi {
  private readonly server: Server = createServer((request, response) => this.handle(request, response));
  private idle: ServerResponse | undefined;
  private event: unknown;
  private remainingMs = 0;
  private settle: ((invocation: Invocation) => void) | undefined;
  private ended: Invocation | undefined;
  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  invoke(event: unknown, remainingMs: number): Promise<Invocation> {
    return new Promise((resolve) => {
      this.event = event;
      this.remainingMs = remainingMs;
      this.settle = resolve;
      if (this.ended !== undefined) {
        this.end(this.ended);
      }
      this.deliver();
    });
  }

  end(invocation: Invocation): void {
    this.ended = invocation;
    this.finish(invocation);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    if (request.url?.endsWith('/next')) {
      this.idle = response;
      this.deliver();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(202).end();
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      this.finish(request.url?.endsWith('/response') ? { answer: body } : { error: body as Record<string, unknown> });
    });
  }

  private deliver(): void {
    if (this.idle !== undefined && this.event !== undefined) {
      this.idle.setHeader('Lambda-Runtime-Aws-Request-Id', 'request-1');
      this.idle.setHeader('Lambda-Runtime-Deadline-Ms', String(Date.now() + this.remainingMs));
      this.idle.setHeader('Lambda-Runtime-Invoked-Function-Arn', 'arn:aws:lambda:eu-west-1:000000000000:function:demo');
      this.idle.end(JSON.stringify(this.event));
      this.idle = undefined;
      this.event = undefined;
    }
  }

  private finish(invocation: Invocation): void {
    this.settle?.(invocation);
    this.settle = undefined;
  }
}
