import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { LockBody, Progress } from '../../src/state/types.ts';
import { DIST_DIR, runStep, type Step, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { openBucket, stateKey, type TestBucket } from '../helpers/bucket.ts';
import { createJournal } from '../helpers/journal.ts';
import { config, createProject, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const journal = createJournal();
let aws: TestAws;
let bucket: TestBucket;
let project: TestProject;
let temp: string;

/** Says when it is told to stop, and stops; or goes on as if nobody had said anything. */
const CANCELLABLE = `import { appendFileSync } from 'node:fs';
import { logger, task } from '@lumo-framework/tasks';
const note = (text: string) => appendFileSync(${JSON.stringify(journal.file)}, text + '\\n');
const pause = (ms: number, signal: AbortSignal) => new Promise<void>((resolve, reject) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => { clearTimeout(timer); reject(new Error('stopped')); });
});
export const polite = task({
  id: 'polite',
  run: async (payload: unknown, { signal }) => { note('polite began'); logger.info('polite is busy'); await pause(60_000, signal); },
  onCancel: async () => { note('polite was cancelled'); },
});
export const slow = task({
  id: 'slow',
  run: async () => { note('slow began'); logger.info('slow is busy'); await new Promise((resolve) => setTimeout(resolve, 6_000)); note('slow ended'); return 42; },
  onCancel: async () => { await new Promise((resolve) => setTimeout(resolve, 6_500)); note('slow was cancelled'); },
});
`;

beforeAll(async () => {
  aws = await startTestAws();
  bucket = openBucket(aws);
  project = await createProject({
    'lumo.config.js': config({
      seed: { runOn: ['deploy'], timeout: 30 },
      talk: {},
      deaf: { runOn: ['deploy'], timeout: 30 },
      polite: { timeout: 60 },
      slow: { timeout: 60 },
    }),
    'functions/tasks/seed.ts': journal.task('seed', 'await pause(2_000);'),
    'functions/tasks/talk.ts': `export const run = async () => {
  for (let i = 1; i <= 5; i += 1) { console.log('line ' + i); await new Promise((resolve) => setTimeout(resolve, 1000)); }
  return { success: true, message: 'said' };
};`,
    'functions/tasks/deaf.ts': journal.task(
      'deaf',
      'for (const end = Date.now() + 6_500; Date.now() < end; ) void end;',
    ),
    'functions/tasks/cancellable.ts': CANCELLABLE,
  });
  temp = await mkdtemp(path.join(os.tmpdir(), 'runner-'));
});
afterAll(async () => {
  await aws.close();
  await project.remove();
  await rm(temp, { recursive: true, force: true });
  journal.clear();
});
beforeEach(() => journal.clear());

const run = (environment: string, tasks: string, step: Step = {}): Promise<StepResult> =>
  runStep(project.root, { env: aws.env, ...step, with: { environment, tasks, ...step.with } });

const post = (main: StepResult, step: Step = {}): Promise<StepResult> =>
  runStep(project.root, { env: aws.env, ...step, state: main.state });

const lockOf = (environment: string) => bucket.read<LockBody>(stateKey(environment, 'lock'));
const progressOf = (environment: string) => bucket.read<Progress>(stateKey(environment, 'progress'));

test('what a task says is in the log while it runs, once', async () => {
  const step = await run('live', 'talk', { cancelAfter: { text: 'talk │ line 3', signal: 'SIGCONT' } });
  expect(step.exitCode).toBe(0);
  // The signal does nothing; it was sent when the line was read, long before the task had ended.
  expect(step.endedAfterMs).toBeGreaterThan(1_000);
  for (const number of [1, 2, 3, 4, 5]) expect(step.log.split(`line ${number}`)).toHaveLength(2);
  const keys = await bucket.keys('lumo-tasks/runs/shop/live/');
  expect(keys.map((key) => key.split('/').at(-1)).sort()).toEqual(['claim.json', 'result.json', 'status.json']);
});

test('an answer that is lost: the result is found, nothing runs again', async () => {
  aws.faults.push({ operation: 'Invoke', resource: '--seed', when: 'after', effect: 'drop' });
  const step = await run('lost', 'seed');
  expect(step.exitCode).toBe(0);
  expect(step.result('seed')).toMatchObject({ status: 'COMPLETED', warnings: [expect.stringContaining('channel')] });
  expect(journal.lines()).toEqual(['seed']);
  expect(await lockOf('lost')).toMatchObject({ state: 'free', inFlight: [] });
});

test('a connection that breaks while the task runs: its end is waited for', async () => {
  aws.faults.push({ operation: 'Invoke', resource: '--seed', when: 'during', effect: 'drop' });
  const step = await run('broken', 'seed');
  expect(step.result('seed')).toMatchObject({ status: 'COMPLETED' });
  expect(journal.lines()).toEqual(['seed']);
});

test('cancelled: the task is told, confirms, and the lock is free', async () => {
  const step = await run('polite', 'polite', { cancelAfter: { text: 'polite is busy' } });
  expect(step.endedAfterMs).toBeLessThan(7_000);
  expect(step.outputs.status).toBe('cancelled');
  expect(step.result('polite').status).toBe('CANCELED');
  expect(journal.lines()).toEqual(['polite began', 'polite was cancelled']);
  expect(await lockOf('polite')).toMatchObject({ state: 'free' });
  expect(step.state.lockOwner).toBe('');
  const after = await post(step);
  expect(after).toMatchObject({ exitCode: 0, log: '', summary: '' });
});

test('cancelled, and slow to end: the post step waits, completes the report, and frees the lock', async () => {
  const step = await run('slow', 'slow', { temp, cancelAfter: { text: 'slow is busy' } });
  expect(step.endedAfterMs).toBeLessThan(7_500);
  expect(step.result('slow')).toMatchObject({
    status: 'UNKNOWN',
    reason: expect.stringContaining('cancel was requested, not confirmed'),
  });
  expect(await lockOf('slow')).toMatchObject({ state: 'held' });
  const after = await post(step, { temp });
  expect(after.exitCode).toBe(0);
  expect(after.summary).toContain('slow: **CANCELED**');
  expect(after.log).toContain('The lock of slow is free.');
  expect(await lockOf('slow')).toMatchObject({ state: 'free', inFlight: [] });
  const report = JSON.parse(await readFile(step.state.resultsFile ?? '', 'utf8')) as { results: object[] };
  expect(report.results).toContainEqual(expect.objectContaining({ task: 'slow', status: 'CANCELED' }));
});

test('a cancelled task that hears nothing and completes: the post step notes it, and it never runs again', async () => {
  const step = await run('deaf', 'deaf', { cancelAfter: { text: 'deaf … invoking', milliseconds: 1_000 } });
  expect(step.result('deaf').status).toBe('UNKNOWN');
  const after = await post(step);
  expect(after.summary).toContain('deaf: **COMPLETED**');
  const next = await run('deaf', 'deaf', { runId: '101', with: { 'lock-timeout': '0' } });
  expect(next.result('deaf')).toMatchObject({ status: 'SKIPPED', reason: 'already completed in run 100' });
  expect(journal.lines()).toEqual(['deaf']);
});

test('a post step whose main step was killed before it said anything does nothing', async () => {
  aws.taken();
  const after = await runStep(project.root, {
    env: aws.env,
    dist: path.join(DIST_DIR, 'post.js'),
    with: { environment: 'x' },
  });
  expect(after).toMatchObject({ exitCode: 0, log: '', summary: '' });
  expect(aws.taken()).toEqual([]);
});

/** Nobody but the channel hears of the result. */
async function killedWhileItRuns(environment: string): Promise<StepResult> {
  const step = await run(environment, 'seed', {
    cancelAfter: { text: 'seed … invoking', milliseconds: 500, signal: 'SIGKILL' },
  });
  await vi.waitFor(
    async () => expect((await bucket.keys(`lumo-tasks/runs/shop/${environment}/`)).join()).toContain('result'),
    {
      timeout: 20_000,
    },
  );
  return step;
}

test('killed while a task runs: the post step hears of its result, and it never runs again', async () => {
  const step = await killedWhileItRuns('killed');
  expect(step.exitCode).toBeNull();
  expect(step.outputs).toEqual({});
  const after = await post(step);
  expect(after.log).toContain('seed COMPLETED');
  expect(await lockOf('killed')).toMatchObject({ state: 'free', inFlight: [] });
  expect(Object.keys((await progressOf('killed'))?.completed ?? {})).toEqual(['seed']);
  const next = await run('killed', 'seed', { runId: '101', with: { 'lock-timeout': '0' } });
  expect(next.result('seed')).toMatchObject({ status: 'SKIPPED', reason: 'already completed in run 100' });
  expect(journal.lines()).toEqual(['seed']);
});

test('the runner is gone: the next deployment finds out what ran before it does anything', async () => {
  await killedWhileItRuns('gone');
  const lock = await lockOf('gone');
  await bucket.write(stateKey('gone', 'lock'), { ...lock, ttlSeconds: 1, busyUntil: new Date().toISOString() });
  const next = await run('gone', 'seed', { runId: '101' });
  expect(next.exitCode).toBe(0);
  expect(next.log).toContain(
    'Of an earlier deployment that was interrupted: seed COMPLETED: first (attempt 1, found in its channel).',
  );
  expect(next.summary).toContain('seed COMPLETED');
  expect(next.result('seed')).toMatchObject({ status: 'SKIPPED', reason: 'already completed in run 100' });
  expect(journal.lines()).toEqual(['seed']);
});

test('channel: off leaves no objects, and a broken connection leaves nothing known', async () => {
  const step = await run('off', 'talk', { with: { channel: 'off' } });
  expect(step.exitCode).toBe(0);
  expect(await bucket.keys('lumo-tasks/runs/shop/off/')).toEqual([]);
});

test('S3 that cannot be reached: the task runs, one warning says what was missing; with required it does not', async () => {
  const blocked = {
    operation: 'PutObject',
    resource: '/claim.json',
    effect: { status: 403, code: 'AccessDenied', message: 'no' },
    times: 10,
  } as const;
  aws.faults.push(blocked);
  const step = await run('unreachable', 'talk');
  expect(step.result('talk').status).toBe('COMPLETED');
  expect(step.log).toContain('In a VPC add an S3 gateway endpoint');
  const required = await run('required', 'talk', { with: { channel: 'required' } });
  expect(required.result('talk')).toMatchObject({ status: 'SYSTEM_FAILURE' });
  expect(required.log).not.toContain('line 1');
});
