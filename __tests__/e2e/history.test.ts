import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { runStep, type Step, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { config, createProject, ECHO_TASK, type TestProject } from '../helpers/project.ts';
import { GitFixture } from '../history/git-fixture.ts';
import { GitHubFixture, send } from '../history/github-fixture.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let aws: TestAws;
let project: TestProject;
let environments = 0;

beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws.close());

/** A history with releases, pre-releases, tags that are no versions and a release on another branch. */
beforeEach(async () => {
  project = await createProject({
    'lumo.config.js': config({ migrate: {} }),
    'functions/tasks/migrate.ts': ECHO_TASK,
  });
  for (const tags of [['v1.0.0', 'latest', 'v1'], ['v1.1.0', 'shop@4.0.0'], ['v1.2.0-rc.1'], ['vNext', 'shop@4.1.0']]) {
    project.commit(tags.join(' '));
    for (const tag of tags) project.git('tag', tag);
  }
  project.git('checkout', '-q', '-b', 'hotfix', 'v1.1.0');
  project.commit('hotfix');
  project.git('tag', '-a', 'v3.0.0', '-m', 'another branch');
  project.git('checkout', '-q', 'main');
  project.commit('head');
});
afterEach(() => project.remove());

/** In an environment nobody has deployed to yet, unless one is given. */
function deploy(step: Step = {}, root = project.root): Promise<StepResult> {
  environments += 1;
  const environment = `env-${environments}`;
  return runStep(root, {
    env: aws.env,
    sha: project.git('rev-parse', 'HEAD'),
    ...step,
    with: { environment, ...step.with },
  });
}

function answer({ outputs }: StepResult) {
  const { phase, 'previous-version': previous, 'history-source': source, 'is-first-deploy': first } = outputs;
  return { phase, previous, source, first };
}

const FIRST = { phase: 'deploy', previous: '', source: 'none', first: 'true' };
const since = (previous: string, source = 'tag') => ({ phase: 'update', previous, source, first: 'false' });

describe('an environment without marker in a repository with version tags', () => {
  test('may be new or old: both choices are shown, and nothing is touched', async () => {
    aws.taken();
    const step = await deploy({ with: { environment: 'staging' } });
    expect(step.exitCode).toBe(1);
    const [error] = step.errors;
    expect(error?.properties.title).toBe('HISTORY_AMBIGUOUS');
    expect(error?.message).toContain('the last one before this deployment is v1.1.0');
    expect(error?.message).toMatch(/unknown-history: first-deploy.*\n.*unknown-history: update/);
    expect(aws.taken().filter((operation) => /Function|Invoke/.test(operation))).toEqual([]);
  });

  test('is what unknown-history says, until there is a marker', async () => {
    const inputs = { environment: 'production', 'unknown-history': 'update' };
    const step = await deploy({ with: inputs });
    expect(answer(step)).toEqual(since('v1.1.0'));
    expect(step.result('migrate').data).toEqual({
      isFirstDeploy: false,
      previousVersion: 'v1.1.0',
      environment: 'production',
    });
    expect(answer(await deploy({ with: { environment: 'staging', 'unknown-history': 'first-deploy' } }))).toEqual(
      FIRST,
    );
    const next = await deploy({
      runId: '101',
      with: { ...inputs, version: '2.0.0', 'unknown-history': 'first-deploy' },
    });
    expect(answer(next)).toEqual(since(step.outputs.version ?? '', 'marker'));
  });

  test('is an update from the tag with history: tags, and from no tag it is the first one', async () => {
    expect(answer(await deploy({ with: { history: 'tags' } }))).toEqual(since('v1.1.0'));
    expect(answer(await deploy({ with: { history: 'marker' } }))).toEqual(FIRST);
    expect(answer(await deploy({ with: { history: 'tags', 'tag-prefix': 'other@' } }))).toEqual(FIRST);
  });

  test('of a pull request is new, and previous-version always wins', async () => {
    expect(answer(await deploy({ with: { environment: 'pr-12' } }))).toEqual(FIRST);
    const overridden = await deploy({ with: { environment: 'pr-13', 'previous-version': 'v0.9' } });
    expect(answer(overridden)).toEqual(since('v0.9', 'input'));
  });
});

