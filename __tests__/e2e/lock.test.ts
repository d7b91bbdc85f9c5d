import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { LockBody, Marker, Progress } from '../../src/state/types.ts';
import { runStep, type Step } from '../helpers/action.ts';
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
    'lumo.config.js': config({ seed: { runOn: ['deploy'] }, migrate: {} }),
    'functions/tasks/seed.ts': journal.task('seed', 'await pause(1_500);'),
    'functions/tasks/migrate.ts': journal.task('migrate', 'await pause(500);'),
  });
});
afterAll(async () => {
  await aws.close();
  await project.remove();
  journal.clear();
});

function deploy(environment: string, step: Step = {}) {
  return runStep(project.root, { env: aws.env, ...step, with: { environment, ...step.with } });
}

const lockOf = (environment: string) => bucket.read<LockBody>(stateKey(environment, 'lock'));
const markerOf = (environment: string) => bucket.read<Marker>(stateKey(environment, 'marker'));

describe('two deployments of one environment', () => {
  test('started together: one is the first, the other waits and is an update', async () => {
    journal.clear();
    const steps = await Promise.all([
      deploy('together', { runId: '1', with: { version: 'one' } }),
      deploy('together', { runId: '2', with: { version: 'two' } }),
    ]);
    expect(steps.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const [first, second] = steps[0].outputs.phase === 'deploy' ? steps : [steps[1], steps[0]];
    expect(first.outputs).toMatchObject({ phase: 'deploy', recorded: 'true' });
    expect(second.outputs).toMatchObject({ phase: 'update', 'previous-version': first.outputs.version });
    expect(second.log).toContain('Waiting for another deployment of this environment: octocat, run https://');
    expect(journal.lines()).toEqual(['seed', 'migrate', 'migrate']);
    expect(await markerOf('together')).toMatchObject({ version: second.outputs.version });
    expect(await bucket.keys('lumo-tasks/state/shop/together/history/')).toHaveLength(2);
  });

  test('with lock-timeout 0 the other fails at once, naming the holder', async () => {
    await bucket.write(stateKey('held', 'lock'), abandonedLock({ ttlSeconds: 3600 }));
    const step = await deploy('held', { with: { 'lock-timeout': '0' } });
    expect(step.exitCode).toBe(1);
    const [error] = step.errors;
    expect(error?.properties.title).toBe('LOCK_HELD');
    expect(error?.message).toContain(
      'mallory, run https://github.com/acme/shop/actions/runs/77 (attempt 2), since 2026-',
    );
    expect(error?.message).toContain(`s3://lumo-tasks-000000000000-eu-central-1/${stateKey('held', 'lock')}`);
    expect(await markerOf('held')).toBeUndefined();
  });

  test('of different environments do not wait for each other', async () => {
    await bucket.write(stateKey('pr-1', 'lock'), abandonedLock({ ttlSeconds: 3600 }));
    expect((await deploy('pr-12', { with: { 'lock-timeout': '0' } })).exitCode).toBe(0);
  });
});

describe('a lock whose holder is gone', () => {
  test('is taken over when its time to live has passed', async () => {
    await bucket.write(stateKey('gone', 'lock'), abandonedLock());
    const step = await deploy('gone', { with: { 'lock-timeout': '30' } });
    expect(step.exitCode).toBe(0);
    expect(await lockOf('gone')).toMatchObject({ state: 'free', actor: 'octocat', generation: 8 });
    expect(await markerOf('gone')).toMatchObject({ generation: 8 });
  });

  test('is not taken over while one of its tasks may be running', async () => {
    const hold = async (milliseconds: number): Promise<Date> => {
      const busyUntil = new Date(Date.now() + milliseconds);
      await bucket.write(stateKey('busy', 'lock'), abandonedLock({ busyUntil: busyUntil.toISOString() }));
      return busyUntil;
    };
    const inAnHour = await hold(3_600_000);
    const early = await deploy('busy', { with: { 'lock-timeout': '1' } });
    expect(early.errors[0]?.message).toContain(`ends by itself at ${inAnHour.toISOString()}`);
    const busyUntil = await hold(4_000);
    const late = await deploy('busy');
    expect(late.exitCode).toBe(0);
    expect(Date.parse(late.results[0]?.startedAt ?? '')).toBeGreaterThan(busyUntil.getTime());
  });
});

describe('a deployment that is killed', () => {
  test('between making the functions and recording is finished by the next one', async () => {
    journal.clear();
    const killed = await deploy('killed', {
      runId: '1',
      cancelAfter: { text: 'seed … invoking', signal: 'SIGKILL' },
    });
    expect(killed.exitCode).toBeNull();
    expect(await markerOf('killed')).toBeUndefined();
    const lock = await lockOf('killed');
    expect(lock).toMatchObject({ state: 'held', run: { id: '1' } });

    const early = await deploy('killed', { runId: '2', with: { 'lock-timeout': '0' } });
    expect(early.errors[0]?.properties.title).toBe('LOCK_HELD');
    await bucket.write(stateKey('killed', 'lock'), { ...lock, ttlSeconds: 1, busyUntil: null });
    aws.taken();
    const next = await deploy('killed', { runId: '2' });
    expect(next.exitCode).toBe(0);
    expect(next.outputs).toMatchObject({ phase: 'deploy', recorded: 'true', succeeded: '2' });
    expect(aws.taken().filter((operation) => /Create|Update|Publish/.test(operation))).toEqual([]);
  });

  test('while it makes the functions leaves them for the next one to take over', async () => {
    aws.faults.push({ operation: 'CreateFunction', resource: 'killed-early--migrate', effect: { delayMs: 3_000 } });
    const killed = await deploy('killed-early', {
      cancelAfter: { text: 'seed: created', signal: 'SIGKILL' },
    });
    expect(killed.exitCode).toBeNull();
    const inventory = await bucket.read<{ functions: string[] }>(stateKey('killed-early', 'inventory'));
    expect(inventory?.functions).toEqual(['shop--killed-early--migrate', 'shop--killed-early--seed']);
    await bucket.write(stateKey('killed-early', 'lock'), { ...(await lockOf('killed-early')), ttlSeconds: 1 });
    const next = await deploy('killed-early');
    expect(next.exitCode).toBe(0);
    expect(next.outputs).toMatchObject({ recorded: 'true', succeeded: '2' });
  });
});

test('a deployment whose lock was taken over starts nothing more and records nothing', async () => {
  journal.clear();
  const running = deploy('lost', { runId: '1' });
  await vi.waitFor(() => expect(journal.lines()).toEqual(['seed']), { timeout: 30_000, interval: 50 });
  await bucket.write(stateKey('lost', 'lock'), abandonedLock({ ttlSeconds: 60 }));
  const step = await running;
  expect(step.exitCode).toBe(1);
  expect(step.errors[0]?.properties.title).toBe('LOCK_LOST');
  expect(step.errors[0]?.message).toContain('mallory');
  expect(step.result('seed').status).toBe('COMPLETED');
  expect(step.result('migrate').status).toBe('SKIPPED');
  expect(journal.lines()).toEqual(['seed']);
  expect(await markerOf('lost')).toBeUndefined();
  expect(await lockOf('lost')).toMatchObject({ owner: abandonedLock().owner, state: 'held' });
  const progress = await bucket.read<Progress>(stateKey('lost', 'progress'));
  expect(Object.keys(progress?.completed ?? {})).toEqual(['seed']);
});

describe('the state of somebody else', () => {
  test.each([
    ['repository', { repository: 'acme/other' }, 'repository acme/other, not acme/shop'],
    ['path', { path: 'packages/shop' }, 'path packages/shop, not .'],
    ['region', { region: 'us-east-1' }, 'region us-east-1, not eu-central-1'],
  ])('is never overwritten: another %s', async (name, change, said) => {
    const environment = `foreign-${name}`;
    await deploy(environment, { with: { tasks: 'migrate', 'record-on': 'selection' } });
    const marker = { ...(await markerOf(environment)), ...change };
    await bucket.write(stateKey(environment, 'marker'), marker);
    aws.taken();
    const step = await deploy(environment, { runId: '2' });
    expect(step.exitCode).toBe(1);
    expect(step.errors[0]?.properties.title).toBe('MARKER_FOREIGN');
    expect(step.errors[0]?.message).toContain(said);
    expect(aws.taken().filter((operation) => /Function|Invoke/.test(operation))).toEqual([]);
    expect(await markerOf(environment)).toEqual(marker);
    expect(await lockOf(environment)).toMatchObject({ state: 'free' });
  });
});

describe('S3 that fails', () => {
  test.each([
    ['500 before', { status: 500, code: 'InternalError', message: 'We encountered an internal error.' }, 'before'],
    ['500 after', { status: 500, code: 'InternalError', message: 'We encountered an internal error.' }, 'after'],
    ['503', { status: 503, code: 'SlowDown', message: 'Please reduce your request rate.' }, 'before'],
    ['a lost answer', 'drop', 'after'],
  ] as const)(
    'while the lock is taken and the marker written (%s): both are ours in the end',
    async (name, effect, when) => {
      const environment = `s3-${name.replaceAll(' ', '-')}`;
      for (const document of ['lock', 'marker', 'progress', 'inventory']) {
        aws.faults.push({ operation: 'PutObject', resource: `${environment}/${document}.json`, effect, when });
      }
      const step = await deploy(environment);
      expect(step.exitCode).toBe(0);
      expect(step.outputs.recorded).toBe('true');
      expect(await lockOf(environment)).toMatchObject({ state: 'free', actor: 'octocat' });
      expect(await markerOf(environment)).toMatchObject({ run: { id: '100' } });
    },
  );

  test('for good while a task is about to start: nothing has run, so the lock is free', async () => {
    const refused = { status: 500, code: 'InternalError', message: 'We encountered an internal error.' };
    // The first time it is written when it is taken, the second time before the task starts.
    aws.faults.push({ operation: 'PutObject', resource: 's3-down/lock.json', effect: { delayMs: 0 } });
    aws.faults.push({ operation: 'PutObject', resource: 's3-down/lock.json', effect: refused, times: 10 });
    const step = await deploy('s3-down', { with: { tasks: 'migrate' } });
    expect(step.exitCode).toBe(1);
    expect(step.errors[0]?.properties.title).toBe('AWS_FAILED');
    expect(step.result('migrate').status).toBe('SKIPPED');
    expect(await lockOf('s3-down')).toMatchObject({ state: 'free' });
  });
});
