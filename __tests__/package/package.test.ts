import { cp, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { describe, expect, test } from 'vitest';
import type { Esbuild } from '../../src/package/esbuild.ts';
import { bundleWithSourceMap, digestInputs, packageTasks } from '../../src/package/index.ts';
import { MAX_PROCESSES } from '../../src/package/limiter.ts';
import type { Package } from '../../src/package/types.ts';
import {
  actionError,
  handlerOf,
  project,
  runPackage,
  type TestProject,
  task,
  tempFolder,
  unzip,
  writeFiles,
} from './helpers.ts';

const shop = {
  'lib/db.ts': `export class Database { name(): string { return Database.name; } }`,
  'lib/greet.cjs': `exports.greet = (name) => 'hello ' + name; exports.here = __dirname;`,
  'functions/tasks/migrate.ts': `
    import { Database } from '../../lib/db.ts';
    import { greet } from '../../lib/greet.cjs';
    export const run = async (): Promise<string> => greet(new Database().name());`,
  'functions/tasks/db/seed.ts': `
    import { Database } from '../../../lib/db.ts';
    export const run = () => new Database().name();`,
  'migrations/001.sql': 'create table a ();\n'.repeat(200),
  'migrations/run.sh': { script: '#!/bin/sh\necho hello\n' },
};
const copyMigrations = { copyAssets: [{ from: 'migrations', to: 'sql' }] };
const tasks = [task('migrate', copyMigrations), task('db/seed')];

const named = (packages: readonly Package[]) => new Map(packages.map((each) => [each.task.name, each]));
const shas = (packages: readonly Package[]) => packages.map((each) => each.codeSha256);

/** esbuild behind a shell script. */
async function wrapped({ esbuild, root }: TestProject, script: string): Promise<Esbuild> {
  const binary = path.join(root, 'esbuild.sh');
  await writeFile(binary, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { ...esbuild, binary };
}

describe('packageTasks', () => {
  test('makes zips that run by themselves, names kept, CommonJS included', async () => {
    const packages = named(await packageTasks(tasks, await project(shop)));
    expect([...packages.keys()]).toEqual(['migrate', 'db/seed']);
    const migrate = packages.get('migrate') as Package;
    const seed = packages.get('db/seed') as Package;
    expect(await runPackage(migrate)).toEqual({ task: 'migrate', result: 'hello Database' });
    expect(await runPackage(seed)).toEqual({ task: 'db/seed', result: 'Database' });
    expect(unzip(migrate.zip).map(({ name, mode }) => [name, mode.toString(8)])).toEqual([
      ['index.mjs', '100644'],
      ['sql/001.sql', '100644'],
      ['sql/run.sh', '100755'],
    ]);
    expect(migrate.unzippedBytes).toBe(unzip(migrate.zip).reduce((sum, { bytes }) => sum + bytes.length, 0));
    expect(migrate.files).toEqual(unzip(migrate.zip).map(({ name, bytes }) => ({ name, size: bytes.length })));
  });

  test('ends in a native async function, which Lambda needs to see', async () => {
    const [seed] = await packageTasks([task('db/seed', { runtime: 'nodejs20.x' })], await project(shop));
    const { handler } = await handlerOf(seed as Package);
    expect(handler.constructor.name).toBe('AsyncFunction');
  });

  test('lists what a package is made of, largest first, without a path of this machine', async () => {
    const [migrate] = await packageTasks(tasks, await project(shop));
    const inputs = migrate?.inputs ?? [];
    expect(inputs[0]).toEqual({ name: 'migrations/001.sql', size: 200 * 'create table a ();\n'.length });
    expect(inputs.map(({ name }) => name).sort()).toEqual([
      '@lumo-framework/tasks/runtime/index.mjs',
      'functions/tasks/migrate.ts',
      'lib/db.ts',
      'lib/greet.cjs',
      'migrations/001.sql',
      'migrations/run.sh',
    ]);
    expect(inputs.map(({ size }) => size)).toEqual(inputs.map(({ size }) => size).sort((a, b) => b - a));
  });

  test('is the same to the byte in another folder, at another time and in another time zone', async () => {
    const first = await project(shop);
    const second = await project({});
    await cp(first.root, second.root, { recursive: true, force: true });
    const old = new Date('1999-12-31T23:59:59Z');
    for (const file of ['migrations/001.sql', 'functions/tasks/migrate.ts']) {
      await utimes(path.join(second.root, file), old, old);
    }
    const zone = process.env.TZ;
    const packages = await packageTasks(tasks, first);
    process.env.TZ = 'Pacific/Auckland';
    const again = await packageTasks([...tasks].reverse(), second);
    process.env.TZ = zone;
    expect(shas(again.reverse())).toEqual(shas(packages));
    expect(packages[0]?.zip.includes(path.basename(first.project.boundary))).toBe(false);
  });

  test('is the same when a task is added, when others are left out, and through a linked folder', async () => {
    const one = await project({ ...shop, 'functions/tasks/more.ts': `export { run } from './db/seed.ts';` });
    const linked = path.join(await tempFolder(), 'link');
    await symlink(one.project.boundary, linked);
    const all = named(await packageTasks([task('more'), ...tasks], one));
    const there = { ...one.project, root: path.join(linked, 'shop'), boundary: linked };
    const [alone] = await packageTasks([task('db/seed', copyMigrations)], { ...one, project: there });
    expect(unzip(alone?.zip as Buffer)[0]?.bytes).toEqual(unzip(all.get('db/seed')?.zip as Buffer)[0]?.bytes);
    expect(alone?.inputs[0]?.name).toBe('migrations/001.sql');
    expect(all.get('migrate')?.codeSha256).toBe((await packageTasks(tasks, await project(shop)))[0]?.codeSha256);
  });

  test('takes tasks with any name a file can have', async () => {
    const names = [
      'with space',
      'uni ü 日本',
      "quo'te",
      'semi;colon&amp',
      '-dash',
      'eq=ual',
      'hash#1',
      'what?',
      '[id]',
    ];
    const files = names.map((name) => [`functions/tasks/${name}.ts`, `export const run = () => 'ran';`]);
    const packages = await packageTasks(
      names.map((name) => task(name)),
      await project(Object.fromEntries(files)),
    );
    expect(packages.map((each) => each.task.name)).toEqual(names);
    expect(await runPackage(packages[3] as Package)).toEqual({ task: 'semi;colon&amp', result: 'ran' });
  });

  test('leaves tasks without code of their own alone', async () => {
    expect(await packageTasks([task('other', { function: 'existing' })], await project({}))).toEqual([]);
  });

  test('honours tsconfig.json of the project', async () => {
    const [one] = await packageTasks(
      [task('a')],
      await project({
        'tsconfig.json': JSON.stringify({ compilerOptions: { paths: { '~/*': ['./lib/*'] } } }),
        'lib/x.ts': `export const x = 'aliased';`,
        'functions/tasks/a.ts': `import { x } from '~/x'; export const run = () => x;`,
      }),
    );
    expect(await runPackage(one as Package)).toEqual({ task: 'a', result: 'aliased' });
  });
});

describe('what is bundled and what is not', () => {
  const uses = (name: string) => `import { value } from '${name}'; export const run = () => value;`;
  const installed = (name: string, code: string) => ({
    [`node_modules/${name}/package.json`]: JSON.stringify({ name, main: 'index.js' }),
    [`node_modules/${name}/index.js`]: code,
  });

  test('the AWS SDK is bundled where it is installed, and left to the runtime where it is not', async () => {
    const one = await project({
      'functions/tasks/a.ts': uses('@aws-sdk/client-s3'),
      'functions/tasks/b.ts': `import '@smithy/types'; ${uses('@aws-sdk/client-ssm')}`,
      ...installed('@aws-sdk/client-s3', `exports.value = 'pinned';`),
    });
    const [a, b] = await packageTasks([task('a'), task('b')], one);
    expect(await runPackage(a as Package)).toEqual({ task: 'a', result: 'pinned' });
    const code = unzip((b as Package).zip)[0]?.bytes.toString() ?? '';
    expect(code).toMatch(/from"@aws-sdk\/client-ssm"/);
    expect(code).toMatch(/import"@smithy\/types"/);
    expect(shas(await packageTasks([task('a'), task('b')], one))).toEqual(shas([a as Package, b as Package]));
  });

  test('external stays outside, for the task that says so only', async () => {
    const one = await project({
      'functions/tasks/a.ts': uses('driver'),
      'functions/tasks/b.ts': uses('driver'),
      ...installed('driver', `exports.value = 'driver';`),
    });
    const [a, b] = await packageTasks([task('a', { external: ['driver'] }), task('b')], one);
    expect(unzip((a as Package).zip)[0]?.bytes.toString()).toMatch(/from"driver"/);
    expect(await runPackage(b as Package)).toEqual({ task: 'b', result: 'driver' });
  });

  test('as many sets of flags as there are tasks are bundled a few at a time', async () => {
    const list = Array.from({ length: 12 }, (_, index) => task(`t${index}`, { external: [`only-${index}`] }));
    const files = list.map(({ name }, index) => [`functions/tasks/${name}.ts`, uses(`only-${index}`)]);
    const one = await project(Object.fromEntries(files));
    const log = path.join(one.root, 'log');
    const counting = await wrapped(one, `echo 1 >> "${log}"\n"${one.esbuild.binary}" "$@"\necho -1 >> "${log}"`);
    const packages = await packageTasks(list, { ...one, esbuild: counting });
    expect(packages.map((each) => each.task.name)).toEqual(list.map(({ name }) => name));
    let running = 0;
    const counts = (await readFile(log, 'utf8'))
      .trim()
      .split('\n')
      .map((step) => (running += Number(step)));
    expect(counts).toHaveLength(24);
    expect(Math.max(...counts)).toBe(Math.min(MAX_PROCESSES, 12));
  });

  test('the SDKs of task authors are ours, also when they are not installed', async () => {
    const one = await project({
      'functions/tasks/a.ts': uses('@lumo-framework/core'),
      'functions/tasks/b.ts': uses('@trigger.dev/sdk/v3'),
      ...installed('@trigger.dev/sdk', `exports.value = 'theirs';`),
    });
    await writeFiles(one.distDir, {
      'sdk/core.mjs': `export const value = 'our core';`,
      'sdk/tasks.mjs': `export const value = 'our tasks';`,
    });
    const [a, b] = await packageTasks([task('a'), task('b')], one);
    expect(await runPackage(a as Package)).toEqual({ task: 'a', result: 'our core' });
    expect(await runPackage(b as Package)).toEqual({ task: 'b', result: 'our tasks' });
    await writeFiles(one.root, installed('@lumo-framework/core', `exports.value = 'their core';`));
    const [c] = await packageTasks([task('a')], one);
    expect(await runPackage(c as Package)).toEqual({ task: 'a', result: 'their core' });
  });
});

describe('errors of bundling', () => {
  test('all at once, with file, line and column, and what to install', async () => {
    const one = await project({
      'functions/tasks/a.ts': `import 'left-pad/x';\nimport './nothing.ts';\nexport const run = 1;`,
      'functions/tasks/b.ts': `export const run = () => {\n  return 1 +;\n};`,
      'functions/tasks/c.ts': `import '@aws-sdk/client-s3';`,
    });
    const error = await actionError(packageTasks([task('a'), task('b'), task('c')], one));
    expect(error.code).toBe('TASK_BUNDLE_FAILED');
    expect(error.advice).toBe("npm install left-pad, or leave it to the runtime or a layer: external: ['left-pad']");
    expect(error.details).toEqual([
      {
        message: 'Could not resolve "left-pad/x"',
        location: { file: 'shop/functions/tasks/a.ts', line: 1, column: 8 },
      },
      {
        message: 'Could not resolve "./nothing.ts"',
        location: { file: 'shop/functions/tasks/a.ts', line: 2, column: 8 },
      },
      { message: 'Unexpected ";"', location: { file: 'shop/functions/tasks/b.ts', line: 2, column: 13 } },
    ]);
  });
});

describe('digestInputs', () => {
  const digest = async (files: Parameters<typeof project>[0], list = tasks) => digestInputs(list, await project(files));

  test('is equal for equal sources, whatever folders they lie in', async () => {
    const first = await digest(shop);
    expect([...first.keys()]).toEqual(['migrate', 'db/seed']);
    expect(await digest(shop)).toEqual(first);
    for (const value of first.values()) expect(value).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each<[string, Parameters<typeof project>[0], string[]]>([
    ['shared code', { 'lib/db.ts': 'export class Database { name() { return 1; } }' }, ['migrate', 'db/seed']],
    [
      'code of one task',
      { 'functions/tasks/db/seed.ts': shop['functions/tasks/db/seed.ts'].replace('new', '2 + new') },
      ['db/seed'],
    ],
    ['an asset', { 'migrations/001.sql': 'select 1' }, ['migrate']],
    ['the mode of an asset', { 'migrations/run.sh': '#!/bin/sh\necho hello\n' }, ['migrate']],
    ['a comment', { 'functions/tasks/db/seed.ts': `${shop['functions/tasks/db/seed.ts']} // more` }, []],
  ])('changes with %s', async (_, change, expected) => {
    const before = await digest(shop);
    const after = await digest({ ...shop, ...change });
    const changed = [...after].filter(([name, value]) => before.get(name) !== value).map(([name]) => name);
    expect(changed).toEqual(expected);
  });

  test('changes with the runtime', async () => {
    const node22 = await digest(shop, [task('db/seed', { runtime: 'nodejs22.x' })]);
    expect(await digest(shop, [task('db/seed')])).not.toEqual(node22);
  });
});

describe('bundleWithSourceMap', () => {
  test('maps a place in the deployed bundle to the line in the project', async () => {
    const one = await project({
      'functions/tasks/a.ts': `\n\nexport const run = () => {\n  throw new Error('marker here');\n};`,
    });
    const [deployed] = await packageTasks([task('a')], one);
    const answer = await bundleWithSourceMap(task('a'), deployed?.codeSha256 ?? '', one);
    if (!('map' in answer)) throw new Error(answer.reason);
    expect(answer.bundleFile).toBe('index.mjs');
    const lines =
      unzip((deployed as Package).zip)[0]
        ?.bytes.toString()
        .split('\n') ?? [];
    const line = lines.findIndex((text) => text.includes('marker here'));
    const column = lines[line]?.indexOf('new Error("marker here")') ?? -1;
    const found = originalPositionFor(new TraceMap(answer.map), { line: line + 1, column });
    expect(found).toMatchObject({ source: 'shop/functions/tasks/a.ts', line: 4, column: 8 });
  });

  test('gives none when the sources have changed since', async () => {
    const one = await project({ 'functions/tasks/a.ts': 'export const run = () => 1;' });
    const [deployed] = await packageTasks([task('a')], one);
    await writeFile(path.join(one.root, 'functions/tasks/a.ts'), 'export const run = () => 2;');
    expect(await bundleWithSourceMap(task('a'), deployed?.codeSha256 ?? '', one)).toHaveProperty('reason');
  });
});

test('fifty tasks are one process and one pattern', async () => {
  const names = Array.from({ length: 50 }, (_, index) => `task-${index}`);
  const one = await project(
    Object.fromEntries(names.map((name) => [`functions/tasks/${name}.ts`, `export const run = () => '${name}';`])),
  );
  const counting = await wrapped(one, `echo run >> "${one.root}/runs"\nexec "${one.esbuild.binary}" "$@"`);
  const packages = await packageTasks(
    names.map((name) => task(name)),
    { ...one, esbuild: counting },
  );
  expect(await readFile(path.join(one.root, 'runs'), 'utf8')).toBe('run\n');
  expect(await runPackage(packages[49] as Package)).toEqual({ task: 'task-49', result: 'task-49' });
});
