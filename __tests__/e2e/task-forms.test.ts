import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { runStep } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { config, createProject, ECHO_TASK, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let aws: TestAws;
let project: TestProject | undefined;

beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws.close());
afterEach(() => project?.remove());

test('every form a task file can have runs', async () => {
  project = await createProject({
    'lumo.config.js': config(),
    'functions/tasks/assigns.js': 'module.exports = { run: async () => ({ success: true, message: "assigned" }) };\n',
    'functions/tasks/exports.cjs':
      'exports.run = async () => ({ success: true, message: require("node:path").sep });\n',
    'functions/tasks/nested/deeply/inside.mts': ECHO_TASK,
    'functions/tasks/open-handle.ts': `setInterval(() => {}, 1000);\n${ECHO_TASK}`,
    'functions/tasks/renamed.ts':
      'const work = async () => ({ success: true, message: "renamed" });\nexport { work as run };\n',
    'functions/tasks/synchronous.ts': 'export const run = () => ({ success: true, message: "at once" });\n',
    'functions/tasks/top-level-await.ts': `const first = await Promise.resolve(1);\n${ECHO_TASK}export const used = first;\n`,
  });
  const step = await runStep(project.root, { env: aws.env, with: { environment: 'forms', 'max-parallel': '2' } });
  expect(step.results.map(({ task, status, message }) => [task, status, message])).toEqual([
    ['assigns', 'COMPLETED', 'assigned'],
    ['exports', 'COMPLETED', '/'],
    ['nested/deeply/inside', 'COMPLETED', 'first'],
    ['open-handle', 'COMPLETED', 'first'],
    ['renamed', 'COMPLETED', 'renamed'],
    ['synchronous', 'COMPLETED', 'at once'],
    ['top-level-await', 'COMPLETED', 'first'],
  ]);
  expect(step.exitCode).toBe(0);
});

test('names that mean something elsewhere are names', async () => {
  const names = ['-dash', '::error::x', '<img src=x>', '[x]', '__proto__', 'a%0Ab', 'a-b', 'a/b', 'constructor', 'ünï'];
  names.push('long'.repeat(30), "quo'te", 'toString', 'we ird$');
  project = await createProject({
    'lumo.config.js': config(),
    ...Object.fromEntries(names.map((name) => [`functions/tasks/${name}.ts`, ECHO_TASK])),
  });
  const deploy = (runId: string) =>
    runStep(project?.root ?? '', {
      env: aws.env,
      runId,
      with: { environment: 'names', version: `v${runId}`, 'max-parallel': '4' },
    });
  const first = await deploy('1');
  expect(first.exitCode).toBe(0);
  expect(first.results.map(({ task }) => task).sort()).toEqual(names.sort());
  expect(new Set(first.results.map((result) => result.function)).size).toBe(names.length);
  expect(first.log).not.toMatch(/^\s*::error::x/m);
  expect(first.summary).not.toContain('<img');
  const second = await deploy('2');
  expect(second.outputs).toMatchObject({ phase: 'update', succeeded: String(names.length), recorded: 'true' });
  expect(second.log).toContain(`All ${names.length} functions unchanged.`);
});

test('a stack leads through the files of the project, below any folder', async () => {
  project = await createProject({
    'packages/db/connect.ts':
      'export async function connect(): Promise<void> {\n  await new Promise((resolve) => setTimeout(resolve, 1));\n  refuse();\n}\n\nfunction refuse(): never {\n  throw new Error("no connection");\n}\n',
    'apps/shop/lumo.config.js': config(),
    'apps/shop/functions/tasks/migrate.ts': `import { connect } from '../../../../packages/db/connect.ts';\nexport const run = async () => {\n  await connect();\n  return { success: true, message: 'connected' };\n};\n`,
  });
  const step = await runStep(project.root, {
    env: aws.env,
    with: { environment: 'stack', 'working-directory': 'apps/shop' },
  });
  expect(step.exitCode).toBe(1);
  expect(step.errors[0]).toMatchObject({
    message: 'no connection',
    properties: { file: 'packages/db/connect.ts', line: '7' },
  });
  const stack = step.result('migrate').error?.stack?.split('\n').slice(1);
  expect(stack?.map((line) => line.replace(/:\d+\)?$/, ''))).toEqual([
    '    at refuse (packages/db/connect.ts:7',
    '    at connect (packages/db/connect.ts:3',
    '    at async run (apps/shop/functions/tasks/migrate.ts:3',
  ]);
});