describe('the version before', () => {
  test.each([
    ['a release', 'v1.1.0', {}, 'v1.0.0'],
    ['a pre-release', 'v1.2.0-rc.1', {}, 'v1.1.0'],
    ['a release of one project of many', 'shop@4.1.0', { 'tag-prefix': 'shop@' }, 'shop@4.0.0'],
  ])('%s', async (_, tag, inputs, previous) => {
    const step = await deploy({
      ref: `refs/tags/${tag}`,
      sha: project.git('rev-parse', `${tag}^{commit}`),
      with: { history: 'tags', ...inputs },
    });
    expect(step.outputs.version).toBe(tag);
    expect(answer(step)).toEqual(since(previous));
  });

  test('the first release is the first deployment', async () => {
    const step = await deploy({
      ref: 'refs/tags/v1.0.0',
      sha: project.git('rev-parse', 'v1.0.0'),
      with: { history: 'tags' },
    });
    expect(answer(step)).toEqual(FIRST);
    expect(step.log).toContain('::warning::This counts as the first deployment.');
  });

  test('without a bucket comes from the tags', async () => {
    const step = await deploy({ with: { bucket: 'none' } });
    expect(answer(step)).toEqual(since('v1.1.0'));
    expect(step.outputs.recorded).toBe('false');
    expect(step.summary).toContain('there is no bucket to record it in');
  });
});

test('no git repository, and one without tags: the first deployment, said loudly', async () => {
  const bare = await createProject({ 'lumo.config.js': config(), 'functions/tasks/migrate.ts': ECHO_TASK });
  const without = await deploy({}, bare.root);
  bare.commit();
  const untagged = await deploy({}, bare.root);
  for (const step of [without, untagged]) {
    expect(answer(step)).toEqual(FIRST);
    expect(step.log).toContain('::warning::This counts as the first deployment.');
  }
  await bare.remove();
});

describe('a checkout that knows too little', () => {
  let clone: GitFixture;
  let github: GitHubFixture;

  beforeEach(async () => {
    github = await GitHubFixture.start(new GitFixture(project.root));
  });
  afterEach(async () => {
    await github.stop();
    clone.remove();
  });

  const options = (): Step => ({ env: { ...aws.env, GITHUB_API_URL: github.apiUrl } });
  const inputs = { history: 'tags', 'github-token': 'gh-token-0123456789' };

  test.each([['--depth=1'], ['--no-tags'], ['--depth=1', '--no-tags']])('asks GitHub (%s)', async (...flags) => {
    clone = new GitFixture(project.root).clone(...flags);
    const step = await deploy({ ...options(), with: inputs }, clone.folder);
    expect(answer(step)).toEqual(since('v1.1.0'));
    expect(step.log).toContain('from the GitHub API');
    expect([...github.authorizations]).toEqual(['token gh-token-0123456789']);
    expect(step.log + step.summary).not.toContain('gh-token-0123456789');
  });

  test('and says what to do when it may not ask', async () => {
    clone = new GitFixture(project.root).clone('--depth=1');
    const step = await deploy({ ...options(), with: { history: 'tags' } }, clone.folder);
    expect(step.errors[0]?.properties.title).toBe('HISTORY_FAILED');
    expect(step.errors[0]?.message).toContain('fetch-depth: 0');
  });

  test.each([403, 404, 502])('and a failed look-up (%i) is an error, never a first deployment', async (status) => {
    clone = new GitFixture(project.root).clone('--depth=1');
    github.override = (response) => {
      send(response, status, { message: 'no' });
      return true;
    };
    aws.taken();
    const step = await deploy({ ...options(), with: inputs }, clone.folder);
    expect(step.exitCode).toBe(1);
    expect(step.errors[0]?.properties.title).toBe('HISTORY_FAILED');
    expect(step.errors[0]?.message).toContain(`HTTP ${status}`);
    expect(aws.taken().filter((operation) => /Function|Invoke/.test(operation))).toEqual([]);
  });
});
