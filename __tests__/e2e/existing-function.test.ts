import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runStep } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { createLambda } from '../helpers/foreign-lambda.ts';
import { config, createProject, ECHO_TASK, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What people's own Lambdas answer, by function name. */
const ANSWERS = {
  'answers-event': 'async (event) => ({ success: true, message: "Applied 3", data: { event } })',
  'answers-text': 'async () => "done"',
  'answers-http': 'async () => ({ statusCode: 200, body: "fine" })',
  'fails-softly': 'async () => ({ success: false, message: "the table is locked", data: { table: "orders" } })',
  'fails-http': 'async () => ({ statusCode: 500, body: "no connection" })',
  throws: 'async () => { throw new TypeError("broken") }',
  'answers-nothing': 'async () => {}',
  'too-big': 'async () => ({ success: true, message: "", data: { text: "x".repeat(7e6) } })',
  exits: 'async () => { process.exit(2) }',
};

let aws: TestAws;
let project: TestProject;

beforeAll(async () => {
  aws = await startTestAws();
  await Promise.all(
    Object.entries(ANSWERS).map(([name, handler]) => {
      return createLambda(aws, name, `export const handler = ${handler};\n`, { Timeout: 30 });
    }),
  );
  const tasks = Object.fromEntries(Object.keys(ANSWERS).map((name) => [name, { function: name }]));
  const arn = 'arn:aws:lambda:eu-central-1:000000000000:function:answers-text:$LATEST';
  project = await createProject({
    'lumo.config.js': config({
      ...tasks,
      'answers-event': { function: 'answers-event', payload: { from: 'configuration', dryRun: false } },
      'by-arn': { function: arn },
      missing: { function: 'no-such-function' },
    }),
  });
});
afterAll(async () => {
  await project.remove();
  await aws.close();
});

test('is invoked and judged by what it answers; with `bucket: none` nothing else is asked of AWS', async () => {
  aws.taken();
  const step = await runStep(project.root, {
    env: { ...aws.env, 'INPUT_EXECUTION-ROLE-ARN': '' },
    with: { bucket: 'none', 'fail-fast': 'false', environment: 'production', payload: '{"dryRun":true}' },
  });
  expect(step.exitCode).toBe(1);
  const operations = aws.taken();
  expect(new Set(operations)).toEqual(new Set(['Invoke']));
  expect(operations).toHaveLength(11);
  expect(step.result('answers-event')).toMatchObject({
    status: 'COMPLETED',
    message: 'Applied 3',
    data: {
      event: { from: 'configuration', dryRun: true, deployment: { isFirstDeploy: true, environment: 'production' } },
    },
    file: null,
    function: 'answers-event',
  });
  expect(step.result('answers-text')).toMatchObject({ status: 'COMPLETED', data: 'done' });
  expect(step.result('by-arn')).toMatchObject({ status: 'COMPLETED', data: 'done' });
  expect(step.result('answers-http')).toMatchObject({ status: 'COMPLETED', message: 'fine' });
  expect(step.result('fails-softly')).toMatchObject({
    status: 'FAILED',
    message: 'the table is locked',
    data: { table: 'orders' },
  });
  expect(step.result('fails-http')).toMatchObject({ status: 'FAILED', message: 'no connection' });
  expect(step.result('throws')).toMatchObject({ status: 'FAILED', error: { name: 'TypeError', message: 'broken' } });
  expect(step.result('answers-nothing')).toMatchObject({
    status: 'FAILED',
    message: expect.stringContaining('returned no result'),
  });
  expect(step.result('too-big')).toMatchObject({ status: 'FAILED', error: { name: 'Function.ResponseSizeTooLarge' } });
  expect(step.result('exits')).toMatchObject({ status: 'CRASHED', message: expect.stringContaining('exit code 2') });
  expect(step.result('missing')).toMatchObject({
    status: 'SYSTEM_FAILURE',
    message: expect.stringMatching(/was not started.*no-such-function/),
  });
  expect(step.log).toContain('bucket: none, so there is no lock');
  expect(step.outputs).toMatchObject({ recorded: 'false', succeeded: '4', failed: '7' });
});

test('succeeds next to the tasks of the project, and is left alone by everything else', async () => {
  const both = await createProject({
    'lumo.config.js': config({ migrate: { function: 'answers-event' }, seed: { needs: ['migrate'] } }),
    'functions/tasks/seed.ts': ECHO_TASK,
  });
  const inputs = { environment: 'both' };
  const first = await runStep(both.root, { env: aws.env, with: inputs });
  expect(first.exitCode).toBe(0);
  expect(first.outputs).toMatchObject({ recorded: 'true', succeeded: '2' });
  aws.taken();
  const plan = await runStep(both.root, { env: aws.env, runId: '2', with: { ...inputs, command: 'plan' } });
  expect(plan.exitCode).toBe(0);
  expect(JSON.parse(plan.outputs.plan ?? '')).toMatchObject([
    { task: 'migrate', action: 'existing', function: 'answers-event', run: true },
    { task: 'seed', action: 'unchanged', run: true },
  ]);
  expect(plan.log).toMatch(/invoke answers-event +ok/);
  const destroyed = await runStep(both.root, { env: aws.env, runId: '3', with: { ...inputs, command: 'destroy' } });
  expect(destroyed.exitCode).toBe(0);
  const deleted = aws.requests
    .filter(({ operation }) => operation === 'DeleteFunction')
    .map(({ resource }) => resource);
  expect(deleted).toEqual(['shop--both--seed']);
  await both.remove();
});
