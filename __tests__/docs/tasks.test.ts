import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { presetMachine } from '../../src/project/machines.ts';
import { DEFAULT_RETRY, retryDelay, withDefaults } from '../../src/runtime/retry.ts';
import * as sdk from '../../src/sdk/tasks/index.ts';
import { DIST_DIR, runStep, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { startTestPostgres, type TestPostgres } from '../helpers/postgres.ts';
import { createProject, type TestProject } from '../helpers/project.ts';
import { ROOT, readPage } from './pages.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const page = readPage('docs/tasks.md');
/** The sample of a `task({...})` in the README. */
const inReadme = readPage('README.md').files['functions/tasks/fetch-prices.ts'];

describe('the samples', () => {
  let project: TestProject;
  let aws: TestAws;
  let database: TestPostgres;

  beforeAll(async () => {
    project = await createProject(page.files);
    await mkdir(path.join(project.root, 'node_modules', '@types'), { recursive: true });
    for (const name of ['pg', '@types/pg', '@types/node']) {
      await symlink(path.join(ROOT, 'node_modules', name), path.join(project.root, 'node_modules', name));
    }
    [aws, database] = await Promise.all([startTestAws(), startTestPostgres()]);
  });
  afterAll(async () => {
    await aws.close();
    await database.stop();
    await project.remove();
  });

  test('each is a file of its own; the configuration grows', () => {
    const names = page.samples.map(({ file }) => file);
    expect(names.filter((name) => !/^[\w./-]+\.(ts|js)$/.test(name))).toEqual([]);
    const repeated = names.filter((name, index) => names.indexOf(name) !== index);
    expect(new Set(repeated)).toEqual(new Set(['lumo.config.js']));
  });

  test('each configuration fits what the page has shown by then', async () => {
    const configurations = page.samples.flatMap(({ file }, index) => (file === 'lumo.config.js' ? [index] : []));
    expect(configurations.length).toBeGreaterThan(1);
    for (const index of configurations) {
      const shown = page.samples.slice(0, index + 1).map(({ file, content }) => [file, content]);
      const early = await createProject(Object.fromEntries(shown));
      const step = await runStep(early.root, { with: { command: 'package' } });
      expect([step.exitCode, step.errors]).toEqual([0, []]);
      await early.remove();
    }
  });

  test('each holds for a strict type checker that has the published declarations', async () => {
    await project.write({ 'readme/fetch-prices.ts': inReadme ?? '' });
    const declarations = (name: string) => [path.join(DIST_DIR, 'sdk', `${name}.d.ts`)];
    const files = ['readme/fetch-prices.ts', ...Object.keys(page.files)].map((name) => path.join(project.root, name));
    const program = ts.createProgram(
      files.filter((name) => name.endsWith('.ts')),
      {
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        noImplicitReturns: true,
        verbatimModuleSyntax: true,
        erasableSyntaxOnly: true,
        skipLibCheck: false,
        noEmit: true,
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        moduleDetection: ts.ModuleDetectionKind.Force,
        allowImportingTsExtensions: true,
        lib: ['lib.es2023.d.ts'],
        types: ['node'],
        typeRoots: [path.join(ROOT, 'node_modules', '@types')],
        paths: { '@lumo-framework/tasks': declarations('tasks'), '@lumo-framework/core': declarations('core') },
      },
    );
    expect(ts.getPreEmitDiagnostics(program).map(problemOf)).toEqual([]);
  });

  test('each deploys and runs as the page says', async () => {
    project.commit();
    const step = await runStep(project.root, {
      env: { ...aws.env, DATABASE_URL: await database.createDatabase('docs') },
      with: { environment: 'docs', version: 'v2.0.0', 'max-parallel': '8' },
    });
    expect(step.errors).toEqual([]);
    expect(outcomes(step)).toEqual({
      hello: 'Before this deployment docs had nothing',
      welcome: { greeting: 'Hello world, this is attempt 1 of 5' },
      'sales-report': { report: 'sales', rows: 12 },
      'stock-report': { report: 'stock', rows: 12 },
      'import-prices': 'up to 100 prices in EUR',
      'push-catalog': { products: 250 },
      'sync-search': { documents: 1200 },
      'warm-pages': 'warm after 2 calls',
      'index-de': { language: 'de' },
      'index-en': { language: 'en' },
      'index-fr': { language: 'fr' },
      'resize-images': { memory: 1769 },
      'export-orders': { rows: 5 },
      'build-sitemap': { bytes: 22 },
      'count-orders': { orders: 0 },
      'switch-replica': undefined,
      'copy-media': { files: 3 },
      'import-customers': { total: 3, done: 3 },
    });
    const { attempts } = step.result('push-catalog');
    expect(attempts.map(({ retryDelayMs }) => retryDelayMs)).toEqual([500, 900, undefined]);
    expect(step.result('import-customers').metadata).toEqual({
      source: 'crm',
      rows: { total: 3, done: 3 },
      steps: ['index'],
    });
    expect(step.log).toContain('welcome starts in version v2.0.0');
    expect(step.log).toMatch(/waits until .+Z\n[\s\S]*goes on/);
  });
});

function problemOf({ file, start = 0, messageText }: ts.Diagnostic): string {
  const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
  return `${path.basename(file?.fileName ?? '')}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
}

/** What each task came to: the message of a plain one, the output of the others. */
function outcomes({ results }: StepResult): Record<string, unknown> {
  return Object.fromEntries(
    results.map(({ task, file, status, message, data }) => [
      task,
      status !== 'COMPLETED' ? status : file === 'functions/tasks/hello.ts' ? message : data,
    ]),
  );
}

describe('the figures', () => {
  test('delays of the sample', () => {
    const [row = {}] = page.table('after attempt', '1', '2', '3', '4', '5', '6', '7', '8', '9');
    const { 'after attempt': _, ...delays } = row as Record<string, string>;
    const options = { maxAttempts: 10, factor: 1.8, minTimeoutInMs: 500, maxTimeoutInMs: 30_000, randomize: false };
    const expected = Object.keys(delays).map((n) => [n, String(retryDelay(options, Number(n), Math.random))]);
    expect(delays).toEqual(Object.fromEntries(expected));
    expect(page.text).toContain('maxAttempts: 10, factor: 1.8, minTimeoutInMs: 500, maxTimeoutInMs: 30_000, randomize');
  });

  test('defaults of retries', () => {
    const rows = page.table('in `retry`', 'default').filter((row) => row.default !== '');
    const documented = rows.map((row) => [plain(row['in `retry`']), JSON.parse(plain(row.default))]);
    expect(Object.fromEntries(documented)).toEqual(DEFAULT_RETRY);
    expect(withDefaults()).toEqual(DEFAULT_RETRY);
  });

  test('machines', () => {
    const rows = page.table('preset', 'asks for', 'MB in Lambda', 'vCPU in Lambda');
    const documented = rows.map((row) => ({
      name: plain(row.preset),
      memory: Number(row['MB in Lambda']),
      cpu: Number(row['vCPU in Lambda']),
    }));
    expect(documented).toEqual(rows.map((row) => presetMachine(plain(row.preset))));
    expect(documented).toHaveLength(6);
  });
});

test('what is not available can be imported, and throws when it is called', () => {
  const [, section = ''] = /## What is not available\n([\s\S]*?)\n## /.exec(page.text) ?? [];
  const list = section.split('\n').filter((line) => /^(- | {2})/.test(line));
  const names = list.join('\n').match(/(?<=`)[\w.]+(?=`)/g) ?? [];
  expect(names.length).toBeGreaterThan(25);
  const exported = { ...sdk, ...sdk.task({ id: 'x', run: () => 1 }) } as Record<string, unknown>;
  const call = (name: string) => () => {
    const target = name.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], exported);
    (target as () => void)();
  };
  for (const name of names) expect(call(name), name).toThrow(sdk.NotAvailableError);
});

test('links lead to headings of the page', () => {
  const links = [...page.text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor);
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter((anchor) => !page.anchors.includes(anchor))).toEqual([]);
});

function plain(cell: string): string {
  return cell.replaceAll('`', '');
}
