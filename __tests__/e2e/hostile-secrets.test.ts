import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { LambdaClient, ListTagsCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runStep, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { openBucket } from '../helpers/bucket.ts';
import { config, createProject, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** Every kind of secret there is, each with a part of its own that must be found nowhere. */
const SECRETS = {
  configured: 'cfg-7hJk2+pQ/9"x',
  computed: 'fn-Vb3nM8sD-4tYu',
  env: 'postgres://shop:env-Kl5zX1qW@db/shop',
  accessKey: 'ASIA2WERTYUI7PASDFGH',
  secretKey: 'sk/Zx8cV7bN6mA5sD4fG3hJ2kL1+qWeRtYuIoPaSdFg',
  sessionToken: 'IQoJb3JpZ2luX2VjEtokenQ29udGVudA==',
  github: 'ghs_aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789',
};
const SIGNATURE = '0f1e2d3c4b5a69788796a5b4c3d2e1f0a1b2c3d4e5f60718293a4b5c6d7e8f90';
const PARTS = /7hJk2|Vb3nM8sD|Kl5zX1qW|2WERTYUI7|Zx8cV7bN6|JpZ2luX2VjE|aBcDeFgHiJk|0f1e2d3c4b5a/;
const PRESIGNED = `https://b.s3.eu-central-1.amazonaws.com/k?X-Amz-Credential=${SECRETS.accessKey}%2F1&X-Amz-Security-Token=${encodeURIComponent(SECRETS.sessionToken)}&X-Amz-Signature=${SIGNATURE}`;

/** Says all it knows in every way there is to say something. */
const TELLS = `import { metadata, task, tasks } from '@lumo-framework/tasks';
import { secrets as parameters } from '@lumo-framework/core';
const known = ${JSON.stringify([...Object.values(SECRETS), PRESIGNED])};
const all = () => [process.env.DATABASE_URL, ...known].join(' ');
tasks.onStart('tells', () => { throw new Error('hook ' + all()); });
task({ id: 'tells', retry: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1 }, run: async () => {
  console.log(all(), await parameters.getSecret('configured'));
  console.error(JSON.stringify({ all: all() }), encodeURIComponent(all()));
  for (const text of known) metadata.set('k' + text, text);
  throw Object.assign(new Error(all(), { cause: new Error(all()) }), { name: all() });
} });
task({ id: 'returns', run: async () => ({ [all()]: known, url: ${JSON.stringify(PRESIGNED)} }) });
task({ id: 'dies', retry: { maxAttempts: 1 }, run: async () => { setTimeout(() => { throw new Error(all().repeat(20)); }); await new Promise(() => {}); } });
`;

let aws: TestAws;
let project: TestProject;
let steps: StepResult[];

beforeAll(async () => {
  aws = await startTestAws({ secrets: { configured: SECRETS.configured } });
  const { configured, computed, env } = SECRETS;
  project = await createProject({
    'lumo.config.js': `console.log('loading', ${JSON.stringify(Object.values(SECRETS))});
      ${config({ tells: {}, returns: {} }, { taskDefaults: { env: { DATABASE_URL: env } } }).replace(
        '"tasks"',
        `secrets: { configured: { value: ${JSON.stringify(configured)} }, computed: { value: () => '${computed}' } }, "tasks"`,
      )}`,
    'functions/tasks/tells.ts': TELLS,
    // What it throws while it is looked at is the error of the step.
    'broken/tasks/thrown.ts': `import { task } from '@lumo-framework/tasks';\ntask({ id: 'x', run: async () => {} });\nthrow new Error(process.env.DATABASE_URL);`,
    'temp/.keep': '',
  });
  const step = (runId: string) =>
    runStep(project.root, {
      env: {
        ...aws.env,
        AWS_ACCESS_KEY_ID: SECRETS.accessKey,
        AWS_SECRET_ACCESS_KEY: SECRETS.secretKey,
        AWS_SESSION_TOKEN: SECRETS.sessionToken,
        RUNNER_TEMP: path.join(project.root, 'temp'),
        RUNNER_DEBUG: '1',
      },
      runId,
      with: {
        environment: 'leaky',
        version: `v${runId}`,
        'fail-fast': 'false',
        'record-on': 'selection',
        'github-token': SECRETS.github,
        ...(runId === '1' ? { tasks: 'returns' } : {}),
      },
    });
  steps = [await step('1'), await step('2')];
  await project.write({
    'functions/tasks/thrown.ts': await readFile(path.join(project.root, 'broken/tasks/thrown.ts'), 'utf8'),
  });
  steps.push(await step('3'));
});
afterAll(async () => {
  await project.remove();
  await aws.close();
});

test('the steps did what they should', () => {
  expect(steps.map(({ outputs }) => [outputs.status, outputs.recorded])).toEqual([
    ['succeeded', 'true'],
    ['failed', 'false'],
    ['failed', 'false'],
  ]);
  expect(steps[1]?.result('tells').attempts).toHaveLength(2);
  expect(steps[2]?.errors[0]?.properties.title).toBe('TASK_IMPORT_FAILED');
});

test('no secret is in the log, but for the words that tell the runner of it', () => {
  for (const { log } of steps) {
    const shown = log.replaceAll(/^::add-mask::.*$/gm, '');
    expect(shown.split('\n').filter((line) => PARTS.test(line))).toEqual([]);
    expect(shown).toContain('***');
    for (const secret of [SECRETS.secretKey, SECRETS.sessionToken, SECRETS.github, SECRETS.computed]) {
      expect(log).toContain(`::add-mask::${secret}\n`);
    }
    // Before anything that could hold one.
    const masks = [...log.matchAll(/^::add-mask::/gm)].map(({ index }) => index);
    expect(log.search(/loading/)).toBeGreaterThan(Math.max(...masks));
  }
});

test('nor in summary, outputs and results file', async () => {
  const folder = path.join(project.root, 'temp');
  const files = (await readdir(folder)).filter((name) => name.startsWith('lumo-tasks-results'));
  expect(files).toHaveLength(steps.length);
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  for (const text of [...texts, ...steps.flatMap(({ outputs, summary }) => [JSON.stringify(outputs), summary])]) {
    expect(PARTS.exec(text)).toBeNull();
  }
  expect(texts.join('')).toContain('https://b.s3.eu-central-1.amazonaws.com/k?***');
});

test('nor in the bucket or in the tags of a function', async () => {
  const bucket = openBucket(aws);
  const keys = await bucket.keys();
  expect(keys.length).toBeGreaterThan(3);
  for (const key of keys) expect(PARTS.exec(JSON.stringify(await bucket.read(key)))).toBeNull();

  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new LambdaClient({ region: 'eu-central-1', endpoint: aws.endpoint, credentials });
  for (const name of ['tells', 'returns', 'dies']) {
    const arn = `arn:aws:lambda:eu-central-1:000000000000:function:shop--leaky--${name}`;
    const { Tags } = await client.send(new ListTagsCommand({ Resource: arn }));
    expect(Object.keys(Tags ?? {})).toContain('lumo:digest');
    expect(PARTS.exec(JSON.stringify(Tags))).toBeNull();
  }
  client.destroy();
});
