import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fault } from '../../src/local/index.ts';
import { runStep, type StepResult } from '../helpers/action.ts';
import { ROLE, startTestAws, type TestAws } from '../helpers/aws.ts';
import { createLambda } from '../helpers/foreign-lambda.ts';
import { config, createProject, ECHO_TASK, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const BUCKET = 'lumo-tasks-000000000000-eu-central-1';

let aws: TestAws;
let project: TestProject;

beforeAll(async () => {
  aws = await startTestAws({ bucketOwners: { 'somebody-elses': '999999999999' } });
});
afterAll(() => aws.close());
beforeEach(async () => {
  project = await createProject({
    'lumo.config.js': config({ migrate: {}, seed: {} }),
    'functions/tasks/migrate.ts': ECHO_TASK,
    'functions/tasks/seed.ts': ECHO_TASK,
  });
  aws.taken();
});
afterEach(async () => {
  aws.faults.splice(0);
  await project.remove();
});

/** IAM's own words, or the two of S3. */
function denied(operation: string, action?: string, resource = 'arn:aws:lambda:eu-central-1:1:function:f'): Fault {
  const message = action
    ? `User: arn:aws:sts::1:assumed-role/ci is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`
    : 'Access Denied';
  return {
    operation,
    times: 100,
    effect: { status: 403, code: action ? 'AccessDeniedException' : 'AccessDenied', message },
  };
}

function expectRefusal(step: StepResult, code: string): void {
  expect(step.exitCode).toBe(1);
  expect(step.outputs).toMatchObject({ status: 'failed', recorded: 'false' });
  expect(step.log).toMatch(new RegExp(`^${code}: `, 'm'));
  expect(step.errors[0]?.properties.title).toBe(code);
}

/** Everything since the last look that changes or runs a function. */
const touchedFunctions = (): string[] => aws.taken().filter((operation) => !/^(Get|Head|List)|Object$/.test(operation));

describe('a missing permission', () => {
  test.each([
    ['GetFunction', 'lambda:GetFunction'],
    ['CreateFunction', 'lambda:CreateFunction'],
  ])('%s: the statement that is missing is printed, and no task has run', async (operation, action) => {
    aws.faults.push(denied(operation, action));
    const step = await runStep(project.root, { env: aws.env, with: { environment: operation } });
    expectRefusal(step, 'ACCESS_DENIED');
    const statement = `{"Effect":"Allow","Action":"${action}","Resource":"arn:aws:lambda:eu-central-1:1:function:f"}`;
    expect(step.log).toContain(statement);
    expect(step.errors[0]?.message).toContain(statement);
    expect(step.outputs.results).toBe('[]');
    expect(touchedFunctions().filter((taken) => taken !== operation)).toEqual([]);
  });

  test('iam:PassRole comes with its condition', async () => {
    aws.faults.push(denied('CreateFunction', 'iam:PassRole', ROLE));
    const step = await runStep(project.root, { env: aws.env, with: { environment: 'pass-role' } });
    expectRefusal(step, 'ACCESS_DENIED');
    expect(step.log).toContain(
      `{"Effect":"Allow","Action":"iam:PassRole","Resource":"${ROLE}","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}`,
    );
  });

  test.each([
    ['GetObject', 'state/shop/denied'],
    ['PutObject', 'state/shop/denied'],
  ])('s3:%s, although S3 does not say what is missing', async (operation, keys) => {
    aws.faults.push(denied(operation));
    const step = await runStep(project.root, { env: aws.env, with: { environment: 'denied' } });
    expectRefusal(step, 'ACCESS_DENIED');
    expect(step.log).toContain(
      `{"Effect":"Allow","Action":"s3:${operation}","Resource":"arn:aws:s3:::${BUCKET}/lumo-tasks/${keys}/*"}`,
    );
    expect(step.log).toContain('also when the bucket does not belong to the account 000000000000');
    expect(touchedFunctions()).toEqual([]);
  });

  test('Invoke: the task is said not to have run', async () => {
    aws.faults.push(denied('Invoke', 'lambda:InvokeFunction'));
    const step = await runStep(project.root, { env: aws.env, with: { environment: 'invoke' } });
    expect(step.exitCode).toBe(1);
    expect(step.result('migrate')).toMatchObject({
      status: 'SYSTEM_FAILURE',
      message: expect.stringMatching(/was not started.*"Action":"lambda:InvokeFunction"/),
    });
    expect(step.result('seed')).toMatchObject({ status: 'SKIPPED', reason: expect.stringContaining('migrate') });
    expect(step.outputs).toMatchObject({ recorded: 'false', failed: '1', skipped: '1' });
  });

  test('a plan lists everything that is missing, and writes nothing', async () => {
    aws.faults.push(denied('GetObject'), denied('GetFunction', 'lambda:GetFunction'));
    const step = await runStep(project.root, { env: aws.env, with: { command: 'plan', environment: 'plan' } });
    expectRefusal(step, 'ACCESS_DENIED');
    expect(step.log).toMatch(/^ {2}bucket +ok /m);
    expect(step.log).toMatch(/^ {2}state +failed .*"Action":"s3:GetObject"/m);
    expect(step.log).toMatch(/^ {2}functions +failed .*"Action":"lambda:GetFunction"/m);
    expect(aws.taken().filter((operation) => !/^(Get|Head|List)/.test(operation))).toEqual([]);
  });
});

describe('credentials', () => {
  test('that have expired', async () => {
    const effect = { status: 400, code: 'ExpiredToken', message: 'The provided token has expired.' };
    aws.faults.push({ operation: 'GetObject', times: 10, effect });
    const step = await runStep(project.root, { env: aws.env, with: { environment: 'expired' } });
    expectRefusal(step, 'CREDENTIALS_EXPIRED');
    expect(step.log).toContain('role-duration-seconds');
  });

  test('that AWS does not know', async () => {
    const message = 'The security token included in the request is invalid.';
    aws.faults.push({
      operation: 'GetFunction',
      times: 10,
      effect: { status: 403, code: 'UnrecognizedClientException', message },
    });
    const step = await runStep(project.root, { env: aws.env, with: { environment: 'unknown-key' } });
    expectRefusal(step, 'CREDENTIALS_MISSING');
    expect(step.log).toContain(message);
  });
});

describe('the bucket', () => {
  test.each(['deploy', 'plan'])('of somebody else: %s', async (command) => {
    const step = await runStep(project.root, { env: aws.env, with: { command, bucket: 'somebody-elses' } });
    expectRefusal(step, 'BUCKET_FOREIGN');
    expect(step.log).toContain('The bucket somebody-elses does not belong to the account 000000000000.');
    expect(step.log).toContain('bucket-owner');
    expect(touchedFunctions()).toEqual([]);
  });

  test.each(['deploy', 'plan'])('that does not exist: %s', async (command) => {
    const step = await runStep(project.root, { env: aws.env, with: { command, bucket: 'no-such-bucket' } });
    expectRefusal(step, 'BUCKET_NOT_FOUND');
    expect(step.log).toMatch(/What to do: .*`command: policy` with `format: cloudformation`/);
    expect(touchedFunctions()).toEqual([]);
  });
});

test('without an execution role nothing is created, and a plan only says so', async () => {
  const env = { ...aws.env, 'INPUT_EXECUTION-ROLE-ARN': '' };
  const inputs = { environment: 'no-role', bucket: BUCKET };
  const step = await runStep(project.root, { env, with: inputs });
  expectRefusal(step, 'ROLE_MISSING');
  expect(step.log).toContain('shop--no-role--migrate has to be created');
  expect(touchedFunctions()).toEqual([]);
  const plan = await runStep(project.root, { env, with: { ...inputs, command: 'plan' } });
  expect(plan.log).toContain('Notice: No execution role is given');
});

test("somebody's function of the same name stops everything before anything was changed", async () => {
  await createLambda(aws, 'shop--taken--seed', 'export const handler = async () => 1;\n');
  aws.taken();
  const step = await runStep(project.root, { env: aws.env, with: { environment: 'taken' } });
  expectRefusal(step, 'FUNCTION_NOT_OURS');
  expect(step.log).toContain('There is a Lambda function shop--taken--seed that is not of this project');
  expect(step.log).toContain('tag lumo:repository is null, not "acme/shop"');
  expect(touchedFunctions()).toEqual([]);
  const destroyed = await runStep(project.root, { env: aws.env, with: { environment: 'taken', command: 'destroy' } });
  expect(destroyed.exitCode).toBe(0);
  expect(destroyed.log).toContain('shop--taken--seed is left alone');
  expect(touchedFunctions()).toEqual([]);
});
