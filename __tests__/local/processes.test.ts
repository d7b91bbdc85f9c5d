import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GetFunctionCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { build } from 'esbuild';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { BUCKET, clients, createFunction, invoke, isAlive, startCloud, temporaryFolder } from './harness.ts';

let script: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  script = path.join(await temporaryFolder(), 'server.mjs');
  await build({
    stdin: {
      resolveDir: path.resolve(import.meta.dirname, '../../src/local'),
      contents: `import { startLocalAws } from './index.ts';
        const [stateDir, runtimeClient] = process.argv.slice(2);
        const aws = await startLocalAws({ stateDir, runtimeClient, timing: { pendingMs: 20, updateMs: 20 } });
        process.stdout.write(aws.endpoint + '\\n');`,
    },
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function startProcess(
  stateDir: string,
  runtimeClient = '/nowhere',
): Promise<{ endpoint: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [script, stateDir, runtimeClient], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: stateDir },
  });
  children.push(child);
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { endpoint: line.toString().trim(), child };
}

it('lets one of eight racing creators win across four processes, and loses no update', async () => {
  const stateDir = await temporaryFolder();
  const servers = await Promise.all(Array.from({ length: 4 }, () => startProcess(stateDir)));
  const all = servers.flatMap(({ endpoint }) => [clients(endpoint).s3, clients(endpoint).s3]);
  for (let round = 0; round < 5; round++) {
    const Key = `lock-${round}`;
    const create = (s3: S3Client) =>
      s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'mine', IfNoneMatch: '*' }));
    const outcomes = await Promise.allSettled(all.map(create));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  }
  const [first] = all;
  await first?.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'counter', Body: '0' }));
  const increment = async (s3: S3Client): Promise<void> => {
    for (;;) {
      const { Body, ETag } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'counter' }));
      const next = Number(await Body?.transformToString()) + 1;
      const put = new PutObjectCommand({ Bucket: BUCKET, Key: 'counter', Body: String(next), IfMatch: ETag });
      if (
        await s3.send(put).then(
          () => true,
          () => false,
        )
      )
        return;
    }
  };
  await Promise.all(all.map(increment));
  const counter = await first?.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'counter' }));
  expect(await counter?.Body?.transformToString()).toBe('8');
  const left = await readdir(path.join(stateDir, 's3', BUCKET));
  expect(left.filter((name) => !name.endsWith('.object'))).toEqual([]);
});

it('takes over the lock of a process that died with it', async () => {
  const cloud = await startCloud();
  await cloud.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: '1' }));
  const folder = path.join(cloud.stateDir, 's3', BUCKET);
  const [object = ''] = await readdir(folder);
  const dead = spawn(process.execPath, ['-e', '']);
  await once(dead, 'exit');
  await mkdir(path.join(folder, `${object}.lock`, `${dead.pid}-owner`), { recursive: true });
  await cloud.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: '2' }));
  expect(await readdir(folder)).toEqual([object]);
});

it('waits for the lock of a process that lives', async () => {
  const cloud = await startCloud();
  await cloud.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: '1' }));
  const folder = path.join(cloud.stateDir, 's3', BUCKET);
  const [object = ''] = await readdir(folder);
  const owner = path.join(folder, `${object}.lock`, `${process.pid}-owner`);
  await mkdir(owner, { recursive: true });
  let done = false;
  const write = cloud.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: '2' })).then(() => {
    done = true;
  });
  await delay(200);
  expect(done).toBe(false);
  await rmdir(owner);
  await write;
});

it('knows after a restart what it knew before', async () => {
  const before = await startCloud();
  await createFunction(before, 'app', 'export const handler = async () => 1;', { Publish: true, Tags: { a: 'b' } });
  await before.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'marker.json', Body: '{}' }));
  await before.aws.close();
  const after = await startCloud({ stateDir: before.stateDir });
  expect((await after.lambda.send(new GetFunctionCommand({ FunctionName: 'app' }))).Tags).toEqual({ a: 'b' });
  expect((await invoke(after, 'app', {}, '1')).value).toBe(1);
  const marker = await after.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'marker.json' }));
  expect(await marker.Body?.transformToString()).toBe('{}');
});

it('leaves no task behind when its process is killed', async () => {
  const cloud = await startCloud();
  const pidFile = path.join(cloud.stateDir, 'pid');
  await writeFile(pidFile, '');
  const source = `import { writeFileSync } from 'node:fs';
    export const handler = async () => { writeFileSync(process.env.PID_FILE, String(process.pid)); await new Promise(() => setInterval(() => {}, 1000)); };`;
  const settings = { Timeout: 60, Environment: { Variables: { PID_FILE: pidFile } } };
  await createFunction(cloud, 'hangs', source, settings);
  const { endpoint, child } = await startProcess(cloud.stateDir, cloud.runtimeClient);
  const answer = clients(endpoint).lambda.send(new InvokeCommand({ FunctionName: 'hangs' }));
  const outcome = answer.then(
    () => 'answered',
    (error: Error) => error.message,
  );
  await expect.poll(() => readFile(pidFile, 'utf8')).not.toBe('');
  const pid = Number(await readFile(pidFile, 'utf8'));
  child.kill('SIGKILL');
  expect(await outcome).toMatch(/socket hang up|ECONNRESET/);
  await expect.poll(() => isAlive(pid)).toBe(false);
});
