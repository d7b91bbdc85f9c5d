import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { LockBody, Marker } from '../../src/state/types.ts';
import { runStep, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { openBucket, stateKey, type TestBucket } from '../helpers/bucket.ts';
import { config, createProject, ECHO_TASK, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let aws: TestAws;
let bucket: TestBucket;
let project: TestProject;
let temp: string;

beforeAll(async () => {
  aws = await startTestAws();
  bucket = openBucket(aws);
  project = await createProject({ 'lumo.config.js': config({ migrate: {} }), 'functions/tasks/migrate.ts': ECHO_TASK });
  temp = await mkdtemp(path.join(os.tmpdir(), 'runner-'));
});
afterAll(async () => {
  await aws.close();
  await project.remove();
  await rm(temp, { recursive: true, force: true });
});

const deploy = (environment: string, runId = '100'): Promise<StepResult> =>
  runStep(project.root, { env: aws.env, temp, runId, with: { environment, 'record-on': 'job' } });

const post = (main: StepResult, status: string, env = {}): Promise<StepResult> =>
  runStep(project.root, { env: { ...aws.env, ...env }, temp, state: main.state, with: { 'job-status': status } });

const markerOf = (environment: string) => bucket.read<Marker>(stateKey(environment, 'marker'));

test('the environment is recorded by the post step once the job has succeeded', async () => {
  const main = await deploy('good');
  expect(main).toMatchObject({ exitCode: 0, outputs: { status: 'succeeded', recorded: 'false' } });
  expect(main.summary).toContain('not before the whole job has succeeded');
  expect(await markerOf('good')).toBeUndefined();

  const after = await post(main, 'success');
  expect(after.exitCode).toBe(0);
  expect(after.log).toContain('good is recorded: the job has succeeded.');
  expect(await markerOf('good')).toMatchObject({ version: '0123456789ab', run: { id: '100' }, phase: 'deploy' });
  expect(await bucket.read<LockBody>(stateKey('good', 'lock'))).toMatchObject({ state: 'free' });
  const report = JSON.parse(await readFile(main.state.resultsFile ?? '', 'utf8')) as object;
  expect(report).toMatchObject({ recorded: true });
  expect((await deploy('good', '101')).outputs.phase).toBe('update');
});

test('and not when it has failed', async () => {
  const main = await deploy('bad');
  const after = await post(main, 'failure');
  expect(after.exitCode).toBe(0);
  expect(after.summary).toContain('bad is not recorded');
  expect(await markerOf('bad')).toBeUndefined();
});

test('nor when another run has deployed meanwhile', async () => {
  const main = await deploy('raced');
  const other = await runStep(project.root, { env: aws.env, runId: '101', with: { environment: 'raced' } });
  expect(other.outputs.recorded).toBe('true');
  const after = await post(main, 'success');
  expect(after.log).toContain('raced is not recorded: run 101 has deployed 0123456789ab meanwhile.');
  expect((await markerOf('raced'))?.run.id).toBe('101');
});

test('a bucket that refuses makes the job red, with the cause', async () => {
  const main = await deploy('refused');
  aws.faults.push({
    operation: 'PutObject',
    resource: 'refused/marker',
    effect: { status: 403, code: 'AccessDenied', message: 'Access Denied' },
  });
  const after = await post(main, 'success');
  expect(after.exitCode).toBe(1);
  expect(after.errors[0]?.message).toContain('s3:PutObject');
});

test('on the command line, where there is no job, it is recorded at once', async () => {
  const step = await runStep(project.root, {
    env: { ...aws.env, GITHUB_ACTIONS: undefined, INPUT_ENVIRONMENT: 'local' },
    with: { 'record-on': 'job' },
  });
  expect(step.exitCode).toBe(0);
  expect(await markerOf('local')).toMatchObject({ phase: 'deploy' });
});
