import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { LockBody, Marker } from '../../src/state/types.ts';
import { runStep, type Step } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { openBucket, stateKey, type TestBucket } from '../helpers/bucket.ts';
import { createJournal } from '../helpers/journal.ts';
import { config, createProject, type TestProject } from '../helpers/project.ts';
import { GitFixture } from '../history/git-fixture.ts';
import { GitHubFixture } from '../history/github-fixture.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const journal = createJournal();
let aws: TestAws;
let bucket: TestBucket;
let project: TestProject;
let older: string;
let newer: string;

beforeAll(async () => {
  aws = await startTestAws();
  bucket = openBucket(aws);
  project = await createProject({
    'lumo.config.js': config({ migrate: {}, seed: { runOn: ['deploy'] } }),
    'functions/tasks/migrate.ts': journal.task('migrate'),
    'functions/tasks/seed.ts': journal.task('seed'),
  });
  older = project.commit('older');
  newer = project.commit('newer');
});
afterAll(async () => {
  await aws.close();
  await project.remove();
  journal.clear();
});

let runs = 0;

function deploy(environment: string, step: Step = {}, root = project.root) {
  runs += 1;
  return runStep(root, { env: aws.env, runId: String(runs), ...step, with: { environment, ...step.with } });
}

const writes = () =>
  aws
    .taken()
    .filter((operation) => /^(Create|Update|Publish|Delete|Tag).*(Function|Version|Resource)|Invoke/.test(operation));
const markerOf = (environment: string) => bucket.read<Marker>(stateKey(environment, 'marker'));
const lockOf = (environment: string) => bucket.read<LockBody>(stateKey(environment, 'lock'));

test('a commit before the deployed one changes nothing, succeeds and says so; allow-downgrade deploys it', async () => {
  await deploy('staging', { sha: newer });
  const recorded = await markerOf('staging');
  journal.clear();
  aws.taken();

  const planned = await deploy('staging', { sha: older, with: { command: 'plan' } });
  expect(planned.outputs).toMatchObject({ status: 'planned' });
  expect(JSON.parse(planned.outputs.plan ?? '')).toMatchObject([
    { task: 'migrate', run: false, reason: expect.stringContaining(`superseded by ${newer.slice(0, 12)}`) },
    { task: 'seed', run: false },
  ]);
  expect(planned.summary).toContain('Newer code is deployed already');

  const step = await deploy('staging', { sha: older });
  expect(step.exitCode).toBe(0);
  expect(step.outputs).toMatchObject({ status: 'superseded', recorded: 'false', skipped: '2', succeeded: '0' });
  expect(step.result('migrate')).toMatchObject({ status: 'SKIPPED', reason: `superseded by ${newer.slice(0, 12)}` });
  expect(step.log).toMatch(/^::notice title=Superseded::Newer code is deployed already/m);
  expect(writes()).toEqual([]);
  expect(journal.lines()).toEqual([]);
  expect(await markerOf('staging')).toEqual({ ...recorded, generation: 2 });
  expect(await lockOf('staging')).toMatchObject({ state: 'free' });

  const forced = await deploy('staging', { sha: older, with: { 'allow-downgrade': 'true' } });
  expect(forced.outputs).toMatchObject({ status: 'succeeded', recorded: 'true' });
  expect(await markerOf('staging')).toMatchObject({ commit: older, previousVersion: newer.slice(0, 12) });
});

test('a lower version is an error, also when its commit is older', async () => {
  await deploy('production', { sha: newer, with: { version: 'v1.10.0' } });
  aws.taken();
  const recorded = await markerOf('production');
  for (const command of ['plan', 'deploy']) {
    const step = await deploy('production', { sha: older, with: { version: 'v1.9.0', command } });
    expect(step.exitCode).toBe(1);
    expect(step.errors[0]?.properties.title).toBe('DOWNGRADE');
    expect(step.errors[0]?.message).toContain('v1.9.0 is lower than v1.10.0');
    expect(step.errors[0]?.message).toContain('allow-downgrade');
  }
  expect(writes()).toEqual([]);
  expect(await markerOf('production')).toEqual({ ...recorded, generation: 2 });
  const again = await deploy('production', { sha: newer, with: { version: 'v1.10.0' } });
  expect(again.outputs).toMatchObject({ status: 'succeeded', recorded: 'true' });
});

test('`run` and `destroy` do not mind', async () => {
  await deploy('by-hand', { sha: newer });
  const ran = await deploy('by-hand', { sha: older, with: { command: 'run', tasks: 'migrate' } });
  expect(ran.outputs).toMatchObject({ status: 'succeeded', succeeded: '1' });
  expect((await deploy('by-hand', { sha: older, with: { command: 'destroy' } })).exitCode).toBe(0);
});

test('a shallow clone asks GitHub, and goes on when nobody can tell', async () => {
  const git = new GitFixture(project.root);
  const github = await GitHubFixture.start(git);
  const clone = git.clone('--depth=1');
  try {
    await deploy('shallow', { sha: newer, with: { history: 'marker' } }, clone.folder);
    const env = { ...aws.env, GITHUB_API_URL: github.apiUrl };
    const asked = await deploy(
      'shallow',
      { sha: older, env, with: { 'github-token': 'gh-token-0123456789' } },
      clone.folder,
    );
    expect(asked.outputs.status).toBe('superseded');
    const unknown = await deploy('shallow', { sha: older }, clone.folder);
    expect(unknown.outputs).toMatchObject({ status: 'succeeded', recorded: 'true' });
    expect(unknown.log).toContain(`Whether ${older} came before ${newer} cannot be told`);
  } finally {
    await github.stop();
    clone.remove();
  }
});
