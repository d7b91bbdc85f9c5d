import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Marker, Progress } from '../../src/state/types.ts';
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

/** `migrate`, then `seed` (first deployment only), then `warm-cache`, which needs both. */
beforeEach(async () => {
  project = await createProject({
    'lumo.config.js': config({
      migrate: {},
      seed: { runOn: ['deploy'] },
      'warm-cache': { needs: ['migrate', 'seed'] },
    }),
    'functions/tasks/migrate.ts': journal.task('migrate'),
    'functions/tasks/seed.ts': journal.task('seed'),
    'functions/tasks/warm-cache.ts': journal.task('warm-cache'),
  });
});
afterEach(async () => {
  await project.remove();
  journal.clear();
});

function deploy(environment: string, commit: string, step: Step = {}) {
  return runStep(project.root, { env: aws.env, sha: commit, ...step, with: { environment, ...step.with } });
}

const markerOf = (environment: string) => bucket.read<Marker>(stateKey(environment, 'marker'));
const progressOf = (environment: string) => bucket.read<Progress>(stateKey(environment, 'progress'));

const BROKEN = journal.task('warm-cache', `throw new Error('cache is cold');`);

describe('a first deployment that fails after seeding', () => {
  test('is finished by the next commit, and seeds once', async () => {
    await project.write({ 'functions/tasks/warm-cache.ts': BROKEN });
    const first = await deploy('fixed', project.commit(), { runId: '1' });
    expect(first.exitCode).toBe(1);
    expect(first.outputs).toMatchObject({ phase: 'deploy', recorded: 'false', status: 'failed', succeeded: '2' });
    expect(first.summary).toContain('still missing: warm-cache');
    expect(await markerOf('fixed')).toBeUndefined();

    // Also the code of the seed has changed: what is seeded is seeded.
    await project.write({
      'functions/tasks/warm-cache.ts': journal.task('warm-cache'),
      'functions/tasks/seed.ts': journal.task('seed', `note('seed again');`),
    });
    const second = await deploy('fixed', project.commit(), { runId: '2' });
    expect(second.exitCode).toBe(0);
    expect(second.outputs).toMatchObject({ phase: 'deploy', 'is-first-deploy': 'true', recorded: 'true' });
    expect(second.result('seed')).toMatchObject({ status: 'SKIPPED', reason: 'already completed in run 1' });
    expect(second.result('warm-cache')).toMatchObject({ status: 'COMPLETED', message: 'first' });
    expect(journal.lines()).toEqual(['migrate', 'seed', 'warm-cache', 'migrate', 'warm-cache']);
    expect(await markerOf('fixed')).toMatchObject({ phase: 'deploy', run: { id: '2' } });

    const third = await deploy('fixed', project.commit(), { runId: '3' });
    expect(third.outputs).toMatchObject({
      phase: 'update',
      'previous-version': second.outputs.version,
      recorded: 'true',
    });
    expect(third.result('seed')).toMatchObject({
      status: 'SKIPPED',
      reason: 'runs on deploy only, this is phase update',
    });
  });

  test('seeds again when asked to run everything', async () => {
    await project.write({ 'functions/tasks/warm-cache.ts': BROKEN });
    const commit = project.commit();
    await deploy('forced', commit, { runId: '1' });
    journal.clear();
    const second = await deploy('forced', commit, { runId: '2', with: { rerun: 'all' } });
    expect(second.result('seed').status).toBe('COMPLETED');
    expect(journal.lines()).toEqual(['migrate', 'seed', 'warm-cache']);
  });

  test('is not repeated by "Re-run jobs", but for what failed', async () => {
    await project.write({ 'functions/tasks/warm-cache.ts': BROKEN });
    const commit = project.commit();
    await deploy('rerun', commit, { runId: '1' });
    journal.clear();
    const again = await deploy('rerun', commit, { runId: '1', runAttempt: '2' });
    expect(again.outputs).toMatchObject({ phase: 'deploy', 'history-source': 'none', recorded: 'false' });
    expect(again.results.map(({ task, status, reason }) => [task, status, reason])).toEqual([
      ['migrate', 'SKIPPED', 'already completed in run 1'],
      ['seed', 'SKIPPED', 'already completed in run 1'],
      ['warm-cache', 'FAILED', undefined],
    ]);
    expect(journal.lines()).toEqual(['warm-cache']);

    journal.clear();
    const all = await deploy('rerun', commit, { runId: '1', runAttempt: '3', with: { rerun: 'all' } });
    expect(all.exitCode).toBe(1);
    expect(journal.lines()).toEqual(['migrate', 'seed', 'warm-cache']);
    expect((await progressOf('rerun'))?.completed.migrate?.run).toMatchObject({ id: '1', attempt: 3 });
  });
});

