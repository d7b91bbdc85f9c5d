import { describe, expect, test } from 'vitest';
import { digestInputs, packageTasks } from '../../src/package/index.ts';
import type { Package } from '../../src/package/types.ts';
import type { Bundling, ProjectTask } from '../../src/project/types.ts';
import type { Envelope, InvokeEvent } from '../../src/runtime/protocol.ts';
import {
  builtDist,
  type FileSpec,
  nothingElse,
  project,
  runPackage,
  type TestProject,
  task,
  tempFolder,
  unzip,
  writeFiles,
} from './helpers.ts';

async function projectWith(files: Record<string, FileSpec>, bundling: Partial<Bundling>): Promise<TestProject> {
  const made = await project(files);
  return { ...made, project: { ...made.project, bundling: { ...nothingElse, ...bundling } } };
}

const inFile = (id: string, file: string): ProjectTask => ({ ...task(id), file: `functions/tasks/${file}` });
const invocation = (id: string): InvokeEvent => ({
  lumo: 1,
  task: id,
  deployment: { id: 'd', isFirstDeploy: true, environment: 'dev', version: '1' },
  config: {},
  payload: {},
  run: { id: `d/${id}`, createdAt: '2026-01-01T00:00:00Z', startedAt: '2026-01-01T00:00:00Z', isReplay: false },
  attempt: { number: 1, maxAttempts: 1 },
  retry: { maxAttempts: 1, factor: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1, randomize: false },
  machine: { cpu: 1, memory: 1024 },
  queue: { name: 'q' },
  source: { project: 'shop' },
  strictHooks: false,
});
const runPackageWith = async (pkg: Package, event: InvokeEvent) => (await runPackage(pkg, event)) as Envelope;
const bundle = ({ zip }: Package) => unzip(zip)[0]?.bytes.toString() ?? '';

describe('what every task loads before its own file', () => {
  const says = (what: string) => `(globalThis.loaded ??= []).push('${what}');`;
  const task = `${says('task')} export const run = () => globalThis.loaded;`;

  test.each<[string, string]>([
    ['functions/tasks/init.ts', `import '../../lib/db.ts'; ${says('init')} export {};`],
    ['functions/tasks/init.cjs', `require('../../lib/db.ts'); ${says('init')}`],
    ['functions/tasks/init.mjs', `import '../../lib/db.ts'; await null; ${says('init')}`],
  ])('trigger.config, then %s', async (init, code) => {
    const one = await projectWith(
      {
        'trigger.config.ts': `${says('config')} export default { name: 'setConfig' };`,
        'lib/db.ts': `${says('db')} export {};`,
        [init]: code,
        'functions/tasks/a.ts': task,
        'functions/tasks/b.cjs': task.replace('export const run', 'exports.run'),
      },
      { triggerConfig: 'trigger.config.ts', init },
    );
    const packages = await packageTasks([inFile('a', 'a.ts'), inFile('b', 'b.cjs')], one);
    const loaded = ['config', 'setConfig', 'db', 'init', 'task'];
    expect(await runPackage(packages[0] as Package)).toEqual({ task: 'a', result: loaded });
    expect(await runPackage(packages[1] as Package)).toEqual({ task: 'b', result: loaded });
  });

  test('both are inputs: a change of either makes every task another one', async () => {
    const digests = async (change: Record<string, string>) => {
      const files = {
        'trigger.config.js': 'export default { name: 1 };',
        'functions/tasks/init.ts': 'globalThis.x = 1;',
        'functions/tasks/a.ts': task,
      };
      const globals = { triggerConfig: 'trigger.config.js', init: 'functions/tasks/init.ts' };
      return digestInputs([inFile('a', 'a.ts')], await projectWith({ ...files, ...change }, globals));
    };
    const before = await digests({});
    expect(await digests({})).toEqual(before);
    expect(await digests({ 'trigger.config.js': 'export default { name: 2 };' })).not.toEqual(before);
    expect(await digests({ 'functions/tasks/init.ts': 'globalThis.x = 2;' })).not.toEqual(before);
  });

  test('a trigger.config as it is published: the build of the other system is left out', async () => {
    const installed = {
      'node_modules/@trigger.dev/build/package.json': '{"main":"index.js"}',
      'node_modules/@trigger.dev/build/index.js': 'throw new Error("the build");',
    };
    const config = `
      import { defineConfig } from '@trigger.dev/sdk/v3';
      import { additionalFiles, syncEnvVars } from '@trigger.dev/build/extensions/core';
      export default defineConfig({ name: 'p', dirs: ['./src'], build: { extensions: [additionalFiles({ files: ['./a'] }), syncEnvVars()] } });`;
    for (const files of [{}, installed]) {
      const one = await projectWith(
        { 'trigger.config.ts': config, 'functions/tasks/a.ts': task, ...files },
        { triggerConfig: 'trigger.config.ts', buildOnly: ['@trigger.dev/build/extensions/core'] },
      );
      await writeFiles(one.distDir, { 'sdk/tasks.mjs': 'export const defineConfig = (config) => config;' });
      const [a] = await packageTasks([inFile('a', 'a.ts')], one);
      expect(await runPackage(a as Package)).toEqual({ task: 'a', result: ['p', 'task'] });
    }
  });
});

