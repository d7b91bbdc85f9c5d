import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { LockBody, Marker } from '../../src/state/types.ts';
import { runStep } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { openBucket, stateKey } from '../helpers/bucket.ts';
import { createJournal } from '../helpers/journal.ts';
import { config, createProject, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

const journal = createJournal();
let aws: TestAws;
let project: TestProject;

beforeAll(async () => {
  aws = await startTestAws();
  project = await createProject({
    'lumo.config.js': config({ migrate: {} }),
    'functions/tasks/migrate.ts': journal.task('begin', "await pause(300); note('end');"),
  });
});
afterAll(async () => {
  await aws.close();
  await project.remove();
  journal.clear();
});

test('eight deployments of one environment started together: one at a time, and all of them', async () => {
  const runs = ['1', '2', '3', '4', '5', '6', '7', '8'];
  const steps = await Promise.all(
    runs.map((runId) =>
      runStep(project.root, { env: aws.env, runId, with: { environment: 'busy', version: `run-${runId}` } }),
    ),
  );
  expect(steps.map(({ exitCode, outputs }) => [exitCode, outputs.recorded])).toEqual(runs.map(() => [0, 'true']));
  expect(journal.lines()).toEqual(runs.flatMap(() => ['begin', 'end']));

  const bucket = openBucket(aws);
  const history = await bucket.keys('lumo-tasks/state/shop/busy/history/');
  const markers = await Promise.all(history.map((key) => bucket.read<Marker>(key)));
  const inOrder = markers.flatMap((marker) => marker ?? []).sort((a, b) => a.generation - b.generation);
  expect(inOrder.map(({ generation }) => generation)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(new Set(inOrder.map(({ run }) => run.id))).toEqual(new Set(runs));
  const previous = inOrder.slice(1).map(({ previousVersion }) => previousVersion);
  expect(previous).toEqual(inOrder.slice(0, -1).map(({ version }) => version));
  expect(await bucket.read<LockBody>(stateKey('busy', 'lock'))).toMatchObject({ state: 'free', generation: 8 });
});
