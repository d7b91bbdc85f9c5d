import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { runStep } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { config, createProject, ECHO_TASK } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let aws: TestAws;

beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws.close());

interface Case {
  name: string;
  /** On top of a project that is right; `undefined` takes a file away. */
  files: Record<string, string | undefined>;
  /** Symbolic links: where they lie, and where they lead. */
  links?: Record<string, string>;
  code: ErrorCode;
  says: RegExp;
  advises: RegExp;
  /** `file:line` of the annotation, relative to the workspace. */
  at?: string;
}

const asset = (...copyAssets: object[]) => config({ migrate: { copyAssets } });

const cases: Case[] = [
  {
    name: 'no configuration',
    files: { 'lumo.config.js': undefined },
    code: 'CONFIG_NOT_FOUND',
    says: /no Lumo configuration.*lumo\.config\.ts/,
    advises: /working-directory/,
  },
  {
    name: 'a configuration that is no JavaScript',
    files: { 'lumo.config.js': "export default {\n  projectName: 'shop',\n  tasks: {\n};\n" },
    code: 'CONFIG_LOAD_FAILED',
    says: /Expected "}"/,
    advises: /Correct the configuration/,
    at: 'apps/shop/lumo.config.js:4',
  },
  {
    name: 'a configuration that throws',
    files: { 'lumo.config.js': 'const a = undefined;\nexport default { projectName: a.b };\n' },
    code: 'CONFIG_LOAD_FAILED',
    says: /Cannot read properties of undefined/,
    advises: /LUMO_ENVIRONMENT/,
    at: 'apps/shop/lumo.config.js:2',
  },
  {
    name: 'another provider',
    files: { 'lumo.config.js': config({}, { provider: 'cloudflare' }) },
    code: 'PROVIDER_UNSUPPORTED',
    says: /available for AWS only/,
    advises: /provider: "aws"/,
    at: 'apps/shop/lumo.config.js:undefined',
  },
  {
    name: 'a task without a file',
    files: { 'lumo.config.js': config({ migrat: {} }) },
    code: 'CONFIG_INVALID',
    says: /tasks\.migrat is no task.*did you mean "migrate"/,
    advises: /Correct the configuration/,
    at: 'apps/shop/lumo.config.js:6',
  },
  {
    name: 'an environment variable that Lambda reserves',
    files: { 'lumo.config.js': config({ migrate: { env: { AWS_REGION: 'x' } } }) },
    code: 'TASK_ENV_INVALID',
    says: /AWS_REGION is a name that Lambda reserves/,
    advises: /Rename/,
    at: 'apps/shop/lumo.config.js:8',
  },
  {
    name: 'no task at all',
    files: { 'functions/tasks/migrate.ts': undefined },
    code: 'TASKS_NOT_FOUND',
    says: /no task below functions\/tasks/,
    advises: /exports a function "run"/,
  },
  {
    name: 'two files of one name',
    files: { 'functions/tasks/migrate.js': 'export const run = async () => ({ success: true, message: "" });\n' },
    code: 'TASK_DUPLICATE',
    says: /defined by "functions\/tasks\/migrate\.js" and "functions\/tasks\/migrate\.ts"/,
    advises: /Rename one of the tasks or delete/,
    at: 'apps/shop/functions/tasks/migrate.ts:undefined',
  },
  {
    name: 'needs in a circle',
    files: {
      'lumo.config.js': config({ a: { needs: ['b'] }, b: { needs: ['a'] } }),
      'functions/tasks/a.ts': ECHO_TASK,
      'functions/tasks/b.ts': ECHO_TASK,
    },
    code: 'TASK_NEEDS_CYCLE',
    says: /a -> b -> a/,
    advises: /Remove one of the needs/,
    at: 'apps/shop/lumo.config.js:7',
  },
  {
    name: 'needs of an unknown task',
    files: { 'lumo.config.js': config({ migrate: { needs: ['migrat'] } }) },
    code: 'CONFIG_INVALID',
    says: /names "migrat", which is no task/,
    advises: /Correct the configuration/,
    at: 'apps/shop/lumo.config.js:7',
  },
  {
    name: 'a syntax error in a task',
    files: { 'functions/tasks/migrate.ts': 'export const run = async () => {\n  return {{ success: true };\n};\n' },
    code: 'TASK_BUNDLE_FAILED',
    says: /Expected identifier but found "{"/,
    advises: /Correct/,
    at: 'apps/shop/functions/tasks/migrate.ts:2',
  },
  {
    name: 'an import that leads nowhere',
    files: { 'functions/tasks/migrate.ts': `import knex from 'knex';\n${ECHO_TASK}void knex;\n` },
    code: 'TASK_BUNDLE_FAILED',
    says: /Could not resolve "knex"/,
    advises: /npm install knex, or leave it to the runtime or a layer: external: \['knex'\]/,
    at: 'apps/shop/functions/tasks/migrate.ts:1',
  },
  {
    name: 'a missing asset',
    files: { 'lumo.config.js': asset({ from: 'migrations' }) },
    code: 'ASSET_MISSING',
    says: /"from: migrations" does not exist/,
    advises: /relative to the project's folder/,
    at: 'apps/shop/lumo.config.js:7',
  },
  {
    name: 'an asset outside of the repository',
    files: { 'lumo.config.js': asset({ from: '../../../../etc/passwd' }) },
    code: 'ASSET_OUTSIDE',
    says: /\/etc\/passwd, which is outside of the repository/,
    advises: /Copy only files of the repository/,
    at: 'apps/shop/lumo.config.js:7',
  },
  {
    name: 'an asset behind a symbolic link that leads out',
    files: { 'lumo.config.js': asset({ from: 'data' }), 'data/a.txt': 'a' },
    links: { 'data/link': '/etc/hostname' },
    code: 'ASSET_OUTSIDE',
    says: /data\/link leads to \/etc\/hostname/,
    advises: /Copy only files of the repository/,
    at: 'apps/shop/lumo.config.js:7',
  },
  {
    name: 'an asset whose place is outside of the package',
    files: { 'lumo.config.js': asset({ from: 'a.txt', to: '../../a.txt' }), 'a.txt': 'a' },
    code: 'ASSET_OUTSIDE',
    says: /leaves the package/,
    advises: /below the root of the package/,
    at: 'apps/shop/lumo.config.js:7',
  },
  {
    name: 'two assets for one place',
    files: {
      'lumo.config.js': asset({ from: 'a.txt', to: 'x' }, { from: 'b.txt', to: 'x' }),
      'a.txt': 'a',
      'b.txt': 'b',
    },
    code: 'ASSET_CONFLICT',
    says: /x would be copied from both/,
    advises: /one source/,
    at: 'apps/shop/lumo.config.js:7',
  },
];

