import { randomFillSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runStep } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { openBucket, type TestBucket } from '../helpers/bucket.ts';
import { config, createProject, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

let aws: TestAws;
let bucket: TestBucket;
let project: TestProject;

beforeAll(async () => {
  aws = await startTestAws();
  bucket = openBucket(aws);
  project = await createProject({
    'lumo.config.js': config({ size: { copyAssets: [{ from: 'noise.bin' }] } }),
    'functions/tasks/size.ts': `import { statSync } from 'node:fs';
export const run = async () => ({ success: true, message: String(statSync('noise.bin').size) });
`,
  });
  await noise();
});
afterAll(async () => {
  await aws.close();
  await project.remove();
});

const SIZE = 52 * 1024 * 1024;

/** Does not compress: the zip gets over 50 MB. */
function noise(): Promise<void> {
  return writeFile(path.join(project.root, 'noise.bin'), randomFillSync(Buffer.alloc(SIZE)));
}

function step(command: string, environment: string, runId: string, inputs: Record<string, string> = {}) {
  return runStep(project.root, { env: aws.env, runId, with: { command, environment, ...inputs } });
}

const artifacts = () => bucket.keys('lumo-tasks/artifacts/');

test('code over 50 MB goes through the bucket, once for all environments that have it, and goes with the last', async () => {
  const one = await step('deploy', 'one', '1');
  expect(one.exitCode).toBe(0);
  expect(one.result('size').message).toBe(String(SIZE));
  const stored = await artifacts();
  expect(stored).toEqual([expect.stringMatching(/^lumo-tasks\/artifacts\/[0-9a-f]{64}\.zip$/)]);

  aws.taken();
  const two = await step('deploy', 'two', '2');
  expect(two.exitCode).toBe(0);
  expect(await artifacts()).toEqual(stored);

  expect((await step('destroy', 'one', '3')).exitCode).toBe(0);
  expect(await artifacts()).toEqual(stored);

  // What an older deployment stored goes as well.
  await noise();
  expect((await step('deploy', 'two', '4')).exitCode).toBe(0);
  expect(await artifacts()).toHaveLength(2);
  const last = await step('destroy', 'two', '5');
  expect(last.log).toContain('2 stored packages deleted.');
  expect(await artifacts()).toEqual([]);
});

test('without a bucket it is refused before anything is made', async () => {
  aws.taken();
  const refused = await step('deploy', 'none', '6', { bucket: 'none' });
  expect(refused.exitCode).toBe(1);
  expect(refused.errors[0]?.properties.title).toBe('TASK_TOO_LARGE');
  expect(aws.taken()).toEqual(['GetFunction']);
});
