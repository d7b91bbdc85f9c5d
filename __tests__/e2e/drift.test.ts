import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Marker } from '../../src/state/types.ts';
import { runStep, type Step } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { openBucket, stateKey, type TestBucket } from '../helpers/bucket.ts';
import { createJournal } from '../helpers/journal.ts';
import { openLambda, type TestLambda } from '../helpers/lambda.ts';
import { config, createProject, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const journal = createJournal();
let aws: TestAws;
let bucket: TestBucket;
let lambda: TestLambda;
let project: TestProject;
let runs = 0;

beforeAll(async () => {
  aws = await startTestAws();
  bucket = openBucket(aws);
  lambda = openLambda(aws);
});
afterAll(() => aws.close());
beforeEach(async () => {
  project = await createProject({
    'lumo.config.js': config({ migrate: { env: { MODE: 'safe' } }, 'warm-cache': {} }),
    'functions/tasks/migrate.ts': journal.task('migrate'),
    'functions/tasks/warm-cache.ts': journal.task('warm-cache'),
  });
});
afterEach(async () => {
  await project.remove();
  journal.clear();
});

/** Each one is a workflow run of its own. */
async function deploy(environment: string, step: Step = {}) {
  runs += 1;
  const done = await runStep(project.root, {
    env: aws.env,
    runId: String(runs),
    ...step,
    with: { environment, version: `v1.0.${runs}`, ...step.with },
  });
  expect(done.log).toContain('succeeded');
  expect(done.outputs.recorded).toBe('true');
  return done;
}

describe('a task that is no longer in the project', () => {
  const without = async () => {
    await rm(path.join(project.root, 'functions/tasks/warm-cache.ts'));
    await project.write({ 'lumo.config.js': config({ migrate: { env: { MODE: 'safe' } } }) });
  };

  test('loses its function, and nobody else does', async () => {
    await deploy('prune');
    await deploy('prune-not');
    await without();
    const step = await deploy('prune');
    expect(await lambda.functions('shop--prune--')).toEqual(['shop--prune--migrate']);
    expect(await lambda.functions('shop--prune-not--')).toHaveLength(2);
    expect(step.log).toContain('shop--prune--warm-cache: deleted');
    expect(step.summary).toContain('its task is no longer in the project');
    const marker = await bucket.read<Marker>(stateKey('prune', 'marker'));
    expect(Object.keys(marker?.tasks ?? {})).toEqual(['migrate']);
    expect(await bucket.read(stateKey('prune', 'inventory'))).toMatchObject({ functions: ['shop--prune--migrate'] });
  });

  test('keeps it with prune: false, until a deployment without', async () => {
    await deploy('keep');
    await without();
    await deploy('keep', { with: { prune: 'false' } });
    expect(await lambda.functions('shop--keep--')).toHaveLength(2);
    await deploy('keep');
    expect(await lambda.functions('shop--keep--')).toEqual(['shop--keep--migrate']);
  });

  test('that cannot be deleted fails the step, but the tasks have run and that is recorded', async () => {
    await deploy('undeletable');
    await without();
    const effect = { status: 403, code: 'AccessDeniedException', message: 'no' };
    aws.faults.push({ operation: 'DeleteFunction', resource: 'undeletable', effect });
    const step = await runStep(project.root, { env: aws.env, runId: 'u', with: { environment: 'undeletable' } });
    expect(step.exitCode).toBe(1);
    expect(step.errors[0]?.message).toContain('"Action":"lambda:DeleteFunction"');
    expect(step.outputs).toMatchObject({ status: 'failed', recorded: 'true' });
    await deploy('undeletable');
    expect(await lambda.functions('shop--undeletable--')).toEqual(['shop--undeletable--migrate']);
  });

  test('keeps it while only some tasks are deployed', async () => {
    await deploy('some');
    await without();
    await deploy('some', { with: { tasks: 'migrate' } });
    expect(await lambda.functions('shop--some--')).toHaveLength(2);
  });
});

describe('what somebody changed by hand', () => {
  test('in the settings is put back, and nothing else is sent', async () => {
    await deploy('settings');
    const name = 'shop--settings--migrate';
    const before = await lambda.settings(name);
    await lambda.changeSettings(name, {
      MemorySize: 256,
      Environment: { Variables: { ...before.variables, MODE: 'wild', EXTRA: '1' } },
    });
    aws.taken();
    const step = await deploy('settings');
    expect(await lambda.settings(name)).toEqual(before);
    expect(step.log).toMatch(/migrate.*memory.*256.*1024/i);
    expect(step.log).not.toContain('wild');
    expect(
      aws
        .taken()
        .filter((operation) => /^(Create|Update|Publish|Tag)/.test(operation))
        .sort(),
    ).toEqual(['PublishVersion', 'TagResource', 'UpdateFunctionConfiguration']);
    expect(step.result('migrate').status).toBe('COMPLETED');
  });

  test('in the code is deployed again', async () => {
    await deploy('code');
    const name = 'shop--code--migrate';
    const before = await lambda.codeSha256(name);
    await lambda.changeCode(name, 'export const handler = async () => null;');
    expect(await lambda.codeSha256(name)).not.toBe(before);
    journal.clear();
    const step = await deploy('code');
    expect(await lambda.codeSha256(name)).toBe(before);
    expect(step.summary).toContain('code was changed by somebody else');
    expect(journal.lines()).toEqual(['migrate', 'warm-cache']);
  });
});

test('of many versions the last two stay', async () => {
  for (const text of ['one', 'two', 'three', 'four']) {
    await project.write({ 'functions/tasks/migrate.ts': journal.task('migrate', `note('${text}');`) });
    await deploy('versions');
  }
  expect(await lambda.versions('shop--versions--migrate')).toEqual(['3', '4']);
  expect(await lambda.versions('shop--versions--warm-cache')).toEqual(['1']);
  expect(journal.lines()).toEqual(expect.arrayContaining(['one', 'two', 'three', 'four']));
});

test('a failed deployment deletes nothing', async () => {
  await deploy('failed');
  await project.write({
    'functions/tasks/migrate.ts': journal.task('migrate', `throw new Error('no');`),
    'lumo.config.js': config({ migrate: {} }),
  });
  await rm(path.join(project.root, 'functions/tasks/warm-cache.ts'));
  const step = await runStep(project.root, { env: aws.env, runId: 'x', with: { environment: 'failed' } });
  expect(step.exitCode).toBe(1);
  expect(await lambda.functions('shop--failed--')).toHaveLength(2);
  expect(await lambda.versions('shop--failed--migrate')).toEqual(['1', '2']);
});

test('a Lambda of the user is only ever invoked, also when its task is gone', async () => {
  await lambda.create('somebodys', `export const handler = async () => ({ success: true, message: 'theirs' });`);
  const own = { migrate: {}, 'warm-cache': {} };
  await project.write({ 'lumo.config.js': config({ ...own, existing: { function: 'somebodys' } }) });
  const before = aws.requests.length;
  const step = await deploy('existing');
  expect(step.result('existing')).toMatchObject({ status: 'COMPLETED', message: 'theirs', function: 'somebodys' });
  await deploy('existing');
  await project.write({ 'lumo.config.js': config(own) });
  await deploy('existing');
  const sent = aws.requests.slice(before).filter(({ resource }) => resource.startsWith('somebodys'));
  expect(sent.map(({ operation }) => operation)).toEqual(['Invoke', 'Invoke']);
});
