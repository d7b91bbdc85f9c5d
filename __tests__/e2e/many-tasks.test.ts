import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runStep } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { config, createProject, ECHO_TASK } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

const COUNT = 50;

let aws: TestAws;

beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws.close());

test('50 tasks deploy and run; the second time each function costs one request and nothing is written', async () => {
  const names = Array.from({ length: COUNT }, (_, index) => `task-${String(index).padStart(2, '0')}`);
  const project = await createProject({
    'lumo.config.js': config(),
    ...Object.fromEntries(names.map((name) => [`functions/tasks/${name}.ts`, ECHO_TASK])),
  });
  const deploy = (runId: string) =>
    runStep(project.root, {
      env: aws.env,
      runId,
      with: { environment: 'many', version: `v${runId}`, 'max-parallel': '4' },
    });
  const first = await deploy('1');
  expect(first.exitCode).toBe(0);
  expect(first.outputs).toMatchObject({ phase: 'deploy', succeeded: String(COUNT), recorded: 'true' });
  expect(first.results.map(({ task, status }) => `${task} ${status}`)).toEqual(
    names.map((name) => `${name} COMPLETED`),
  );
  expect(new Set(first.results.map(({ version }) => version))).toEqual(new Set(['1']));

  const taken = aws.requests.length;
  const second = await deploy('2');
  expect(second.exitCode).toBe(0);
  expect(second.outputs).toMatchObject({ phase: 'update', 'previous-version': 'v1', succeeded: String(COUNT) });
  expect(second.log).toContain(`All ${COUNT} functions unchanged.`);
  const controlPlane = aws.requests.slice(taken).filter(({ operation }) => !/Object|Bucket|^Invoke$/.test(operation));
  expect(controlPlane.map(({ operation }) => operation)).toEqual(Array.from({ length: COUNT }, () => 'GetFunction'));
  expect(new Set(controlPlane.map(({ resource }) => resource)).size).toBe(COUNT);
  await project.remove();
});
