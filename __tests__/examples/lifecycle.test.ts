import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { DIST_DIR } from '../helpers/action.ts';

vi.setConfig({ testTimeout: 120_000 });

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const EXAMPLE = path.join(ROOT, 'examples', 'lifecycle');

let project: string;

beforeAll(async () => {
  project = path.join(await mkdtemp(path.join(tmpdir(), 'lifecycle-')), 'lifecycle');
  await cp(EXAMPLE, project, { recursive: true, filter: (source) => !source.includes('.lumo') });
});
afterAll(() => rm(path.dirname(project), { recursive: true }));

interface Outcome {
  exitCode: number;
  log: string;
  report: Report;
  statusOf(task: string): unknown;
  dataOf(task: string): unknown;
}

/** The command line, as the example's README shows it. */
async function lumoTasks(...args: string[]): Promise<Outcome> {
  const file = path.join(project, '..', 'results.json');
  const command = [path.join(DIST_DIR, 'index.js'), ...args, '--provider', 'local', '--working-directory', 'lifecycle'];
  const child = spawn(process.execPath, [...command, '--results-file', file], {
    cwd: path.dirname(project),
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk));
  const [exitCode] = (await once(child, 'close')) as [number];
  const report = JSON.parse(await readFile(file, 'utf8')) as Report;
  const resultOf = (task: string) => report.results.find((result) => result.task === task);
  return {
    exitCode,
    log,
    report,
    statusOf: (task) => resultOf(task)?.status,
    dataOf: (task) => resultOf(task)?.data,
  };
}

/** What a task printed in one attempt: while it ran, under its name, then in the group that says how it ended. */
function printed({ log }: Outcome, group: string): string[] {
  const lines = log.split('\n');
  const [task = ''] = group.split(' ');
  const ended = lines.findIndex((line) => line.startsWith(group));
  const rest = lines.slice(ended + 1);
  const end = rest.findIndex((line) => !line.startsWith('  │ '));
  const live = lines.slice(0, ended).filter((line) => line.startsWith(`│ ${task} │ `));
  return [...live.map((line) => line.slice(`│ ${task} │ `.length)), ...rest.slice(0, end).map((line) => line.slice(4))];
}

test('every task does what its file says, first and as an update', async () => {
  const first = await lumoTasks('deploy');
  expect(first.exitCode, first.log).toBe(0);
  expect(Object.fromEntries(first.report.results.map(({ task, attempts }) => [task, attempts.length]))).toEqual({
    ...{ middleware: 1, 'schema-task': 1, 'plain-task': 1, 'catch-error': 2, hooks: 2, machine: 1, progress: 1 },
    ...{ 'queues-de': 1, 'queues-en': 1, 'queues-fr': 1, retries: 3, 'retry-inside': 1 },
    ...{ 'several-sales': 1, 'several-stock': 1, 'time-limit': 1, waits: 1 },
  });
  expect(first.dataOf('middleware')).toEqual({ deployments: 1 });
  expect(first.dataOf('schema-task')).toEqual({ currency: 'EUR', sum: 1749 });
  expect(first.dataOf('machine')).toMatchObject({ preset: 'small-2x', memory: 1769 });
  expect(first.dataOf('hooks')).toEqual({ files: ['sitemap.txt'] });
  expect(first.dataOf('retry-inside')).toEqual({
    pages: [
      { page: '/', calls: 1 },
      { page: '/offers', calls: 3 },
    ],
  });
  expect(first.dataOf('time-limit')).toEqual({ rows: 720 });
  expect(first.dataOf('waits')).toEqual({ kept: true });
  expect(first.dataOf('progress')).toEqual({ total: 3, done: 3 });
  expect(printed(first, 'waits COMPLETED').map((line) => line.replace(/(until|took) .*/, '$1'))).toEqual([
    ...['open the store', 'close the store', 'waits until', 'open the store', 'goes on', 'waits took'],
    'close the store',
  ]);
  expect(printed(first, 'hooks FAILED')).toEqual([
    expect.stringMatching(/^onStart of local-\w+\/hooks$/),
    'onStartAttempt 1',
    expect.stringMatching(/^catchError: Error: the first attempt fails, next attempt in \d+ ms$/),
    'cleanup',
  ]);
  expect(printed(first, 'plain-task COMPLETED')).toEqual([expect.stringMatching(/^plain-task took \d+ ms$/)]);

  const update = await lumoTasks('deploy', '--max-parallel', '8');
  expect(update.exitCode, update.log).toBe(0);
  expect(new Set(update.report.functions.map(({ action }) => action))).toEqual(new Set(['unchanged']));
  const spans = ['de', 'en', 'fr']
    .map((language) => update.dataOf(`queues-${language}`) as { startedAt: number; endedAt: number })
    .sort((a, b) => a.startedAt - b.startedAt);
  spans.slice(1).forEach(({ startedAt }, index) => {
    expect(startedAt).toBeGreaterThanOrEqual(spans[index]?.endedAt ?? Number.NaN);
  });
});

test('what its README suggests to try', async () => {
  const aborted = await lumoTasks('run', 'catch-error', '--payload', '{"token":""}');
  expect(aborted.statusOf('catch-error')).toBe('FAILED');
  expect(aborted.log).toContain('[notify] catch-error failed in dev after 1 attempts: AbortTaskRunError');
  const refused = await lumoTasks('run', 'schema-task', '--payload', '{"currency":1}');
  expect(refused.statusOf('schema-task')).toBe('FAILED');
  expect(refused.log).toContain('currency: is no text');
  expect(await lumoTasks('plan')).toMatchObject({ exitCode: 0 });
});

test('its README names every file', async () => {
  const readme = await readFile(path.join(EXAMPLE, 'README.md'), 'utf8');
  const named = [...readme.matchAll(/^\| `([\w-]+\.ts)`/gm)].map(([, file]) => file);
  expect(named.toSorted()).toEqual((await readdir(path.join(EXAMPLE, 'functions', 'tasks'))).sort());
});

test('it holds for a type checker that has the package installed', async () => {
  await mkdir(path.join(project, 'node_modules', '@lumo-framework'), { recursive: true });
  await symlink(ROOT, path.join(project, 'node_modules', '@lumo-framework', 'tasks'));
  await mkdir(path.join(project, 'node_modules', '@types'));
  await symlink(
    path.join(ROOT, 'node_modules', '@types', 'node'),
    path.join(project, 'node_modules', '@types', 'node'),
  );
  const file = path.join(project, 'tsconfig.json');
  const { config } = ts.readConfigFile(file, ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, project);
  expect(fileNames.length).toBeGreaterThan(14);
  const program = ts.createProgram(fileNames, options);
  const problems = ts.getPreEmitDiagnostics(program);
  expect(
    ts.formatDiagnostics(problems, { ...ts.sys, getCanonicalFileName: (name) => name, getNewLine: () => '\n' }),
  ).toBe('');
});
