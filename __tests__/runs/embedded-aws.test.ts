import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildRic } from '../../scripts/build-ric.ts';
import { buildRuntime } from '../../scripts/build-runtime.ts';
import { systemClock } from '../../src/clock.ts';
import { type LocalAws, startLocalAws } from '../../src/local/index.ts';
import { compress, writeZip } from '../../src/package/zip.ts';
import type { PlannedRun } from '../../src/runs/run-task.ts';
import { runTasks } from '../../src/runs/run-tasks.ts';
import type { RunResult } from '../../src/runs/types.ts';
import { MemoryRunner, projectTask } from './helpers.ts';

let folder: string;
let aws: LocalAws;
let client: LambdaClient;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lumo-runs-'));
  const runtimeClient = path.join(folder, 'dist/ric/index.mjs');
  await mkdir(path.dirname(runtimeClient), { recursive: true });
  await Promise.all([buildRic(runtimeClient), buildRuntime(path.join(folder, 'dist'))]);
  aws = await startLocalAws({ stateDir: path.join(folder, 'state'), runtimeClient });
  client = new LambdaClient({
    region: 'eu-west-1',
    endpoint: aws.endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
});
afterAll(async () => {
  client.destroy();
  await aws.close();
  await rm(folder, { recursive: true, force: true });
});

const OK = `return { success: true, message: 'done' };`;

/** Name to source; each runs as a real function with 1 s and 128 MB. */
const TASKS = {
  fine: `export const run = async () => { console.log('working'); ${OK} };`,
  failure: `export const run = async () => ({ success: false, message: 'not today' });`,
  thrown: `export const run = async () => { throw new TypeError('boom', { cause: new Error('deep') }); };`,
  slow: `export const run = async () => { console.log('before'); await new Promise((r) => setTimeout(r, 9000)); };`,
  exits: `export const run = async () => { console.log('bye'); process.exit(0); };`,
  hungry: `export const run = async () => {
    const all = []; for (;;) { all.push(Buffer.alloc(10_000_000, 1)); await new Promise((r) => setTimeout(r, 5)); } };`,
  unloadable: `import 'not-installed-anywhere'; export const run = async () => { ${OK} };`,
  early: `throw new RangeError('at the top'); export const run = async () => { ${OK} };`,
  pending: `export const run = async () => { await new Promise(() => {}); };`,
  floating: `export const run = async () => { setTimeout(() => { throw new RangeError('late'); }); await new Promise((r) => setTimeout(r, 900)); };`,
  wrong: `export const run = async () => 'done';`,
};

async function deploy(name: string, source: string): Promise<PlannedRun> {
  const entry = `import { createHandler } from ${JSON.stringify(path.join(folder, 'dist/runtime/index.mjs'))};
    import * as task from './task.ts'; export const handler = createHandler(task, { file: 'task.ts', lumoId: '${name}' });`;
  const sources = path.join(folder, name);
  await mkdir(sources);
  await writeFile(path.join(sources, 'task.ts'), source);
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: sources },
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['not-installed-anywhere'],
    write: false,
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? []);
  await client.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Role: 'arn:aws:iam::000000000000:role/local',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 1,
      MemorySize: 128,
      Code: { ZipFile: writeZip([{ name: 'index.mjs', mode: 0o100644, content: await compress(code) }]) },
      Publish: true,
    }),
  );
  const task = projectTask(name, { timeout: 1 });
  const deployment = { id: 'x', isFirstDeploy: true, environment: 'dev', version: '1' };
  return {
    task,
    skip: undefined,
    target: { functionName: name, qualifier: '1', existing: false },
    event: ({ number, runStartedAt: startedAt, machine: { cpu, memory } }) => ({
      lumo: 1,
      task: name,
      deployment,
      config: {},
      payload: {},
      run: { id: `x/${name}`, createdAt: startedAt, startedAt, isReplay: false },
      attempt: { number, maxAttempts: 1 },
      retry: task.behaviour.retry,
      machine: { cpu, memory },
      queue: { name: 'x' },
      source: { project: 'shop' },
      strictHooks: false,
    }),
  };
}

test('every way a task can end has its status, its message and its output', async () => {
  const runs: PlannedRun[] = [];
  for (const [name, source] of Object.entries(TASKS)) {
    runs.push(await deploy(name, source));
  }
  const runner = new MemoryRunner();
  const results = await runTasks({
    runs,
    satisfied: new Set(),
    maxParallel: 4,
    failFast: false,
    channels: undefined,
    invoker: client,
    clock: systemClock,
    runner,
    signal: new AbortController().signal,
    beforeAttempt: async ({ deadline }) => deadline,
    afterRun: async () => undefined,
    translate: async (error) => error,
    enlarge: () => Promise.reject(new Error('nothing here has a larger machine')),
  });
  const of = (name: string): RunResult | undefined => results.find(({ task }) => task === name);

  expect(of('fine')).toMatchObject({ status: 'COMPLETED', message: 'done', version: '1' });
  expect(of('fine')?.billedMs).toBeGreaterThan(0);
  expect(of('fine')?.maxMemoryMb).toBeGreaterThan(0);
  expect(of('failure')).toMatchObject({ status: 'FAILED', message: 'not today' });
  expect(of('thrown')).toMatchObject({
    status: 'FAILED',
    error: {
      name: 'TypeError',
      message: 'boom',
      stack: expect.stringContaining('index.mjs'),
      cause: { message: 'deep' },
    },
  });
  expect(of('slow')).toMatchObject({ status: 'TIMED_OUT', message: expect.stringContaining('after 1 s') });
  expect(of('exits')).toMatchObject({ status: 'CRASHED', message: expect.stringContaining('exit code 0') });
  expect(of('hungry')).toMatchObject({
    status: 'CRASHED',
    message: expect.stringMatching(/^Out of memory: used \d+ of 128/),
  });
  expect(of('unloadable')).toMatchObject({
    status: 'SYSTEM_FAILURE',
    message: expect.stringContaining('not-installed-anywhere'),
  });
  expect(of('early')).toMatchObject({
    status: 'SYSTEM_FAILURE',
    message: expect.stringContaining('at the top'),
    error: { stack: expect.stringContaining('index.mjs') },
  });
  expect(of('pending')).toMatchObject({ status: 'FAILED', message: expect.stringContaining('never settled') });
  expect(of('floating')).toMatchObject({ status: 'FAILED', error: { name: 'RangeError', message: 'late' } });
  expect(of('wrong')).toMatchObject({ status: 'FAILED', message: expect.stringContaining("a string: 'done'") });

  for (const line of ['  working', '  before', '  bye']) {
    expect(runner.lines.filter((each) => each === line)).toEqual([line]);
  }
  expect(runner.lines.filter((line) => line.includes('LUMO-ENVELOPE'))).toEqual([]);
}, 60_000);
