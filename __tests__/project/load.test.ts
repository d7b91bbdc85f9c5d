import { existsSync, renameSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildRuntime } from '../../scripts/build-runtime.ts';
import { load, loadErrorOf, loadProjectOf, makeProject, RUN, taskNamed } from './helpers.ts';

const TASK = { 'functions/tasks/a.ts': RUN };
const withConfig = (name: string, text: string, more: Record<string, string> = {}) =>
  makeProject({ ...TASK, [name]: text, ...more });

describe('kinds of configuration', () => {
  it.each([
    ['lumo.config.js', 'export default { projectName: "shop", provider: "aws" };'],
    ['lumo.config.mjs', 'export default { projectName: "shop" };'],
    ['lumo.config.cjs', 'module.exports = { projectName: "shop" };'],
    ['lumo.config.js', 'module.exports = { projectName: "shop" };'],
    ['lumo.config.js', 'exports.__esModule = true; exports.default = { projectName: "shop" };'],
    ['lumo.config.ts', 'interface C { projectName: string }\nexport default { projectName: "shop" } satisfies C;'],
    ['lumo.config.mts', 'const config: { projectName: string } = { projectName: "shop" };\nexport default config;'],
    ['lumo.config.js', 'export default Promise.resolve({ projectName: "shop" });'],
    ['lumo.config.js', 'await new Promise((r) => setTimeout(r, 5));\nexport default { projectName: "shop" };'],
  ])('%s: %s', async (name, text) => {
    const root = withConfig(name, text);
    const project = await loadProjectOf(root);
    expect(project).toMatchObject({ name: 'shop', provider: 'aws', configFile: path.join(root, name), root });
    expect(existsSync(path.join(root, '.lumo'))).toBe(false);
  });

  it('takes the first of the known names', async () => {
    const root = makeProject({
      ...TASK,
      'lumo.config.ts': 'export default { projectName: "second" };',
      'lumo.config.js': 'export default { projectName: "first" };',
    });
    expect((await loadProjectOf(root)).name).toBe('first');
  });

  it('takes the file that is asked for', async () => {
    const root = makeProject({ ...TASK, 'config/other name.ts': 'export default { projectName: "other" };' });
    expect((await loadProjectOf(root, { config: 'config/other name.ts' })).name).toBe('other');
  });
});

