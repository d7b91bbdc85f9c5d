import { expect, test, vi } from 'vitest';
import { runStep } from '../helpers/action.ts';
import { config, createProject, ECHO_TASK } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 240_000 });

/** MB of heap: a fraction of what the task prints, and enough for everything else. */
const HEAP = 96;

const BULK = `export const run = async () => {
  const block = ('x'.repeat(999) + '\\n').repeat(1000);
  const flushed = (text) => new Promise((resolve) => process.stdout.write(text, resolve));
  for (let count = 0; count < 300; count += 1) await flushed(block);
  await flushed('y'.repeat(10_000_000) + '\\n');
  return { success: true, message: 'm'.repeat(8_000_000), data: { more: 'd'.repeat(8_000_000) } };
};
`;

test('300 MB of log, a line of 10 MB and a result of 16 MB leave the memory of the action as it is', async () => {
  const project = await createProject({ 'lumo.config.js': config(), 'functions/tasks/bulk.ts': BULK });
  const step = await runStep(project.root, {
    env: { NODE_OPTIONS: `--max-old-space-size=${HEAP}` },
    with: { environment: 'bulk', provider: 'local' },
  });
  await project.remove();
  expect(step.exitCode).toBe(0);
  const { status, message, data, warnings } = step.result('bulk');
  expect({ status, data, warnings }).toEqual({
    status: 'COMPLETED',
    data: undefined,
    warnings: [expect.stringContaining('The result was cut: it has 16000')],
  });
  expect(message).toMatch(/^m+…$/);
  expect(step.log.length).toBeLessThan(1_000_000);
  expect(step.log).toMatch(/^… 29\d,\d{3} earlier lines left out$/m);
  expect(Buffer.byteLength(step.summary)).toBeLessThan(1_048_576);
  expect(step.outputs.results?.length).toBeLessThan(300_000);
});

test('1,000 task files are packaged in one go', async () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `group-${index % 10}/task-${index}`);
  const project = await createProject({
    'lumo.config.js': config(),
    ...Object.fromEntries(names.map((name) => [`functions/tasks/${name}.ts`, ECHO_TASK])),
  });
  const step = await runStep(project.root, { with: { command: 'package' } });
  await project.remove();
  expect(step.exitCode).toBe(0);
  expect(step.log).toContain('1000 tasks');
});
