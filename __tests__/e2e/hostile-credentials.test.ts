import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runStep, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { config, createProject, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const sleeps = (seconds: number) =>
  `export const run = async () => {
  await new Promise((resolve) => setTimeout(resolve, ${seconds * 1000}));
  return { success: true, message: 'done' };
};
`;

let aws: TestAws;
let project: TestProject;
let step: StepResult;

/** The session ends while two tasks are running. */
beforeAll(async () => {
  aws = await startTestAws();
  project = await createProject({
    'lumo.config.js': config({ short: {}, long: {}, later: {} }),
    'functions/tasks/short.ts': sleeps(1),
    'functions/tasks/long.ts': sleeps(2),
    'functions/tasks/later.ts': sleeps(0),
  });
  const watch = setInterval(() => {
    if (aws.requests.filter(({ operation }) => operation === 'Invoke').length < 2) return;
    clearInterval(watch);
    const message = 'The security token included in the request is expired';
    for (const operation of ['PutObject', 'GetObject', 'DeleteObject', 'ListObjectsV2', 'Invoke', 'GetFunction']) {
      aws.faults.push({ operation, times: 1_000, effect: { status: 403, code: 'ExpiredTokenException', message } });
    }
  }, 20);
  step = await runStep(project.root, { env: aws.env, with: { environment: 'expires', 'max-parallel': '2' } });
});
afterAll(async () => {
  await project.remove();
  await aws.close();
});

test('the step says that they have expired and what to do, once', () => {
  expect(step.exitCode).toBe(1);
  expect(step.outputs).toMatchObject({ status: 'failed', recorded: 'false' });
  expect(step.errors.map(({ properties }) => properties.title)).toEqual(['CREDENTIALS_EXPIRED']);
  expect(step.log).toContain('role-duration-seconds');
});

test('tasks that were running are reported with what became of them, others as not started', () => {
  expect(step.results.map(({ task, status }) => [task, status])).toEqual([
    ['short', 'COMPLETED'],
    ['long', 'COMPLETED'],
    ['later', 'SKIPPED'],
  ]);
  expect(aws.requests.filter(({ operation }) => operation === 'Invoke').length).toBeLessThanOrEqual(3);
});
