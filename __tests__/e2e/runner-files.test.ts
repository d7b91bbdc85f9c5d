import { expect, test, vi } from 'vitest';
import { runStep } from '../helpers/action.ts';
import { config, createProject, ECHO_TASK } from '../helpers/project.ts';

test('a runner whose files are not there: the deployment is reported all the same, and the step fails', async () => {
  const project = await createProject({
    'lumo.config.js': config({}, { provider: 'local' }),
    'functions/tasks/migrate.ts': ECHO_TASK,
  });
  const step = await runStep(project.root, {
    env: { GITHUB_OUTPUT: '/nowhere/output', RUNNER_TEMP: '/nowhere/temp' },
    with: { version: '1' },
  });
  expect(step.exitCode).toBe(1);
  expect(step.summary).toContain('migrate');
  expect(step.log).not.toContain('INTERNAL');
  expect(step.errors.map(({ message }) => message)).toEqual([
    expect.stringContaining('The outputs could not be written'),
  ]);
  await project.remove();
});

test('a process that a task leaves behind ends with the deployment', async () => {
  const mark = `4${process.pid}`;
  const project = await createProject({
    'lumo.config.js': config({}, { provider: 'local' }),
    'functions/tasks/migrate.ts': `import { spawn } from 'node:child_process';
export const run = async () => {
  const child = spawn('sleep', ['${mark}'], { detached: true, stdio: 'ignore' });
  child.unref();
  return { success: true, message: String(child.pid) };
};`,
  });
  const step = await runStep(project.root);
  const pid = Number(step.result('migrate').message);
  expect(pid).toBeGreaterThan(0);
  // Whoever adopted it takes a moment to notice that it has ended.
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), 10_000);
  await project.remove();
});
