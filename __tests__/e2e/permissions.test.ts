import { execFile } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { DIST_DIR, runStep, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { createLambda } from '../helpers/foreign-lambda.ts';
import { type Access, accessesOf, covers, matches, type PolicyStatement } from '../helpers/iam.ts';
import { config, createProject, ECHO_TASK, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const REGION = 'eu-central-1';
const HUNGRY = `import { OutOfMemoryError, task } from '@lumo-framework/tasks';
task({ id: 'hungry', machine: 'micro', retry: { minTimeoutInMs: 10, outOfMemory: { machine: 'small-1x' } },
  run: async (_payload, { ctx }) => { if (ctx.attempt.number === 1) throw new OutOfMemoryError(); } });
`;

let aws: TestAws;
let project: TestProject;
/** What each role of the policy was used for. */
const used: Record<string, Access[]> = { Production: [], PullRequests: [] };
let policies: Record<string, PolicyStatement[]>;

/** Everything that is asked of AWS by whoever deploys to an environment, in all commands and on all their ways. */
beforeAll(async () => {
  aws = await startTestAws();
  await createLambda(aws, 'their-own', 'export const handler = async () => ({ success: true, message: "ok" });\n');
  await createLambda(aws, 'shop--production--taken', 'export const handler = async () => 1;\n');
  project = await createProject({
    'lumo.config.js': tasks(1024),
    'functions/tasks/seed.ts': ECHO_TASK,
    'functions/tasks/gone.ts': ECHO_TASK,
    'functions/tasks/hungry.ts': HUNGRY,
    'noise.bin': 'little',
  });
  await everything();
  policies = await printedPolicies();
});
afterAll(async () => {
  await project.remove();
  await aws.close();
});

function tasks(memory: number, more: object = {}): string {
  return config({
    seed: { memory, copyAssets: [{ from: 'noise.bin' }] },
    theirs: { function: 'their-own' },
    hungry: {},
    ...more,
  });
}

async function everything(): Promise<void> {
  await step('plan', 'production');
  expect((await step('deploy', 'production')).exitCode).toBe(0);
  await rm(path.join(project.root, 'functions/tasks/gone.ts'));
  await project.write({ 'lumo.config.js': tasks(2048) });
  await noise();
  expect((await step('deploy', 'production', 'v2')).exitCode).toBe(0);
  await noise();
  expect((await step('deploy', 'production', 'v3')).exitCode).toBe(0);
  expect((await step('run', 'production', 'v3', { tasks: 'seed' })).exitCode).toBe(0);
  await noise();
  expect((await step('deploy', 'pr-7')).exitCode).toBe(0);
  expect((await step('destroy', 'pr-7')).exitCode).toBe(0);
  // Its name is wanted for a task, and it is not ours.
  await project.write({ 'functions/tasks/taken.ts': ECHO_TASK });
  expect((await step('deploy', 'production', 'v4')).errors[0]?.properties.title).toBe('FUNCTION_NOT_OURS');
  await rm(path.join(project.root, 'functions/tasks/taken.ts'));
  expect((await step('destroy', 'production')).exitCode).toBe(0);
}

let runs = 0;

async function step(
  command: string,
  environment: string,
  version = 'v1',
  inputs: Record<string, string> = {},
): Promise<StepResult> {
  const seen = aws.requests.length;
  runs += 1;
  const result = await runStep(project.root, {
    env: aws.env,
    runId: String(runs),
    with: { command, environment, version, ...inputs },
  });
  const requests = aws.requests.slice(seen).flatMap((request) => accessesOf(request, REGION));
  used[environment === 'production' ? 'Production' : 'PullRequests']?.push(...requests);
  return result;
}

/** Does not compress: code over 50 MB goes through the bucket. */
function noise(): Promise<void> {
  return writeFile(path.join(project.root, 'noise.bin'), randomFillSync(Buffer.alloc(51 * 1024 * 1024)));
}

async function printedPolicies(): Promise<Record<string, PolicyStatement[]>> {
  const flags = ['--working-directory', project.root, '--environment', 'production', '--bucket-owner', '000000000000'];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path.join(DIST_DIR, 'index.js'), 'policy', ...flags],
    { env: { PATH: process.env.PATH, HOME: project.root }, cwd: '/' },
  );
  const printed = JSON.parse(stdout) as Record<string, { deployer: { policy: { Statement: PolicyStatement[] } } }>;
  return Object.fromEntries(Object.entries(printed).map(([role, { deployer }]) => [role, deployer.policy.Statement]));
}

test.each(['Production', 'PullRequests'])('%s: nothing is asked of AWS that its policy does not allow', (role) => {
  const statements = policies[role] ?? [];
  const missing = (used[role] ?? []).filter((access) => !statements.some((statement) => covers(statement, access)));
  expect([...new Set(missing.map(({ action, resource }) => `${action} on ${resource}`))]).toEqual([]);
});

test('every action that the policies allow is used, and on every kind of resource', () => {
  const all = Object.values(used).flat();
  const unused = Object.entries(policies).flatMap(([role, statements]) =>
    statements.flatMap((statement) => [
      ...statement.Action.filter((action) => !all.some((access) => access.action === action)),
      ...statement.Resource.filter((pattern) => !(used[role] ?? []).some((access) => resourceIsUsed(pattern, access))),
    ]),
  );
  // A version is meant by name only when it is invoked, and a Lambda of the user's own may be given as either.
  const known = /:role\/|function:their-own(:\*)?$/;
  expect(unused.filter((each) => !known.test(each))).toEqual([]);
});

function resourceIsUsed(pattern: string, { resource }: Access): boolean {
  return resource === '*' || matches(pattern, resource);
}