test('a recorded run that is re-run runs nothing again; a new run of the same version does', async () => {
  const commit = project.commit();
  await deploy('again', commit, { runId: '1' });
  journal.clear();
  const rerun = await deploy('again', commit, { runId: '1', runAttempt: '2' });
  expect(rerun.exitCode).toBe(0);
  expect(rerun.results.map(({ status }) => status)).toEqual(['SKIPPED', 'SKIPPED', 'SKIPPED']);
  expect(rerun.outputs.recorded).toBe('true');
  expect(journal.lines()).toEqual([]);

  const redeployed = await deploy('again', commit, { runId: '2' });
  expect(redeployed.outputs).toMatchObject({ phase: 'update', 'previous-version': '', 'history-source': 'marker' });
  expect(journal.lines()).toEqual(['migrate', 'warm-cache']);
});

describe('two steps of one job', () => {
  test('are one first deployment, recorded after the second', async () => {
    const commit = project.commit();
    const one = await deploy('steps', commit, { runId: '1', with: { tasks: 'migrate, seed' } });
    expect(one.exitCode).toBe(0);
    expect(one.outputs).toMatchObject({ phase: 'deploy', recorded: 'false', succeeded: '2', skipped: '1' });
    expect(one.result('warm-cache')).toMatchObject({ status: 'SKIPPED', reason: 'not selected', attempts: [] });
    expect(one.log).toContain('still missing: warm-cache');
    expect(await markerOf('steps')).toBeUndefined();

    const two = await deploy('steps', commit, { runId: '1', with: { tasks: 'warm-cache' } });
    expect(two.exitCode).toBe(0);
    expect(two.outputs).toMatchObject({ phase: 'deploy', 'is-first-deploy': 'true', recorded: 'true', succeeded: '1' });
    expect(two.result('warm-cache').message).toBe('first');
    const marker = await markerOf('steps');
    expect(Object.entries(marker?.tasks ?? {}).map(([name, { status }]) => [name, status])).toEqual(
      expect.arrayContaining([
        ['migrate', 'COMPLETED'],
        ['seed', 'COMPLETED'],
        ['warm-cache', 'COMPLETED'],
      ]),
    );
  });

  test('the second one alone is refused: what it needs has not run', async () => {
    const step = await deploy('unmet', project.commit(), { runId: '1', with: { tasks: 'warm-cache' } });
    expect(step.exitCode).toBe(1);
    expect(step.errors[0]?.properties.title).toBe('TASK_NEEDS_UNMET');
    expect(step.errors[0]?.message).toContain('warm-cache needs migrate');
    expect(step.errors[0]?.message).toContain('warm-cache needs seed');
    expect(journal.lines()).toEqual([]);
    expect(await markerOf('unmet')).toBeUndefined();
  });

  test('of an update see the same previous version', async () => {
    const before = await deploy('update', project.commit(), { runId: '1', with: { version: 'v1.0.0' } });
    expect(before.outputs.recorded).toBe('true');
    const commit = project.commit();
    const inputs = { version: 'v1.1.0' };
    const one = await deploy('update', commit, { runId: '2', with: { ...inputs, tasks: 'migrate' } });
    const two = await deploy('update', commit, { runId: '2', with: { ...inputs, tasks: 'warm-cache' } });
    expect([one.result('migrate').message, two.result('warm-cache').message]).toEqual(['from v1.0.0', 'from v1.0.0']);
    expect([one.outputs.recorded, two.outputs.recorded]).toEqual(['false', 'true']);
    expect(await markerOf('update')).toMatchObject({ version: 'v1.1.0', previousVersion: 'v1.0.0', phase: 'update' });
  });
});

describe('record-on', () => {
  test('selection: what is selected here is enough', async () => {
    const commit = project.commit();
    const inputs = { tasks: 'migrate', 'record-on': 'selection', version: 'v1.0.0' };
    const step = await deploy('selection', commit, { runId: '1', with: inputs });
    expect(step.outputs).toMatchObject({ recorded: 'true', phase: 'deploy' });
    expect((await markerOf('selection'))?.tasks).toMatchObject({ migrate: { status: 'COMPLETED' } });
    const next = await deploy('selection', project.commit(), { runId: '2', with: { ...inputs, version: 'v1.1.0' } });
    expect(next.outputs).toMatchObject({ phase: 'update', 'previous-version': 'v1.0.0' });
  });

  test('never: a deployment stays the first one, and seeds once all the same', async () => {
    const inputs = { 'record-on': 'never' };
    const one = await deploy('never', project.commit(), { runId: '1', with: inputs });
    expect(one.exitCode).toBe(0);
    expect(one.outputs).toMatchObject({ recorded: 'false', status: 'succeeded' });
    expect(one.log).toContain('`record-on` is `never`');
    const two = await deploy('never', project.commit(), { runId: '2', with: inputs });
    expect(two.outputs).toMatchObject({ phase: 'deploy', recorded: 'false' });
    expect(journal.lines().filter((line) => line === 'seed')).toHaveLength(1);
  });
});
