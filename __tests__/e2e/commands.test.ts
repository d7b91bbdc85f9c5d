import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { DIST_DIR, runStep } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { config, createProject, ECHO_TASK, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let aws: TestAws;
let project: TestProject;

beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws.close());
beforeEach(async () => {
  project = await createProject({
    'lumo.config.js': config({ migrate: { copyAssets: [{ from: 'sql' }] }, seed: { runOn: ['deploy'] } }),
    'functions/tasks/migrate.ts': ECHO_TASK,
    'functions/tasks/seed.ts': ECHO_TASK,
    'functions/tasks/shared/helper.ts': 'export const help = 1;\n',
    'sql/001.sql': 'SELECT 1',
  });
});
afterEach(() => project.remove());

/** The command line: no runner, no GitHub, no inputs. */
async function commandLine(...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, HOME: project.root };
  try {
    const run = promisify(execFile)(process.execPath, [path.join(DIST_DIR, 'index.js'), ...args], { env, cwd: '/' });
    return { exitCode: 0, ...(await run) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}

describe('plan', () => {
  test('says what would happen and why, writes nothing, and is right', async () => {
    const inputs = { environment: 'planned', version: 'v1' };
    aws.taken();
    const before = await runStep(project.root, { env: aws.env, with: { ...inputs, command: 'plan' } });
    expect(before.exitCode).toBe(0);
    expect(before.outputs).toMatchObject({ status: 'planned', phase: 'deploy', 'is-first-deploy': 'true' });
    expect(JSON.parse(before.outputs.plan ?? '')).toMatchObject([
      { task: 'migrate', action: 'create', run: true, function: 'shop--planned--migrate' },
      { task: 'seed', action: 'create', run: true },
    ]);
    expect(before.log).toContain('No tasks, left alone: functions/tasks/shared/helper.ts');
    expect(aws.taken().filter((operation) => !/^(Get|Head|List)/.test(operation))).toEqual([]);

    const deployed = await runStep(project.root, { env: aws.env, with: inputs });
    expect(deployed.exitCode).toBe(0);
    await project.write({ 'sql/001.sql': 'SELECT 2' });
    aws.taken();
    const after = await runStep(project.root, {
      env: aws.env,
      runId: '2',
      with: { ...inputs, version: 'v2', command: 'plan' },
    });
    expect(JSON.parse(after.outputs.plan ?? '')).toMatchObject([
      { task: 'migrate', action: 'update', run: true },
      {
        task: 'seed',
        action: 'unchanged',
        run: false,
        reason: expect.stringContaining('never run in this environment'),
      },
    ]);
    expect(after.outputs).toMatchObject({ phase: 'update', 'previous-version': 'v1', 'history-source': 'marker' });
    expect(after.summary).toContain('would be updated');
    expect(aws.taken().filter((operation) => !/^(Get|Head|List)/.test(operation))).toEqual([]);
  });
});

describe('package', () => {
  test('writes zips and a manifest, and needs neither credentials nor AWS', async () => {
    aws.taken();
    const step = await runStep(project.root, {
      env: { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined },
      with: { command: 'package', out: 'build/packages' },
    });
    expect(step.exitCode).toBe(0);
    const out = path.join(project.root, 'build/packages');
    expect((await readdir(out)).sort()).toEqual(['manifest.json', 'migrate.zip', 'seed.zip']);
    const manifest = JSON.parse(await readFile(path.join(out, 'manifest.json'), 'utf8'));
    expect(manifest.tasks).toMatchObject([
      {
        name: 'migrate',
        file: 'migrate.zip',
        source: 'functions/tasks/migrate.ts',
        digest: expect.stringMatching(/^\w{64}$/),
      },
      { name: 'seed', file: 'seed.zip' },
    ]);
    expect(manifest.tasks[0].bytes).toBe((await readFile(path.join(out, 'migrate.zip'))).length);
    expect(manifest.tasks[0].inputs.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['functions/tasks/migrate.ts', 'sql/001.sql']),
    );
    expect(aws.taken()).toEqual([]);
  });

  test('does not write outside of the workspace', async () => {
    const step = await runStep(project.root, { with: { command: 'package', out: '../elsewhere' } });
    expect(step.exitCode).toBe(1);
    expect(step.errors[0]?.message).toContain('`out` "../elsewhere" leaves the workspace');
  });
});

