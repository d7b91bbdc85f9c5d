import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Marker } from '../../src/state/types.ts';
import { runStep, type Step } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { abandonedLock, openBucket, stateKey, type TestBucket } from '../helpers/bucket.ts';
import { createJournal } from '../helpers/journal.ts';
import { openLambda, type TestLambda } from '../helpers/lambda.ts';
import { config, createProject, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const journal = createJournal();
let aws: TestAws;
let bucket: TestBucket;
let lambda: TestLambda;
let project: TestProject;

beforeAll(async () => {
  aws = await startTestAws();
  bucket = openBucket(aws);
  lambda = openLambda(aws);
});
afterAll(() => aws.close());
beforeEach(async () => {
  project = await createProject({
    'lumo.config.js': config({ seed: { runOn: ['deploy'], payload: { rows: 3 } }, migrate: { needs: ['seed'] } }),
    'functions/tasks/seed.ts': seedTask('old'),
    'functions/tasks/migrate.ts': journal.task('migrate'),
  });
});
afterEach(async () => {
  await project.remove();
  journal.clear();
});

/** Says which code it is, and which options it got. */
function seedTask(code: string): string {
  return `export const run = async ({ config }) => ({
  success: true,
  message: '${code}',
  data: { payload: config.payload, timeout: config.timeout },
});`;
}

function step(command: string, environment: string, more: Step = {}) {
  return runStep(project.root, { env: aws.env, ...more, with: { command, environment, ...more.with } });
}

describe('run', () => {
  test('runs what was recorded, whatever its runOn and whatever the checkout says now', async () => {
    await step('deploy', 'recorded', { with: { version: 'v1.0.0' } });
    const marker = await bucket.read<Marker>(stateKey('recorded', 'marker'));
    await project.write({
      'lumo.config.js': config({ seed: { runOn: [], timeout: 7, payload: { rows: 99 } }, migrate: {} }),
      'functions/tasks/seed.ts': seedTask('new'),
    });
    aws.taken();
    const run = await step('run', 'recorded', { runId: '101', with: { tasks: 'seed', version: 'v9' } });
    expect(run.exitCode).toBe(0);
    expect(run.results).toHaveLength(1);
    expect(run.result('seed')).toMatchObject({
      status: 'COMPLETED',
      message: 'old',
      data: { payload: { rows: 3 }, timeout: 300 },
      version: '1',
    });
    expect(run.outputs).toMatchObject({ version: 'v1.0.0', phase: 'update', recorded: 'false', status: 'succeeded' });
    expect(aws.taken().filter((operation) => /Function|Publish|Tag/.test(operation))).toEqual([]);
    const after = await bucket.read<Marker>(stateKey('recorded', 'marker'));
    expect(after).toEqual({ ...marker, generation: after?.generation });
  });

  test('runs what an unfinished deployment has completed', async () => {
    await step('deploy', 'unfinished', { with: { tasks: 'seed', version: 'v1.0.0' } });
    const run = await step('run', 'unfinished', { runId: '101', with: { tasks: 'seed' } });
    expect(run.result('seed').status).toBe('COMPLETED');
    expect(run.outputs).toMatchObject({ version: 'v1.0.0', phase: 'deploy' });
    const unknown = await step('run', 'unfinished', { runId: '101', with: { tasks: 'migrate' } });
    expect(unknown.errors[0]?.properties.title).toBe('NOT_DEPLOYED');
  });

  test('without anything recorded is NOT_DEPLOYED, and without names refused', async () => {
    const none = await step('run', 'nothing', { with: { tasks: 'seed' } });
    expect(none.exitCode).toBe(1);
    expect(none.errors[0]?.properties.title).toBe('NOT_DEPLOYED');
    expect(none.errors[0]?.message).toContain('Task seed has not been deployed to nothing');
    expect((await step('run', 'nothing')).errors[0]?.properties.title).toBe('INPUT_INVALID');
  });

  test('waits for the lock like a deployment', async () => {
    await bucket.write(stateKey('locked', 'lock'), abandonedLock({ ttlSeconds: 3600 }));
    const run = await step('run', 'locked', { with: { tasks: 'seed', 'lock-timeout': '0' } });
    expect(run.errors[0]?.properties.title).toBe('LOCK_HELD');
  });
});

describe('destroy', () => {
  const pullRequest = (number: number) => ({
    name: 'pull_request',
    payload: {
      action: 'closed',
      number,
      pull_request: { number, head: { sha: 'a'.repeat(40), repo: { full_name: 'acme/shop' } } },
      repository: { full_name: 'acme/shop' },
    },
  });

  test('of a closed pull request takes everything of its environment, and of no other', async () => {
    for (const number of [1, 12]) {
      const opened = await runStep(project.root, { env: aws.env, event: pullRequest(number) });
      expect(opened.outputs).toMatchObject({ environment: `pr-${number}`, phase: 'deploy', recorded: 'true' });
    }
    await project.write({ 'lumo.config.js': config({ migrate: {} }), 'functions/tasks/seed.ts': 'export {};' });
    const closed = await runStep(project.root, {
      env: aws.env,
      event: pullRequest(1),
      with: { command: 'destroy' },
    });
    expect(closed.exitCode).toBe(0);
    expect(closed.log).not.toContain('::warning::');
    expect(closed.summary).toContain('deleted');
    expect(await lambda.functions('shop--pr-1')).toEqual(['shop--pr-12--migrate', 'shop--pr-12--seed']);
    expect(await bucket.keys('lumo-tasks/state/shop/pr-1/')).toEqual([]);
    expect(await bucket.keys('lumo-tasks/state/shop/pr-12/')).toContain(stateKey('pr-12', 'marker'));

    const twice = await runStep(project.root, { env: aws.env, event: pullRequest(1), with: { command: 'destroy' } });
    expect(twice.exitCode).toBe(0);
    expect(await bucket.keys('lumo-tasks/state/shop/pr-1/')).toEqual([]);
    const again = await runStep(project.root, { env: aws.env, event: pullRequest(1), runId: '102' });
    expect(again.outputs).toMatchObject({ phase: 'deploy', 'is-first-deploy': 'true' });
  });

  test('goes by what is recorded when the checkout is broken by now', async () => {
    await step('deploy', 'broken');
    await project.write({ 'functions/tasks/migrate.ts': 'export const run = (;' });
    const destroyed = await step('destroy', 'broken');
    expect(destroyed.exitCode).toBe(0);
    expect(destroyed.log).toContain('only what is recorded counts. TASK_BUNDLE_FAILED');
    expect(await lambda.functions('shop--broken--')).toEqual([]);
    expect(await bucket.keys('lumo-tasks/state/shop/broken/')).toEqual([]);
  });

  test('waits for a deployment that is running', async () => {
    await step('deploy', 'in-use');
    await bucket.write(stateKey('in-use', 'lock'), abandonedLock({ ttlSeconds: 3600 }));
    const destroyed = await step('destroy', 'in-use', { with: { 'lock-timeout': '0' } });
    expect(destroyed.exitCode).toBe(1);
    expect(destroyed.errors[0]?.properties.title).toBe('LOCK_HELD');
    expect(await lambda.functions('shop--in-use--')).toHaveLength(2);
  });

  test('leaves alone what belongs to another repository', async () => {
    await step('deploy', 'theirs');
    const destroyed = await step('destroy', 'theirs', { env: { ...aws.env, GITHUB_REPOSITORY: 'acme/other' } });
    expect(destroyed.errors[0]?.properties.title).toBe('MARKER_FOREIGN');
    await bucket.delete(stateKey('theirs', 'marker'));
    await bucket.delete(stateKey('theirs', 'progress'));
    await bucket.delete(stateKey('theirs', 'inventory'));
    const stateless = await step('destroy', 'theirs', { env: { ...aws.env, GITHUB_REPOSITORY: 'acme/other' } });
    expect(stateless.exitCode).toBe(0);
    expect(stateless.log).toContain('is left alone');
    expect(await lambda.functions('shop--theirs--')).toHaveLength(2);
  });

  test('needs to be told which environment', async () => {
    const guessed = await runStep(project.root, { env: aws.env, with: { command: 'destroy' } });
    expect(guessed.errors[0]?.properties.title).toBe('ENVIRONMENT_REQUIRED');
  });
});
