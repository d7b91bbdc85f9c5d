import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runStep } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { config, createProject, ECHO_TASK, type TestProject } from '../helpers/project.ts';

let aws: TestAws;
let project: TestProject;

beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws.close());
beforeEach(async () => {
  project = await createProject({
    'lumo.config.js': config({ seed: { runOn: ['deploy'] }, migrate: { needs: [] } }),
    'functions/tasks/seed.ts': ECHO_TASK,
    'functions/tasks/migrate.ts': ECHO_TASK,
  });
});
afterEach(() => project.remove());

describe('deploy', () => {
  test('first a first deployment, then an update of unchanged functions', async () => {
    const env = { ...aws.env };
    const inputs = { environment: 'production', 'unknown-history': 'first-deploy' };
    project.commit();
    const first = await runStep(project.root, { env, runId: '1', with: { ...inputs, version: 'v1.0.0' } });
    expect(first.log).not.toContain('INTERNAL');
    expect(first.exitCode).toBe(0);
    expect(first.outputs).toMatchObject({
      phase: 'deploy',
      'is-first-deploy': 'true',
      recorded: 'true',
      succeeded: '2',
    });
    expect(first.result('seed')).toMatchObject({ status: 'COMPLETED', message: 'first' });
    expect(first.summary).toContain('seed');

    aws.taken();
    const second = await runStep(project.root, { env, runId: '2', with: { ...inputs, version: 'v1.1.0' } });
    expect(second.exitCode).toBe(0);
    expect(second.outputs).toMatchObject({
      phase: 'update',
      'previous-version': 'v1.0.0',
      'history-source': 'marker',
      skipped: '1',
    });
    expect(second.result('migrate')).toMatchObject({ status: 'COMPLETED', message: 'from v1.0.0' });
    expect(
      aws
        .taken()
        .filter((operation) => /Function|Tag|Version/.test(operation))
        .sort(),
    ).toEqual(['GetFunction', 'GetFunction']);
  });
});