describe('what a configuration may use', () => {
  it('imports other files, JSON and packages, both ways', async () => {
    const root = makeProject({
      ...TASK,
      'package.json': '{"name":"shop-json"}',
      'lib/names.ts': 'export const name: string = "x";',
      'lib/old.cjs': 'const esm = require("names-esm"); module.exports = { old: esm.v };',
      'node_modules/names-esm/package.json': '{"name":"names-esm","main":"i.js"}',
      'node_modules/names-esm/i.js': 'exports.v = "cjs-value";',
      'lumo.config.ts': `
        import { name } from './lib/names';
        import old from './lib/old.cjs';
        import pkg from './package.json' with { type: 'json' };
        import names from 'names-esm';
        export default { projectName: [name, old.old, pkg.name, names.v].join('-') };`,
    });
    expect((await loadProjectOf(root)).name).toBe('x-cjs-value-shop-json-cjs-value');
  });

  it('knows where it lies, whatever the current folder of the action is', async () => {
    const root = withConfig(
      'lumo.config.cjs',
      `const fs = require('node:fs'), path = require('node:path');
       const here = [__dirname, path.dirname(__filename), process.cwd()];
       if (new Set(here).size !== 1) throw new Error(here.join());
       module.exports = { projectName: fs.readFileSync('name.txt', 'utf8') };`,
      { 'name.txt': 'from-file' },
    );
    expect((await loadProjectOf(root)).name).toBe('from-file');
    const esm = withConfig(
      'lumo.config.mjs',
      `import { readFileSync } from 'node:fs';
       import { createRequire } from 'node:module';
       const require = createRequire(import.meta.url);
       export default {
         projectName: readFileSync(new URL('./name.txt', import.meta.url), 'utf8') + require('./data.json').n,
         region: import.meta.dirname + '/lumo.config.mjs' === import.meta.filename ? 'eu-central-1' : undefined,
       };`,
      { 'name.txt': 'name', 'data.json': '{"n":7}' },
    );
    expect(await loadProjectOf(esm)).toMatchObject({ name: 'name7', region: 'eu-central-1' });
  });

  it('reads the environment, and LUMO_ENVIRONMENT is set', async () => {
    const root = withConfig(
      'lumo.config.js',
      'export default { projectName: process.env.SHOP, environment: process.env.LUMO_ENVIRONMENT };',
    );
    const outcome = await load(root, { environment: 'pr-12', env: { SHOP: 'from-env', LUMO_ENVIRONMENT: 'outer' } });
    expect(outcome.project).toMatchObject({ name: 'from-env', environment: 'pr-12' });
    expect(outcome.restored).toBe(true);
  });

  it('imports @lumo-framework/core from the action when it is not installed, else the installed one', async () => {
    const distDir = makeProject({ 'sdk/core.mjs': 'export const defineConfig = (c) => ({ ...c, region: "ours" });' });
    const config = `import { defineConfig } from '@lumo-framework/core';
      export default defineConfig({ projectName: 'shop' });`;
    const installed = {
      'node_modules/@lumo-framework/core/package.json':
        '{"name":"@lumo-framework/core","type":"module","exports":"./i.js"}',
      'node_modules/@lumo-framework/core/i.js': 'export const defineConfig = (c) => ({ ...c, region: "theirs" });',
    };
    const modules = path.resolve(import.meta.dirname, '..', '..', 'node_modules');
    symlinkSync(modules, path.join(distDir, 'node_modules'));
    expect((await loadProjectOf(withConfig('lumo.config.ts', config), { distDir })).region).toBe('ours');
    expect((await loadProjectOf(withConfig('lumo.config.ts', config, installed), { distDir })).region).toBe('theirs');
  });

  it('works from folders with odd names', async () => {
    const base = makeProject({});
    const root = path.join(base, `-o dd;'"$(x)#?é`);
    const inner = makeProject({ ...TASK, 'lumo.config.js': 'export default { projectName: "odd" };' });
    renameSync(inner, root);
    expect(await loadProjectOf(root)).toMatchObject({ name: 'odd', root, tasks: [{ name: 'a' }] });
  });
});

