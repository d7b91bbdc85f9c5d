import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { runStep, type Step } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { config, createProject, ECHO_TASK, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let aws: TestAws;
let project: TestProject;

beforeAll(async () => {
  aws = await startTestAws();
  project = await createProject({
    'lumo.config.js': config({}, { region: undefined }),
    'functions/tasks/migrate.ts': ECHO_TASK,
  });
  await symlink('/tmp', path.join(project.root, 'elsewhere'));
});
afterAll(async () => {
  await project.remove();
  await aws.close();
});

const REGION = { AWS_REGION: 'eu-central-1' };
const NO_CREDENTIALS = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };

const fork = {
  name: 'pull_request',
  payload: {
    repository: { full_name: 'acme/shop' },
    pull_request: { number: 7, head: { sha: 'f'.repeat(40), repo: { full_name: 'eve/shop' } } },
  },
};
const event = (name: string) => ({ name, payload: {} });

const cases: [string, Step, ErrorCode, RegExp][] = [
  ['a payload that is no JSON', { with: { payload: '{"a":' } }, 'INPUT_INVALID', /`payload` is text that is not JSON/],
  ['a payload that is no object', { with: { payload: '[1]' } }, 'INPUT_INVALID', /`payload` is JSON that is an array/],
  ['a payload of null', { with: { payload: 'null' } }, 'INPUT_INVALID', /`payload` is JSON that is null/],
  ['an unknown command', { with: { command: 'deplyo' } }, 'INPUT_INVALID', /use one of deploy, plan, package/],
  ['a number that is none', { with: { 'max-parallel': '0' } }, 'INPUT_INVALID', /whole number from 1 to 100/],
  ['a boolean that is none', { with: { prune: 'maybe' } }, 'INPUT_INVALID', /true, false/],
  ['a choice that is none', { with: { 'record-on': 'sometimes' } }, 'INPUT_INVALID', /all, selection, never/],
  ['a role that is no ARN', { env: { 'INPUT_EXECUTION-ROLE-ARN': 'admin' } }, 'INPUT_INVALID', /arn:aws:iam::/],
  ['a task that does not exist', { with: { tasks: 'migrat' } }, 'TASK_UNKNOWN', /did you mean "migrate"/],
  ['a glob that matches nothing', { with: { tasks: 'migrate, seed-*' } }, 'TASK_UNKNOWN', /"seed-\*"/],
  ['`run` without tasks', { with: { command: 'run' } }, 'INPUT_INVALID', /`tasks` is empty/],
  ['an environment with a slash', { with: { environment: 'prod/eu' } }, 'INPUT_INVALID', /1 to 64 characters/],
  ['an environment of dots', { with: { environment: '..' } }, 'INPUT_INVALID', /1 to 64 characters/],
  ['an environment that is too long', { with: { environment: 'e'.repeat(65) } }, 'INPUT_INVALID', /1 to 64/],
  ['a folder outside', { with: { 'working-directory': '..' } }, 'INPUT_INVALID', /leaves the workspace/],
  ['an absolute folder', { with: { 'working-directory': '/etc' } }, 'INPUT_INVALID', /leaves the workspace/],
  [
    'a link that leads outside',
    { with: { 'working-directory': 'elsewhere' } },
    'INPUT_INVALID',
    /leaves the workspace/,
  ],
  [
    'a folder that is missing',
    { with: { 'working-directory': 'apps' } },
    'INPUT_INVALID',
    /is not a folder.*\n.*checkout/,
  ],
  [
    'pull_request_target',
    { event: event('pull_request_target') },
    'EVENT_REFUSED',
    /does not run on pull_request_target/,
  ],
  ['workflow_run', { event: event('workflow_run') }, 'ENVIRONMENT_REQUIRED', /Set the input `environment`/],
  ['merge_group', { event: event('merge_group') }, 'ENVIRONMENT_REQUIRED', /Set the input `environment`/],
  ['`destroy` of nothing', { with: { command: 'destroy' } }, 'ENVIRONMENT_REQUIRED', /input `environment`/],
  ['no region', { env: { AWS_REGION: undefined } }, 'REGION_MISSING', /`region` in lumo\.config/],
  [
    'no role and no bucket',
    { env: { 'INPUT_EXECUTION-ROLE-ARN': '' } },
    'BUCKET_UNKNOWN',
    /`bucket: none` does without/,
  ],
  ['no credentials', { env: NO_CREDENTIALS }, 'CREDENTIALS_MISSING', /configure-aws-credentials/],
  ['a fork', { env: NO_CREDENTIALS, event: fork }, 'CREDENTIALS_MISSING', /forks .* command plan works there/],
];

test.each(cases)('%s', async (_name, step, code, says) => {
  aws.taken();
  const startedAt = Date.now();
  const result = await runStep(project.root, { ...step, env: { ...aws.env, ...REGION, ...step.env } });
  expect(result.exitCode).toBe(1);
  expect(result.errors).toHaveLength(1);
  expect(result.errors[0]?.properties.title).toBe(code);
  expect(result.errors[0]?.message).toMatch(says);
  expect(result.log).toMatch(new RegExp(`^${code}: .*`, 'm'));
  expect(result.log).toMatch(/What to do: ./);
  expect(result.log).not.toMatch(/^\s+at .*\.js:\d+/m);
  expect(result.outputs).toMatchObject({ status: 'failed', recorded: 'false', results: '[]' });
  expect(aws.taken()).toEqual([]);
  // Instance metadata and the like must not be waited for.
  expect(Date.now() - startedAt).toBeLessThan(20_000);
});

describe('a plan without credentials', () => {
  test('is made of what the checkout says, and says what it left out', async () => {
    aws.taken();
    const result = await runStep(project.root, {
      event: fork,
      // A fork has no secrets and no variables: role, region and bucket are not known either.
      env: { ...aws.env, 'INPUT_EXECUTION-ROLE-ARN': '', ...NO_CREDENTIALS },
      with: { command: 'plan' },
    });
    expect(result.exitCode).toBe(0);
    expect(result.outputs).toMatchObject({ status: 'planned', environment: 'pr-7', version: 'ffffffffffff' });
    expect(JSON.parse(result.outputs.plan ?? '')).toMatchObject([{ task: 'migrate', run: true, action: 'unknown' }]);
    expect(result.log).toContain('There are no AWS credentials: functions, history and state are not looked at.');
    expect(result.summary).toContain('no AWS credentials');
    expect(result.log).toMatch(/^📋 Plan for shop ffffffffffff in pr-7: 1 task to run /m);
    expect(aws.taken()).toEqual([]);
  });

  test('finds what is wrong in the project', async () => {
    const broken = await createProject({
      'lumo.config.js': config({ migrate: { copyAssets: [{ from: 'gone' }] } }),
      'functions/tasks/migrate.ts': ECHO_TASK,
    });
    const result = await runStep(broken.root, { event: fork, env: NO_CREDENTIALS, with: { command: 'plan' } });
    expect(result.exitCode).toBe(1);
    expect(result.errors[0]?.properties).toMatchObject({ title: 'ASSET_MISSING', file: 'lumo.config.js' });
    await broken.remove();
  });
});
