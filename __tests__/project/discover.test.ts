import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { discoverIn } from './discover-in.ts';
import { makeProject, RUN } from './helpers.ts';

const discover = (root: string, boundary = root) => discoverIn(root, { boundary });
const names = async (root: string) => (await discover(root)).tasks.map(({ name }) => name);

describe('discoverTasks', () => {
  it('takes files that export run, in byte order, and leaves the others alone', async () => {
    const root = makeProject({
      'functions/tasks/b.ts': 'const run = async () => 1;\nexport { run };',
      'functions/tasks/Z.mts': RUN,
      'functions/tasks/é.mjs': 'export function run() {}',
      'functions/tasks/deep/er/x.js': 'export { run } from "../../b.ts";',
      'functions/tasks/again.js': 'export * from "./b.ts";',
      'functions/tasks/init.ts': 'import { setup } from "some-package";\nsetup();\nexport const hook = 1;',
      'functions/tasks/lib/db.ts': 'export const connect = () => {};',
      'functions/tasks/types.ts': 'export type run = string;',
      'functions/tasks/default.ts': 'export default { run() {} };',
      'functions/tasks/b.test.ts': RUN,
      'functions/tasks/b.spec.mts': RUN,
      'functions/tasks/b.d.ts': 'export declare const run: number;',
      'functions/tasks/.hidden.ts': RUN,
      'functions/tasks/.git/x.ts': RUN,
      'functions/tasks/node_modules/p/x.js': RUN,
      'functions/tasks/notes.md': RUN,
      'functions/api/other.ts': RUN,
    });
    const lumo = (name: string, file: string) => ({
      dialect: 'lumo',
      name,
      file: `functions/tasks/${file}`,
      globalHooks: [],
    });
    expect(await discover(root)).toEqual({
      tasks: [
        lumo('Z', 'Z.mts'),
        lumo('again', 'again.js'),
        lumo('b', 'b.ts'),
        lumo('deep/er/x', 'deep/er/x.js'),
        lumo('é', 'é.mjs'),
      ],
      helpers: ['default.ts', 'lib/db.ts', 'types.ts'].map((file) => `functions/tasks/${file}`),
      bundling: {
        triggerConfig: undefined,
        init: 'functions/tasks/init.ts',
        buildOnly: [],
        coreUsers: [],
        aliasSdk: true,
      },
    });
  });

  it('finds nothing where there is nothing', async () => {
    const nothing = { tasks: [], helpers: [], bundling: { init: undefined } };
    expect(await discover(makeProject({}))).toMatchObject(nothing);
    expect(await discover(makeProject({ 'functions/tasks': 'a file' }))).toMatchObject(nothing);
  });

  it('imports nothing and needs no installed packages', async () => {
    const root = makeProject({
      'functions/tasks/a.ts': `import pg from 'pg';\nimport fs from 'node:fs';\nimport '@scope/x/y';\nprocess.exit(7);\n${RUN}`,
    });
    expect(await names(root)).toEqual(['a']);
  });

  it('leaves native addons to the packager', async () => {
    const root = makeProject({ 'functions/tasks/a.ts': `import './x.node';\n${RUN}`, 'functions/tasks/x.node': '' });
    expect(await names(root)).toEqual(['a']);
  });

  it('tells CommonJS tasks from CommonJS helpers', async () => {
    const root = makeProject({
      'functions/tasks/plain.cjs': 'exports.run = async () => ({ success: true, message: "" });',
      'functions/tasks/whole.js': 'module.exports = { run: async () => ({ success: true, message: "" }) };',
      'functions/tasks/helper.cjs': 'exports.walk = () => {};',
    });
    expect(await discover(root)).toMatchObject({
      tasks: [{ name: 'plain' }, { name: 'whole' }],
      helpers: ['functions/tasks/helper.cjs'],
    });
  });

  it('takes 120 files, and names that are hard on a command line', async () => {
    const odd = [
      '-dash',
      'a b',
      'a=b',
      'a;b',
      `q'"\``,
      'new\nline',
      '$(id)',
      'é😀',
      '[id]',
      'a%20b',
      'q?x#y',
      '::error::x',
    ];
    const many = Array.from({ length: 108 }, (_, index) => `n${index}`);
    const files = [...odd, ...many].map((name) => [`functions/tasks/${name}.ts`, RUN]);
    const found = await names(makeProject(Object.fromEntries(files)));
    expect(new Set(found)).toEqual(new Set([...odd, ...many]));
  });

  it.each(['a*b', 'a\\b'])('refuses the name %j, which esbuild would misread', async (name) => {
    const root = makeProject({ [`functions/tasks/${name}.ts`]: RUN });
    await expect(discover(root)).rejects.toMatchObject({
      code: 'TASK_BUNDLE_FAILED',
      location: { file: expect.any(String) },
    });
  });

  it('tells all files that cannot be parsed, with line and column relative to the repository', async () => {
    const repository = makeProject({
      'shop/functions/tasks/a.ts': 'export const run = ;',
      'shop/functions/tasks/b/c.js': '\n\n  let x = {;',
      'shop/functions/tasks/d.ts': `\nimport './missing';\n${RUN}`,
      'shop/functions/tasks/good.ts': RUN,
    });
    await expect(discover(path.join(repository, 'shop'), repository)).rejects.toMatchObject({
      code: 'TASK_BUNDLE_FAILED',
      details: [
        { message: 'Unexpected ";"', location: { file: 'shop/functions/tasks/a.ts', line: 1, column: 20 } },
        { location: { file: 'shop/functions/tasks/b/c.js', line: 3, column: 12 } },
        {
          message: 'Could not resolve "./missing"',
          location: { file: 'shop/functions/tasks/d.ts', line: 2, column: 8 },
        },
      ],
    });
  });

  it('refuses two files for one name, unless one of them is no task', async () => {
    const root = makeProject({
      'functions/tasks/x/a.ts': RUN,
      'functions/tasks/x/a.js': RUN,
      'functions/tasks/b.ts': RUN,
    });
    await expect(discover(root)).rejects.toMatchObject({
      code: 'TASK_DUPLICATE',
      message: 'The task "x/a" is defined by "functions/tasks/x/a.js" and "functions/tasks/x/a.ts"',
    });
    expect(
      await names(makeProject({ 'functions/tasks/a.ts': RUN, 'functions/tasks/a.js': 'export const x = 1;' })),
    ).toEqual(['a']);
  });

  it('follows links inside the repository only', async () => {
    const outside = makeProject({ 'x.ts': RUN });
    const root = makeProject({ 'shared/x.ts': RUN, 'functions/tasks/a.ts': RUN });
    symlinkSync(path.join(root, 'shared/x.ts'), path.join(root, 'functions/tasks/linked.ts'));
    expect(await discover(root)).toMatchObject({
      tasks: [{ name: 'a' }, { name: 'linked', file: 'functions/tasks/linked.ts' }],
    });
    symlinkSync(path.join(outside, 'x.ts'), path.join(root, 'functions/tasks/out.ts'));
    await expect(discover(root)).rejects.toMatchObject({
      code: 'TASK_BUNDLE_FAILED',
      details: [
        { message: 'The symbolic link leads out of the repository', location: { file: 'functions/tasks/out.ts' } },
      ],
    });
  });

  it('does not take a tasks folder that lies elsewhere', async () => {
    const outside = makeProject({ 'x.ts': RUN });
    const root = makeProject({});
    mkdirSync(path.join(root, 'functions'));
    symlinkSync(outside, path.join(root, 'functions/tasks'));
    await expect(discover(root)).rejects.toMatchObject({ code: 'TASK_BUNDLE_FAILED' });
  });
});