describe('a configuration that misbehaves', () => {
  it('is told where it throws, in its own file', async () => {
    const root = makeProject({
      'shop/functions/tasks/a.ts': RUN,
      'shop/lib/check.ts': `interface Long { a: string;\n b: string }\nexport function check(v?: string): string {\n  if (!v) throw new TypeError('no URL');\n  return v;\n}`,
      'shop/lumo.config.ts': `import { check } from './lib/check';\nexport default { projectName: check(process.env.NOPE) };`,
    });
    const error = await loadErrorOf(path.join(root, 'shop'), { boundary: root });
    expect(error).toMatchObject({
      code: 'CONFIG_LOAD_FAILED',
      message: 'shop/lumo.config.ts could not be loaded: no URL',
      location: { file: 'shop/lib/check.ts', line: 4, column: 17 },
      cause: 'TypeError: no URL',
    });
  });

  it('is told where it throws in a CommonJS file', async () => {
    const error = await loadErrorOf(withConfig('lumo.config.cjs', '\n\nmodule.exports = undefinedName.x;'));
    expect(error).toMatchObject({ location: { file: 'lumo.config.cjs', line: 3, column: 18 } });
  });

  it.each([
    ['a syntax error', 'export default {\n  projectName: "shop",,\n};', 2, /Expected identifier but found ","/],
    [
      'a file that is not there',
      '\nimport x from "./nowhere.js";\nexport default x;',
      2,
      /Could not resolve "\.\/nowhere\.js"/,
    ],
    [
      'a package that is not installed',
      '\n\nimport x from "not-installed";\nexport default x;',
      3,
      /Cannot find package 'not-installed' imported from lumo\.config\.js/,
    ],
    ['an export that is not there', 'import { nope } from "node:fs";\nexport default nope;', 1, /nope/],
    ['something else than an error', 'throw { odd: true };', undefined, /odd: true/],
  ])('%s', async (_, text, line, message) => {
    const error = await loadErrorOf(withConfig('lumo.config.js', text));
    expect(error.code).toBe('CONFIG_LOAD_FAILED');
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('.lumo/');
    expect(error.location?.file).toBe('lumo.config.js');
    expect(error.location?.line).toBe(line);
  });

  it('tells all syntax errors at once', async () => {
    const error = await loadErrorOf(
      withConfig('lumo.config.js', 'import "./a.js"; import "./b.js"; export default {};', {
        'a.js': 'let a = ;',
        'b.js': '\nlet b = ;',
      }),
    );
    expect(error.details.map(({ location }) => location)).toMatchObject([
      { file: 'a.js', line: 1, column: 9 },
      { file: 'b.js', line: 2, column: 9 },
    ]);
  });

  it('cannot end the action or write into its log', async () => {
    const root = withConfig(
      'lumo.config.js',
      `console.log('::error::gotcha'); process.stderr.write('half\\nline'); process.exitCode = 3; process.exit(0);`,
    );
    const outcome = await load(root);
    expect(outcome.error).toMatchObject({ code: 'CONFIG_LOAD_FAILED', location: { line: 1 } });
    expect(outcome.error?.message).toContain('process.exit(0) was called');
    expect(outcome.debug).toEqual(['lumo.config.js: ::error::gotcha', 'lumo.config.js: half', 'lumo.config.js: line']);
    expect(outcome).toMatchObject({ stdout: '', stderr: '', exit: 0, restored: true });
  });

  it('reports a rejection that nobody handles while it loads', async () => {
    const error = await loadErrorOf(
      withConfig(
        'lumo.config.js',
        `Promise.reject(new Error('lost'));\nawait new Promise((r) => setTimeout(r, 200));\nexport default {};`,
      ),
    );
    expect(error).toMatchObject({ code: 'CONFIG_LOAD_FAILED', location: { line: 1 } });
    expect(error.message).toContain('lost');
  });
});

describe('no configuration', () => {
  it('names the folder and what was looked for', async () => {
    const error = await loadErrorOf(makeProject(TASK));
    expect(error.code).toBe('CONFIG_NOT_FOUND');
    expect(error.message).toContain('lumo.config.mts');
    expect(await loadErrorOf(makeProject(TASK), { config: 'nope.js' })).toMatchObject({
      code: 'CONFIG_NOT_FOUND',
      message: 'The configuration nope.js does not exist in .',
    });
  });

  it('refuses one that leaves the repository, also through a link', async () => {
    const outside = makeProject({ 'lumo.config.js': 'export default { projectName: "outside" };' });
    const root = makeProject(TASK);
    expect(await loadErrorOf(root, { config: path.join(outside, 'lumo.config.js') })).toMatchObject({
      code: 'CONFIG_NOT_FOUND',
    });
    symlinkSync(path.join(outside, 'lumo.config.js'), path.join(root, 'lumo.config.js'));
    expect((await loadErrorOf(root)).message).toContain('leaves the repository');
  });
});