describe('run and destroy', () => {
  test('run what was deployed, and leave nothing behind; both may be said twice', async () => {
    const inputs = { environment: 'gone' };
    const early = await runStep(project.root, { env: aws.env, with: { ...inputs, command: 'run', tasks: 'seed' } });
    expect(early.exitCode).toBe(1);
    expect(early.errors[0]?.properties.title).toBe('NOT_DEPLOYED');

    await runStep(project.root, { env: aws.env, runId: '1', with: { ...inputs, version: 'v1' } });
    const run = await runStep(project.root, {
      env: aws.env,
      runId: '2',
      with: { ...inputs, command: 'run', tasks: 'seed' },
    });
    expect(run.exitCode).toBe(0);
    expect(run.outputs).toMatchObject({ version: 'v1', phase: 'update', succeeded: '1' });
    expect(run.results.map(({ task, status }) => [task, status])).toEqual([['seed', 'COMPLETED']]);

    for (const expected of [2, 0]) {
      aws.taken();
      const step = await runStep(project.root, { env: aws.env, runId: '3', with: { ...inputs, command: 'destroy' } });
      expect(step.exitCode).toBe(0);
      expect(step.log).not.toMatch(/^::(warning|error)/m);
      expect(aws.taken().filter((operation) => operation === 'DeleteFunction')).toHaveLength(expected);
    }
    const late = await runStep(project.root, { env: aws.env, with: { ...inputs, command: 'run', tasks: 'seed' } });
    expect(late.errors[0]?.properties.title).toBe('NOT_DEPLOYED');
    const again = await runStep(project.root, { env: aws.env, runId: '4', with: { ...inputs, version: 'v2' } });
    expect(again.outputs).toMatchObject({ phase: 'deploy', recorded: 'true', succeeded: '2' });
  });
});

describe('the command line', () => {
  test('plans, deploys, and deploys again with the embedded AWS', async () => {
    const local = ['--provider', 'local', '--working-directory', project.root];
    const plan = await commandLine('plan', ...local);
    expect(plan).toMatchObject({ exitCode: 0, stderr: '' });
    expect(plan.stdout).toMatch(/migrate +would run +phase deploy/);
    expect(plan.stdout).not.toMatch(/^::/m);
    const results = path.join(project.root, 'results.json');
    const first = await commandLine('deploy', ...local, '--version=v1', `--results-file=${results}`);
    expect(first.exitCode).toBe(0);
    expect(first.stdout).toContain('✅ Deployment of shop v1 to dev succeeded: 2 tasks completed');
    expect(JSON.parse(await readFile(results, 'utf8'))).toMatchObject({ status: 'succeeded', version: 'v1' });
    const second = await commandLine('deploy', ...local, '--version', 'v2');
    expect(second.stdout).toContain('Phase: update, previous version: v1');
    expect(second.stdout).toContain('All 2 functions unchanged.');
    const run = await commandLine('run', 'seed', ...local);
    expect(run.stdout).toMatch(/seed +completed/);
    const destroyed = await commandLine('destroy', ...local, '--environment', 'dev');
    expect(destroyed.exitCode).toBe(0);
  });

  test('prints the policy, and nothing but the policy, to stdout', async () => {
    const folder = ['--working-directory', project.root];
    const json = await commandLine('policy', ...folder, '--environment', 'production');
    expect(json.exitCode).toBe(0);
    expect(JSON.stringify(JSON.parse(json.stdout))).toContain('lambda:InvokeFunction');
    const template = await commandLine('policy', ...folder, '--format', 'cloudformation');
    const { Resources } = JSON.parse(template.stdout) as { Resources: Record<string, { Type: string }> };
    const types = Object.values(Resources).map(({ Type }) => Type);
    expect(types).toEqual(expect.arrayContaining(['AWS::S3::Bucket', 'AWS::IAM::Role', 'AWS::IAM::OIDCProvider']));
  });

  test('helps, and refuses what it does not know', async () => {
    expect((await commandLine('--help')).stdout).toContain('--working-directory');
    const unknown = await commandLine('deploy', '--nope');
    expect(unknown).toMatchObject({ exitCode: 1 });
    expect(unknown.stdout).toContain('Unknown option --nope');
  });
});