describe('several tasks of one file', () => {
  const files = {
    'functions/tasks/jobs.ts': `
      import { task } from '@trigger.dev/sdk/v3';
      const one = task({ id: 'one', run: async () => 1 });
      export const two = task({ id: 'two', run: async () => 2 });`,
    'assets/x.txt': 'x',
  };

  test('share one bundle and one zip, to the byte', async () => {
    const one = await projectWith(files, {});
    const packages = await packageTasks([inFile('one', 'jobs.ts'), inFile('two', 'jobs.ts')], {
      ...one,
      distDir: await builtDist(),
    });
    expect(packages.map((each) => each.task.name)).toEqual(['one', 'two']);
    expect(packages[0]?.digest).toBe(packages[1]?.digest);
    expect(packages[0]?.codeSha256).toBe(packages[1]?.codeSha256);
    // What describes tasks is not shipped.
    expect(bundle(packages[0] as Package)).not.toContain('everyTask');
    expect(bundle(packages[0] as Package)).not.toContain('describeTasks');
  });

  test('run by their ids, beside what the file exports as run', async () => {
    const jobs = `${files['functions/tasks/jobs.ts']} export const run = async () => ({ success: true, message: 'lumo' });`;
    const one = await projectWith({ 'functions/tasks/jobs.ts': jobs }, {});
    const [pkg] = await packageTasks([inFile('one', 'jobs.ts')], { ...one, distDir: await builtDist() });
    const results = ['one', 'two', 'jobs', 'three'].map(async (id) => {
      const { status, result } = await runPackageWith(pkg as Package, invocation(id));
      return [status, result];
    });
    expect(await Promise.all(results)).toMatchObject([
      ['COMPLETED', 1],
      ['COMPLETED', 2],
      ['COMPLETED', { success: true, message: 'lumo' }],
      ['SYSTEM_FAILURE', undefined],
    ]);
  });

  test('differ where their settings do', async () => {
    const [own, other] = [inFile('one', 'jobs.ts'), inFile('two', 'jobs.ts')];
    own.settings.copyAssets = [{ from: 'assets', to: 'assets' }];
    const one = { ...(await projectWith(files, {})), distDir: await builtDist() };
    const packages = await packageTasks([own, other], one);
    expect(packages.map((each) => each.files.map(({ name }) => name))).toEqual([
      ['assets/x.txt', 'index.mjs'],
      ['index.mjs'],
    ]);
    other.settings.external = ['node:fs'];
    const inTwoBuilds = await packageTasks([own, other], one);
    expect(inTwoBuilds.map(({ digest }) => digest)).toEqual(packages.map(({ digest }) => digest));
  });
});

describe('an installed @lumo-framework/core', () => {
  const core = `
    let resolver = async () => '';
    export const secrets = {
      setSecretResolver: (other) => { resolver = other; },
      getSecret: (name) => resolver(name),
    };`;
  const installed = (code: string) => ({
    'node_modules/@lumo-framework/core/package.json':
      '{"type":"module","exports":{".":{"import":"./dist/i.js","types":"./t.d.ts"}}}',
    'node_modules/@lumo-framework/core/dist/i.js': code,
  });
  const user = `import { secrets } from '@lumo-framework/core'; export const run = () => secrets.getSecret('key');`;

  async function packaged(code: string, coreUsers: string[], file = user) {
    const one = await projectWith({ 'functions/tasks/a.ts': file, ...installed(code) }, { coreUsers });
    await writeFiles(one.distDir, {
      'sdk/core.mjs': 'export const secrets = { getSecret: async (name) => "our " + name };',
    });
    return (await packageTasks([inFile('a', 'a.ts')], one))[0] as Package;
  }

  test('reads its secrets through ours', async () => {
    const pkg = await packaged(core, ['functions/tasks/a.ts']);
    expect(await runPackage(pkg)).toEqual({ task: 'a', result: 'our key' });
  });

  test('is loaded only for the tasks that use it', async () => {
    const loud = `${core} globalThis.coreLoaded = true;`;
    const code = 'export const run = () => globalThis.coreLoaded ?? "not loaded";';
    expect(await runPackage(await packaged(loud, ['functions/tasks/other.ts'], code))).toMatchObject({
      result: 'not loaded',
    });
    expect(await runPackage(await packaged(loud, ['functions/tasks/a.ts'], code))).toMatchObject({ result: true });
  });

  test('of another version, without such a thing, still bundles', async () => {
    const pkg = await packaged('export const http = 1;', ['functions/tasks/a.ts'], 'export const run = () => 1;');
    expect(await runPackage(pkg)).toEqual({ task: 'a', result: 1 });
  });
});

test('what is written for the bundles lies outside of the project', async () => {
  const one = await projectWith({ 'functions/tasks/a.ts': 'export const run = () => 1;' }, {});
  const elsewhere = await tempFolder();
  const [a] = await packageTasks([inFile('a', 'a.ts')], { ...one, tempDir: elsewhere });
  expect(a?.inputs.map(({ name }) => name).sort()).toEqual([
    '@lumo-framework/tasks/runtime/index.mjs',
    'functions/tasks/a.ts',
  ]);
});
