import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RunStatus } from '../../src/runs/types.ts';
import { runStep, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { config, createProject, ECHO_TASK, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** A task in Lumo's own form; the body begins in line 3. */
const task = (body: string): string => `import type { tasks } from '@lumo-framework/core';
export const run: tasks.TaskHandler = async (ctx) => {
${body}
};
`;
const FINE = `return { success: true, message: 'fine' };`;

interface Failure {
  name: string;
  source: string;
  settings?: object;
  status: RunStatus;
  says: RegExp;
  /** Line of the annotation; none where no stack leads to one. */
  line?: number;
}

const failures: Failure[] = [
  {
    name: 'success-false',
    source: task(`  return { success: false, message: 'the table is locked', data: { table: 'orders' } };`),
    status: 'FAILED',
    says: /^the table is locked$/,
  },
  {
    name: 'throws',
    source: task(`  throw new Error('outer', { cause: new TypeError('inner', { cause: 'the bottom' }) });`),
    status: 'FAILED',
    says: /^outer$/,
    line: 3,
  },
  {
    name: 'throws-text',
    source: task(`  throw 'just text';`),
    status: 'FAILED',
    says: /a string was thrown.*just text/,
  },
  {
    name: 'times-out',
    source: task(`  await new Promise((resolve) => setTimeout(resolve, 600_000));\n  ${FINE}`),
    settings: { timeout: 2 },
    status: 'TIMED_OUT',
    says: /after 2 s.*Raise tasks\.times-out\.timeout/,
  },
  {
    name: 'exits',
    source: task(`  process.exit(3);`),
    status: 'CRASHED',
    says: /exit code 3.*instead of calling process/,
  },
  { name: 'exits-zero', source: task(`  process.exit(0);`), status: 'CRASHED', says: /exit code 0/ },
  {
    name: 'memory',
    source: task(
      `  const all: Buffer[] = [];\n  for (;;) {\n    all.push(Buffer.alloc(8e6, 1));\n    await new Promise((resolve) => setTimeout(resolve, 1));\n  }`,
    ),
    settings: { memory: 256 },
    status: 'CRASHED',
    says: /^Out of memory: used \d+ of 256 MB\. Raise tasks\.memory\.memory\.$/,
  },
  {
    name: 'kills-itself',
    source: task(`  process.kill(process.pid, 'SIGKILL');\n  await new Promise(() => {});`),
    status: 'CRASHED',
    says: /signal: killed.*used \d+ of 1024 MB/,
  },
  {
    name: 'import-error',
    source: `import { nothing } from 'not-installed';\n${task(`  void nothing;\n  ${FINE}`)}`,
    settings: { external: ['not-installed'] },
    status: 'SYSTEM_FAILURE',
    says: /could not be loaded: Cannot find package 'not-installed'.*has to come from a layer/,
  },
  {
    name: 'load-error',
    source: `const url = process.env.DATABASE_URL;\nif (!url) {\n  throw new Error('DATABASE_URL is not set');\n}\n${task(FINE)}`,
    status: 'SYSTEM_FAILURE',
    says: /could not be loaded: DATABASE_URL is not set\. .*outside the function run/,
    line: 3,
  },
  {
    name: 'never-settles',
    source: task(`  await new Promise(() => {});\n  ${FINE}`),
    status: 'FAILED',
    says: /never settled/,
  },
  {
    name: 'never-settles-sync',
    source: 'export const run = () => new Promise(() => {});\n',
    status: 'FAILED',
    says: /never settled/,
  },
  {
    name: 'uncaught',
    source: task(
      `  setTimeout(() => {\n    throw new Error('from a timer');\n  }, 5);\n  await new Promise((resolve) => setTimeout(resolve, 60_000));\n  ${FINE}`,
    ),
    status: 'FAILED',
    says: /^from a timer$/,
    line: 4,
  },
  {
    name: 'rejection',
    source: task(
      `  void (async () => {\n    throw new RangeError('nobody awaits me');\n  })();\n  await new Promise((resolve) => setTimeout(resolve, 60_000));\n  ${FINE}`,
    ),
    status: 'FAILED',
    says: /^nobody awaits me$/,
    line: 4,
  },
  {
    name: 'late-rejection',
    source: task(`  void (async () => {\n    await null;\n    throw new RangeError('too late');\n  })();\n  ${FINE}`),
    status: 'FAILED',
    says: /^too late$/,
    line: 5,
  },
  {
    name: 'answers-nothing',
    source: task(`  void ctx;`),
    status: 'FAILED',
    says: /no TaskResult but undefined; expected/,
  },
  { name: 'answers-text', source: task(`  return 'done' as never;`), status: 'FAILED', says: /but a string: 'done'/ },
  {
    name: 'answers-other',
    source: task(`  return { success: 'yes', data: [] } as never;`),
    status: 'FAILED',
    says: /success is a string \('yes'\), message is missing, data is an array/,
  },
  {
    name: 'bigint',
    source: task(`  return { success: true, message: '', data: { rows: [1n] as never } };`),
    status: 'FAILED',
    says: /data\.rows\[0\] is a BigInt \(1\)/,
  },
  {
    name: 'cyclic',
    source: task(
      `  const a: Record<string, unknown> = {};\n  a.b = { a };\n  return { success: true, message: '', data: { a } };`,
    ),
    status: 'FAILED',
    says: /data\.a\.b\.a refers back/,
  },
  {
    name: 'no-function',
    source: 'export const run = 5;\n',
    status: 'SYSTEM_FAILURE',
    says: /exports no function "run"/,
  },
];

let aws: TestAws;
let project: TestProject;
let steps: Map<string, StepResult>;

/** Eight at a time: GitHub shows no more annotations of a step, and neither do we. */
beforeAll(async () => {
  aws = await startTestAws();
  project = await createProject({
    'apps/shop/lumo.config.js': config(Object.fromEntries(failures.map(({ name, settings = {} }) => [name, settings]))),
    ...Object.fromEntries(failures.map(({ name, source }) => [`apps/shop/functions/tasks/${name}.ts`, source])),
  });
  steps = new Map();
  for (let first = 0; first < failures.length; first += 8) {
    const names = failures.slice(first, first + 8).map(({ name }) => name);
    const step = await runStep(project.root, {
      env: aws.env,
      runId: String(first),
      with: {
        'working-directory': 'apps/shop',
        environment: `failures-${first}`,
        tasks: names.join(),
        'fail-fast': 'false',
        'max-parallel': '2',
      },
    });
    for (const name of names) steps.set(name, step);
  }
});
afterAll(async () => {
  await project.remove();
  await aws.close();
});

test.each(failures)('$name: $status', ({ name, status, says, line }) => {
  const step = steps.get(name);
  if (!step) throw new Error(`${name} was not run`);
  expect(step.exitCode).toBe(1);
  const result = step.result(name);
  expect(result.status).toBe(status);
  expect(result.message).toMatch(says);
  expect(result.attempts).toMatchObject([{ number: 1, status }]);
  const annotation = step.errors.find(({ properties }) => properties.title?.startsWith(`Task ${name} `));
  expect(annotation?.properties.file).toBe(`apps/shop/functions/tasks/${name}.ts`);
  expect(annotation?.properties.line).toBe(line === undefined ? undefined : String(line));
  expect(annotation?.message).toContain(result.message?.split('\n')[0]);
  expect(step.log).toContain(`Task ${name} `);
  expect(step.summary).toContain(`<code>${name}</code>`);
  expect(step.outputs).toMatchObject({ status: 'failed', recorded: 'false', failed: step.outputs.failed });
  // No frame that tells the user nothing, of this action or of Node.
  expect(result.error?.stack ?? '').not.toMatch(/node:internal|runtime\/index|process\.emit/);
});

describe('what a failure says', () => {
  test('the whole chain of causes', () => {
    const step = steps.get('throws');
    expect(step?.result('throws').error).toMatchObject({
      message: 'outer',
      file: 'apps/shop/functions/tasks/throws.ts',
      line: 3,
      column: 9,
      cause: {
        name: 'TypeError',
        message: 'inner',
        line: 3,
        cause: { message: expect.stringContaining('the bottom') },
      },
    });
    expect(step?.log).toMatch(/^ {2}caused by TypeError: inner at apps\/shop\/functions\/tasks\/throws\.ts:3:\d+$/m);
    expect(step?.summary).toContain('**Caused by:** TypeError: inner');
  });

  test('data that comes with a failure is kept', () => {
    expect(steps.get('success-false')?.result('success-false').data).toEqual({ table: 'orders' });
  });
});

test('a result of 7 MB loses its data, with a warning, and not its success: what the task did is done', async () => {
  const big = await createProject({
    'lumo.config.js': config(),
    'functions/tasks/big.ts': task(`  return { success: true, message: 'all rows', data: { text: 'x'.repeat(7e6) } };`),
  });
  const step = await runStep(big.root, { env: aws.env, with: { environment: 'big' } });
  expect(step.exitCode).toBe(0);
  expect(step.result('big')).toMatchObject({ status: 'COMPLETED', message: 'all rows' });
  expect(step.result('big').data).toBeUndefined();
  expect(step.log).toMatch(/Warning: big: The result was cut: it has 70\d+ bytes/);
  await big.remove();
});

test('after a failure no further task starts, and the rest is listed', async () => {
  const stopped = await createProject({
    'lumo.config.js': config({ first: {}, second: { needs: ['first'] }, third: {} }),
    'functions/tasks/first.ts': task(`  return { success: false, message: 'no' };`),
    'functions/tasks/second.ts': ECHO_TASK,
    'functions/tasks/third.ts': ECHO_TASK,
  });
  const step = await runStep(stopped.root, { env: aws.env, with: { environment: 'stopped' } });
  expect(step.exitCode).toBe(1);
  expect(step.results.map(({ task: name, status, reason }) => [name, status, reason])).toEqual([
    ['first', 'FAILED', undefined],
    ['second', 'SKIPPED', 'needs first, which FAILED'],
    ['third', 'SKIPPED', 'not started: first FAILED'],
  ]);
  expect(step.outputs).toMatchObject({ succeeded: '0', failed: '1', skipped: '2', recorded: 'false' });
  await stopped.remove();
});
