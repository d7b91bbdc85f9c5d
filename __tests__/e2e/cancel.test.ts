import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { LockBody, Progress } from '../../src/state/types.ts';
import { runStep, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { abandonedLock, openBucket, stateKey, type TestBucket } from '../helpers/bucket.ts';
import { createJournal } from '../helpers/journal.ts';
import { config, createProject, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const journal = createJournal();
let aws: TestAws;
let bucket: TestBucket;
let project: TestProject;

beforeAll(async () => {
  aws = await startTestAws();
  bucket = openBucket(aws);
  project = await createProject({
    'lumo.config.js': config({ first: {}, long: { timeout: 120 }, last: {} }),
    'functions/tasks/first.ts': journal.task('first'),
    'functions/tasks/long.ts': journal.task('long', 'await pause(30_000);'),
    'functions/tasks/last.ts': journal.task('last'),
  });
});
afterAll(async () => {
  await aws.close();
  await project.remove();
  journal.clear();
});

const lockOf = (environment: string) => bucket.read<LockBody>(stateKey(environment, 'lock'));

/** The runner waits 7.5 s before it gets rough. */
function expectCancelled(step: StepResult): void {
  expect(step.log).toContain('SIGINT received');
  expect(step.endedAfterMs).toBeLessThan(7_500);
  expect(step.exitCode).toBe(1);
  expect(step.outputs).toMatchObject({ status: 'cancelled', recorded: 'false' });
  expect(step.log).not.toContain('INTERNAL');
  expect(step.summary).toContain('cancelled');
}

test('while a task runs that cannot be told: it may go on, nothing follows, and nobody gets the lock before it must have ended', async () => {
  const env = aws.env;
  const step = await runStep(project.root, {
    env,
    with: { environment: 'running', channel: 'off' },
    cancelAfter: { text: 'long … invoking', milliseconds: 1_500 },
  });
  expectCancelled(step);
  expect(step.result('first')).toMatchObject({ status: 'COMPLETED' });
  expect(step.result('long')).toMatchObject({ status: 'UNKNOWN', reason: expect.stringContaining('cancelled') });
  expect(step.result('last')).toMatchObject({ status: 'SKIPPED', reason: 'not started: the deployment was cancelled' });
  await vi.waitFor(() => expect(journal.lines()).toEqual(['first', 'long']), { timeout: 10_000 });
  expect(step.outputs).toMatchObject({ succeeded: '1', failed: '1', skipped: '1' });

  const lock = await lockOf('running');
  expect(lock).toMatchObject({ state: 'held' });
  const left = Date.parse(lock?.busyUntil ?? '') - Date.now();
  expect(left).toBeGreaterThan(120_000);
  expect(left).toBeLessThan(180_000);
  const progress = await bucket.read<Progress>(stateKey('running', 'progress'));
  expect(Object.keys(progress?.completed ?? {})).toEqual(['first']);

  const next = await runStep(project.root, {
    env,
    with: { environment: 'running', 'lock-timeout': '0' },
    runId: '101',
  });
  expect(next.exitCode).toBe(1);
  expect(next.errors[0]?.properties.title).toBe('LOCK_HELD');
  expect(next.errors[0]?.message).toContain('octocat, run https://github.com/acme/shop/actions/runs/100');
});

test('while waiting for the lock: nothing is touched', async () => {
  const held = abandonedLock({ ttlSeconds: 3600 });
  await bucket.write(stateKey('waiting', 'lock'), held);
  aws.taken();
  const step = await runStep(project.root, {
    env: aws.env,
    with: { environment: 'waiting' },
    cancelAfter: { text: 'Waiting for another deployment', milliseconds: 300 },
  });
  expectCancelled(step);
  expect(step.errors).toEqual([]);
  expect(await lockOf('waiting')).toEqual(held);
  expect(aws.taken().filter((operation) => /Function|Invoke/.test(operation))).toEqual([]);
});

test('while the functions are made: the lock is free at once', async () => {
  aws.faults.push({ operation: 'CreateFunction', resource: 'creating', effect: { delayMs: 2_000 }, times: 3 });
  const step = await runStep(project.root, {
    env: aws.env,
    with: { environment: 'creating' },
    cancelAfter: { text: '::group::Functions', milliseconds: 1_000 },
  });
  expectCancelled(step);
  expect(step.errors).toEqual([]);
  expect(await lockOf('creating')).toMatchObject({ state: 'free' });
});

test('before anything was looked at', async () => {
  const step = await runStep(project.root, {
    env: aws.env,
    with: { environment: 'bundling' },
    cancelAfter: { text: '::group::Project' },
  });
  expectCancelled(step);
  expect(step.errors).toEqual([]);
  expect((await lockOf('bundling'))?.state ?? 'free').toBe('free');
});

test('when AWS does not answer any more: what is known is still said', async () => {
  aws.faults.push({ operation: 'GetFunction', resource: 'stuck', effect: { delayMs: 20_000 } });
  const step = await runStep(project.root, {
    env: aws.env,
    with: { environment: 'stuck' },
    cancelAfter: { text: '::group::Functions', milliseconds: 500 },
  });
  expectCancelled(step);
  expect(step.log).toContain('Not everything has ended in time');
});

test('on the embedded AWS the running task ends with the step, so the next deployment need not wait', async () => {
  journal.clear();
  const inputs = { provider: 'local', environment: 'here' };
  const step = await runStep(project.root, {
    with: inputs,
    cancelAfter: { text: 'long … invoking', milliseconds: 1_500 },
  });
  expectCancelled(step);
  expect(step.result('long').status).toBe('CANCELED');
  const next = await runStep(project.root, {
    with: { ...inputs, 'lock-timeout': '0', tasks: 'first' },
    runId: '101',
  });
  expect(next.exitCode).toBe(0);
  expect(journal.lines().filter((line) => line !== 'long')).toEqual(['first', 'first']);
});