describe('secrets', () => {
  it('are read, functions called; one without a value is a warning', async () => {
    const root = withConfig(
      'lumo.config.js',
      `export default { projectName: 'shop', secrets: {
        plain: { value: 'p' }, made: { value: () => 'm', description: 'd' },
        broken: { value: () => { throw new Error('hidden-value'); } }, __proto__x: { value: '1' } } };`,
    );
    const project = await loadProjectOf(root);
    expect(project.secrets).toEqual({ plain: 'p', made: 'm', __proto__x: '1' });
    expect(project.warnings).toHaveLength(1);
    expect(project.warnings[0]).toContain('secrets.broken.value');
    expect(project.warnings[0]).not.toContain('hidden-value');
    expect(taskNamed(project, 'a').file).toBe('functions/tasks/a.ts');
  });

  const SECRETS = `secrets: { token: { value: 's3cret-value-1' } },
    taskDefaults: { env: { URL: 's3cret-value-2' } }, tasks: { a: { env: { KEY: 's3cret-value-3' } } }`;

  it('and values of env are masked before what the configuration prints is shown', async () => {
    const print = 'console.log("has s3cret-value-1, s3cret-value-2, s3cret-value-3");';
    const root = withConfig('lumo.config.js', `${print}\nexport default { projectName: 'shop', ${SECRETS} };`);
    expect((await load(root)).debug).toContain('lumo.config.js: has ***, ***, ***');
  });

  it('are masked also in what keeps a task from being loaded, and in a configuration that is wrong', async () => {
    const root = makeProject({
      'lumo.config.js': `export default { projectName: 'shop', ${SECRETS} };`,
      'functions/tasks/a.ts': `import { task } from '@trigger.dev/sdk';
        task({ id: 'a', run: async () => {} });
        throw new Error('no access with ' + process.env.KEY);`,
    });
    const thrown = await loadErrorOf(root);
    expect(thrown).toMatchObject({ code: 'TASK_IMPORT_FAILED' });
    expect(thrown.message).toContain('no access with ***');
    const wrong = withConfig(
      'lumo.config.js',
      `export default { projectName: 'shop', region: '%s3cret-value-3', ${SECRETS} };`,
    );
    expect((await loadErrorOf(wrong)).message).toContain('region is the string "%***"');
  });
});

describe('tasks that call task()', () => {
  const files = {
    'functions/tasks/jobs.ts': `import { task } from '@trigger.dev/sdk/v3';
      if (!process.env.URL) throw new Error('no URL');
      task({ id: 'db/seed', machine: 'small-2x', run: async () => {} });
      task({ id: 'warm', ttl: '1h', run: async () => {} });`,
    'functions/tasks/plain.ts': RUN,
  };
  const config = (tasks: object, more: object = {}) =>
    `export default ${JSON.stringify({ projectName: 'shop', environment: 'stage', tasks, ...more })};`;
  const distDir = makeProject({});
  beforeAll(() => buildRuntime(distDir));

  it('are configured by their ids, and resolved with what their code says', async () => {
    const tasks = { warm: { needs: ['plain'], env: { URL: 'x' }, retry: { maxAttempts: 2 } }, plain: { timeout: 9 } };
    const root = makeProject({ ...files, 'lumo.config.js': config(tasks, { strictHooks: true }) });
    const project = await loadProjectOf(root, { distDir });
    expect(project).toMatchObject({ strictHooks: true, helpers: [], bundling: { aliasSdk: true } });
    expect(project.tasks).toMatchObject([
      {
        name: 'warm',
        file: 'functions/tasks/jobs.ts',
        settings: { timeout: 900, memory: 1024, needs: ['plain'] },
        behaviour: {
          dialect: 'lifecycle',
          retry: { maxAttempts: 2, factor: 2 },
          notes: ['"ttl" has no effect in a deployment'],
        },
      },
      { name: 'plain', settings: { timeout: 9 }, behaviour: { dialect: 'lumo', retry: { maxAttempts: 1 } } },
      { name: 'db/seed', settings: { memory: 1769 }, behaviour: { machine: { name: 'small-2x' } } },
    ]);
  });

  it('are told together with the configuration, which is told first when they cannot be loaded', async () => {
    const tasks = { warm: { env: { URL: 'x' }, machine: 'tiny' }, jobs: {} };
    const both = await loadErrorOf(makeProject({ ...files, 'lumo.config.js': config(tasks) }), { distDir });
    expect(both.details.map(({ message }) => message)).toEqual([
      expect.stringContaining('tasks.warm.machine is the string "tiny"'),
      'tasks.jobs is no task: the file of that name registers "db/seed", "warm"',
    ]);
    const wrong = { warm: { machine: 'tiny' } };
    const first = await loadErrorOf(makeProject({ ...files, 'lumo.config.js': config(wrong) }), { distDir });
    expect(first.code).toBe('CONFIG_INVALID');
    const only = await loadErrorOf(makeProject({ ...files, 'lumo.config.js': config({}) }), { distDir });
    expect(only).toMatchObject({
      code: 'TASK_IMPORT_FAILED',
      location: { file: 'functions/tasks/jobs.ts', line: 2 },
    });
  });
});
