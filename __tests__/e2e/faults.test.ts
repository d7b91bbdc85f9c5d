import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LockBody } from '../../src/state/types.ts';
import { runStep, type Step } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { openBucket, stateKey, type TestBucket } from '../helpers/bucket.ts';
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
});
afterAll(() => aws.close());
beforeEach(async () => {
  project = await createProject({
    'lumo.config.js': config({ migrate: { timeout: 60 }, 'warm-cache': {} }),
    'functions/tasks/migrate.ts': journal.task('migrate', 'await pause(200);'),
    'functions/tasks/warm-cache.ts': journal.task('warm-cache'),
  });
});
afterEach(async () => {
  aws.faults.length = 0;
  await project.remove();
  journal.clear();
});

function deploy(environment: string, step: Step = {}) {
  return runStep(project.root, { env: aws.env, ...step, with: { environment, ...step.with } });
}

const invocations = (name: string) =>
  aws.requests.filter(({ operation, resource }) => operation === 'Invoke' && resource.includes(name)).length;
const lockOf = (environment: string) => bucket.read<LockBody>(stateKey(environment, 'lock'));

describe('an Invoke that may have arrived, without a channel that would tell', () => {
  test.each([
    ['the connection is lost while it runs', { when: 'during', effect: 'drop' }],
    ['the connection is lost after it ran', { when: 'after', effect: 'drop' }],
    ['the answer is a 500', { when: 'after', effect: { status: 500, code: 'ServiceException', message: 'internal' } }],
    [
      'the answer is a 502 that says nothing',
      { when: 'after', effect: { status: 502, code: 'BadGateway', message: '' } },
    ],
  ] as const)('is never sent again: %s', async (name, fault) => {
    const environment = `lost-${name.length}`;
    aws.faults.push({ operation: 'Invoke', resource: `${environment}--migrate`, ...fault });
    const step = await deploy(environment, { with: { channel: 'off' } });
    expect(step.exitCode).toBe(1);
    expect(invocations(`${environment}--migrate`)).toBe(1);
    const result = step.result('migrate');
    expect(result.status).toBe('UNKNOWN');
    expect(result.message).toMatch(/^The task may have run: .*It was not started again\.$/);
    expect(step.result('warm-cache')).toMatchObject({ status: 'SKIPPED', reason: 'not started: migrate UNKNOWN' });
    expect(step.outputs).toMatchObject({ status: 'failed', failed: '1', skipped: '1', recorded: 'false' });
    expect(step.summary).toContain('may have run');
    await vi.waitFor(() => expect(journal.lines()).toEqual(['migrate']), { timeout: 5_000 });

    const lock = await lockOf(environment);
    expect(lock?.state).toBe('held');
    const busyFor = Date.parse(lock?.busyUntil ?? '') - Date.parse(result.startedAt ?? '');
    expect(busyFor).toBeGreaterThanOrEqual(60_000);
    expect(busyFor).toBeLessThan(120_000);
    const next = await deploy(environment, { runId: '101', with: { 'lock-timeout': '0' } });
    expect(next.errors[0]?.properties.title).toBe('LOCK_HELD');
    expect(next.errors[0]?.message).toContain('runs/100');
    expect(next.errors[0]?.message).toContain(lock?.busyUntil);
  });
});

describe('an Invoke that was refused before it ran', () => {
  test('is sent again, each time with a line in the log', async () => {
    aws.faults.push(
      ...[
        { status: 429, code: 'TooManyRequestsException', message: 'Rate Exceeded.' },
        {
          status: 409,
          code: 'ResourceConflictException',
          message: 'The function is currently in the following state: Pending',
        },
        { status: 502, code: 'ResourceNotReadyException', message: 'The function is inactive.' },
      ].map((effect) => ({ operation: 'Invoke', resource: 'refused--migrate', effect })),
    );
    const step = await deploy('refused');
    expect(step.exitCode).toBe(0);
    expect(invocations('refused--migrate')).toBe(4);
    expect(step.result('migrate')).toMatchObject({ status: 'COMPLETED', attempts: [{ number: 1 }] });
    expect(step.log.match(/was not started, again in /g)).toHaveLength(3);
    expect(journal.lines()).toEqual(['migrate', 'warm-cache']);
    expect(await lockOf('refused')).toMatchObject({ state: 'free' });
  });

  test('for a reason that stays is a failure that says so, and the lock is free', async () => {
    aws.faults.push({
      operation: 'Invoke',
      resource: 'kms--migrate',
      effect: { status: 502, code: 'KMSAccessDeniedException', message: 'Lambda was unable to decrypt the variables.' },
    });
    const step = await deploy('kms');
    expect(step.result('migrate')).toMatchObject({ status: 'SYSTEM_FAILURE' });
    expect(step.result('migrate').message).toMatch(/unable to decrypt.*kms:Decrypt/);
    expect(invocations('kms--migrate')).toBe(1);
    expect(journal.lines()).toEqual([]);
    expect(await lockOf('kms')).toMatchObject({ state: 'free' });
  });
});

describe('the control plane', () => {
  const throttled = { status: 429, code: 'TooManyRequestsException', message: 'Rate exceeded' };
  const unavailable = { status: 503, code: 'ServiceException', message: 'Service unavailable' };
  const busy = { status: 409, code: 'ResourceConflictException', message: 'An update is in progress for resource' };
  const assume = {
    status: 400,
    code: 'InvalidParameterValueException',
    message: 'The role defined for the function cannot be assumed by Lambda.',
  };

  test('is asked again when it is throttled, down, busy, or does not know the role yet', async () => {
    const resource = 'patient--migrate';
    aws.faults.push(
      { operation: 'GetFunction', resource, effect: throttled, times: 2 },
      { operation: 'CreateFunction', resource, effect: assume, times: 2 },
      { operation: 'CreateFunction', resource, effect: unavailable },
      { operation: 'CreateFunction', resource, effect: 'drop', when: 'after' },
    );
    const created = await deploy('patient');
    expect(created.exitCode).toBe(0);
    expect(created.outputs.recorded).toBe('true');
    expect(created.log).toContain('the execution role is not ready');

    aws.faults.push(
      { operation: 'UpdateFunctionConfiguration', resource, effect: busy },
      { operation: 'UpdateFunctionCode', resource, effect: 'drop', when: 'after' },
      { operation: 'TagResource', resource, effect: throttled },
    );
    await project.write({
      'lumo.config.js': config({ migrate: { timeout: 90 }, 'warm-cache': {} }),
      'functions/tasks/migrate.ts': journal.task('migrate', `note('new');`),
    });
    journal.clear();
    const updated = await deploy('patient', { runId: '101', with: { version: 'v2' } });
    expect(updated.exitCode).toBe(0);
    expect(aws.faults).toEqual([]);
    expect(journal.lines()).toEqual(['migrate', 'new', 'warm-cache']);
  });

  test('that stays down fails the deployment, runs nothing and frees the lock', async () => {
    aws.faults.push({
      operation: 'CreateFunction',
      resource: 'denied--migrate',
      effect: { ...assume, message: 'Layer is wrong' },
    });
    const step = await deploy('denied');
    expect(step.exitCode).toBe(1);
    expect(step.errors[0]?.message).toContain('Layer is wrong');
    expect(journal.lines()).toEqual([]);
    expect(await lockOf('denied')).toMatchObject({ state: 'free' });
  });
});