test.each(cases)('$name: $code, and nothing was touched', async ({ files, links = {}, code, says, advises, at }) => {
  const all = { 'lumo.config.js': config(), 'functions/tasks/migrate.ts': ECHO_TASK, ...files };
  const present = Object.entries(all).flatMap(([name, content]) => {
    return content === undefined ? [] : [[`apps/shop/${name}`, content] as const];
  });
  const project = await createProject({
    'README.md': 'a monorepo',
    'apps/shop/.keep': '',
    ...Object.fromEntries(present),
  });
  for (const [link, target] of Object.entries(links)) await symlink(target, path.join(project.root, 'apps/shop', link));
  aws.taken();
  const step = await runStep(project.root, {
    env: aws.env,
    with: { 'working-directory': 'apps/shop', environment: 'production' },
  });
  expect(step.exitCode).toBe(1);
  expect(step.log).toMatch(new RegExp(`^${code}: `, 'm'));
  const [annotation] = step.errors;
  expect(annotation?.properties.title).toMatch(new RegExp(`^${code}\\b`));
  expect(annotation?.message).toMatch(says);
  expect(annotation?.message).toMatch(advises);
  if (at) expect(`${annotation?.properties.file}:${annotation?.properties.line}`).toBe(at);
  expect(step.log).toMatch(/What to do: ./);
  expect(step.summary.replaceAll('&#95;', '_')).toContain(code);
  expect(step.outputs).toMatchObject({ status: 'failed', recorded: 'false', results: '[]', environment: 'production' });
  expect(aws.taken()).toEqual([]);
  await project.remove();
});

test('everything that is wrong in a configuration is said at once, each on its own line', async () => {
  const project = await createProject({
    'lumo.config.js': config(
      { migrate: { timout: 5, timeout: 901, runOn: ['never'], memory: 'x' } },
      { projectName: 5, provider: 'azure' },
    ),
    'functions/tasks/migrate.ts': ECHO_TASK,
  });
  const step = await runStep(project.root, { env: aws.env });
  expect(step.exitCode).toBe(1);
  expect(step.errors.map(({ properties }) => `${properties.line} ${properties.title}`).sort()).toEqual([
    '12 CONFIG_INVALID tasks.migrate.memory',
    '2 CONFIG_INVALID projectName',
    '3 CONFIG_INVALID provider',
    '7 CONFIG_INVALID tasks.migrate.timout',
    '8 CONFIG_INVALID tasks.migrate.timeout',
    '9 CONFIG_INVALID tasks.migrate.runOn[0]',
  ]);
  expect(step.errors.map(({ message }) => message).join()).toContain('did you mean "timeout"?');
  await project.remove();
});
