import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { binaryPlatform } from '../../src/package/binary.ts';
import { packageTasks } from '../../src/package/index.ts';
import type { Package } from '../../src/package/types.ts';
import { actionError, type FileSpec, project, runPackage, task, tempFolder, unzip, writeFiles } from './helpers.ts';

/** The start of a shared object for Linux; `machine` 0x3e is x64, 0xb7 is arm64. */
function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(machine, 18);
  return header;
}

function macho(): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0xcffaedfe, 0);
  header.writeUInt32LE(0x0100000c, 4);
  return header;
}

function windows(): Buffer {
  const header = Buffer.alloc(256);
  header.write('MZ');
  header.writeUInt32LE(128, 60);
  header.write('PE\0\0', 128);
  header.writeUInt16LE(0x8664, 132);
  return header;
}

function installed(folder: string, manifest: object, files: Record<string, FileSpec> = {}): Record<string, FileSpec> {
  const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const all = { 'package.json': JSON.stringify({ name, main: 'index.js', ...manifest }), ...files };
  return Object.fromEntries(Object.entries(all).map(([file, content]) => [`${folder}/${file}`, content]));
}

const uses = (name: string) => ({
  'functions/tasks/a.ts': `import value from '${name}'; export const run = () => value;`,
});

async function packaged(files: Record<string, FileSpec>, nodeModules: string[], architecture?: 'arm64') {
  const settings = { nodeModules, ...(architecture && { architecture }) };
  const [one] = await packageTasks([task('a', settings)], await project(files));
  return one as Package;
}

const names = (one: Package) =>
  unzip(one.zip)
    .map(({ name }) => name)
    .filter((name) => name.endsWith('.js') || name.endsWith('.node'));

describe('nodeModules', () => {
  const tree = {
    ...uses('top'),
    ...installed(
      'node_modules/top',
      { dependencies: { shared: '2', '@scope/plain': '1' } },
      {
        'index.js': `module.exports = ['top', require('shared'), require('@scope/plain')];`,
      },
    ),
    ...installed('node_modules/top/node_modules/shared', {}, { 'index.js': `module.exports = 'shared 2';` }),
    ...installed(
      'node_modules/@scope/plain',
      { dependencies: { shared: '1' }, optionalDependencies: { absent: '1' }, peerDependencies: { top: '1', no: '1' } },
      { 'index.js': `module.exports = ['plain', require('shared')];` },
    ),
    ...installed('node_modules/shared', {}, { 'index.js': `module.exports = 'shared 1';` }),
    ...installed('node_modules/unrelated', {}, { 'index.js': '' }),
  };

  test('are copied with what they depend on, each version for whom it is', async () => {
    const one = await packaged(tree, ['top']);
    expect(await runPackage(one)).toEqual({ task: 'a', result: ['top', 'shared 2', ['plain', 'shared 1']] });
    expect(names(one)).toEqual([
      'node_modules/@scope/plain/index.js',
      'node_modules/@scope/plain/node_modules/shared/index.js',
      'node_modules/shared/index.js',
      'node_modules/top/index.js',
    ]);
  });

  test('are found where pnpm puts them', async () => {
    const store = 'node_modules/.pnpm';
    const one = await packaged(
      {
        ...uses('top'),
        ...installed(
          `${store}/top@1/node_modules/top`,
          { dependencies: { dep: '1' } },
          {
            'index.js': `module.exports = require('dep');`,
          },
        ),
        ...installed(`${store}/dep@1/node_modules/dep`, {}, { 'index.js': `module.exports = 'dep';` }),
        [`${store}/top@1/node_modules/dep`]: { link: '../../dep@1/node_modules/dep' },
        'node_modules/top': { link: '.pnpm/top@1/node_modules/top' },
      },
      ['top'],
    );
    expect(await runPackage(one)).toEqual({ task: 'a', result: 'dep' });
  });

  test('that are not installed are named, with who needs them', async () => {
    const missing = await actionError(packaged(uses('top'), ['top']));
    expect(missing).toMatchObject({ code: 'NODE_MODULE_NOT_FOUND', advice: 'npm install top' });
    const dependency = installed('node_modules/top', { dependencies: { dep: '1' } }, { 'index.js': '' });
    const deep = await actionError(packaged({ ...uses('top'), ...dependency }, ['top']));
    expect(deep).toMatchObject({ code: 'NODE_MODULE_NOT_FOUND', message: expect.stringContaining('top depends on') });
  });

  test('lose the binaries of other platforms', async () => {
    const files = {
      ...uses('addon'),
      ...installed(
        'node_modules/addon',
        {},
        {
          'index.js': '',
          'prebuilds/linux-x64/addon.node': elf(0x3e),
          'prebuilds/linux-arm64/addon.node': elf(0xb7),
          'prebuilds/darwin-arm64/addon.node': macho(),
          'prebuilds/win32-x64/addon.node': windows(),
        },
      ),
    };
    expect(names(await packaged(files, ['addon']))).toEqual([
      'node_modules/addon/index.js',
      'node_modules/addon/prebuilds/linux-x64/addon.node',
    ]);
    expect(names(await packaged(files, ['addon'], 'arm64'))[1]).toContain('linux-arm64');
  });

  test('take only the platform package for Lambda', async () => {
    const family = (platforms: string[]) => ({
      ...uses('sharp'),
      ...installed(
        'node_modules/sharp',
        { optionalDependencies: Object.fromEntries(platforms.map((each) => [`@img/sharp-${each}`, '1'])) },
        { 'index.js': '' },
      ),
      ...Object.assign(
        {},
        ...platforms.map((each) => {
          const [os = '', cpu = ''] = each.replace('linuxmusl', 'linux').split('-');
          const libc = each.startsWith('linux') ? { libc: [each.startsWith('linuxmusl') ? 'musl' : 'glibc'] } : {};
          const binary = os === 'linux' ? elf(cpu === 'x64' ? 0x3e : 0xb7) : macho();
          return installed(
            `node_modules/@img/sharp-${each}`,
            { os: [os], cpu: [cpu], ...libc },
            { 'lib.node': binary },
          );
        }),
      ),
    });
    const all = family(['linux-x64', 'linux-arm64', 'linuxmusl-x64', 'darwin-arm64']);
    expect(names(await packaged(all, ['sharp']))).toEqual([
      'node_modules/@img/sharp-linux-x64/lib.node',
      'node_modules/sharp/index.js',
    ]);
    const error = await actionError(packaged(family(['darwin-arm64', 'linuxmusl-x64']), ['sharp']));
    expect(error).toMatchObject({ code: 'NATIVE_ADDON', advice: expect.stringContaining('--os=linux --cpu=x64') });
  });

  test.each([
    ['arm64', elf(0xb7)],
    ['macOS', macho()],
    ['Windows', windows()],
    ['nothing at all', Buffer.from('text')],
  ])('with a binary for %s only are refused', async (_, binary) => {
    const files = {
      ...uses('addon'),
      ...installed('node_modules/addon', {}, { 'index.js': '', 'addon.node': binary }),
    };
    const error = await actionError(packaged(files, ['addon']));
    expect(error).toMatchObject({ code: 'NATIVE_ADDON', location: { key: 'tasks.a.nodeModules' } });
  });
});

test.each<[string, Buffer, string | undefined]>([
  ['ELF', elf(0x3e), 'linux-x64'],
  ['ELF', elf(0xb7), 'linux-arm64'],
  ['Mach-O', macho(), 'darwin-arm64'],
  ['PE', windows(), 'win32-x64'],
  ['text', Buffer.from('text'.repeat(30)), undefined],
  ['an empty file', Buffer.alloc(0), undefined],
])('binaryPlatform of %s', async (_, bytes, expected) => {
  const folder = await tempFolder();
  await writeFiles(folder, { file: bytes });
  expect(await binaryPlatform(path.join(folder, 'file'))).toBe(expected);
});

describe('native addons that are not listed', () => {
  const line = `tasks.a.nodeModules: ['addon']`;
  const location = { file: 'shop/functions/tasks/a.ts' };

  test.each<[string, Record<string, FileSpec>]>([
    [
      'a .node file',
      installed('node_modules/addon', {}, { 'index.js': `module.exports = require('./x.node')`, 'x.node': elf(0x3e) }),
    ],
    ['compiled at install', installed('node_modules/addon', {}, { 'index.js': '', 'binding.gyp': '{}' })],
    [
      'a package per platform, named at run time',
      installed('node_modules/addon', { optionalDependencies: { '@addon/linux-x64': '1' } }, { 'index.js': '' }),
    ],
    [
      'a package per platform, imported',
      {
        ...installed('node_modules/addon', {}, { 'index.js': `module.exports = require('@addon/linux-x64')` }),
        ...installed('node_modules/@addon/linux-x64', { main: 'x.node' }, { 'x.node': elf(0x3e) }),
      },
    ],
  ])('%s', async (_, files) => {
    const error = await actionError(packaged({ ...uses('addon'), ...files }, []));
    expect(error).toMatchObject({ code: 'NATIVE_ADDON', advice: expect.stringContaining(line) });
    expect(error.details).toEqual([{ message: expect.stringContaining('"addon"'), location }]);
    await expect(packaged({ ...uses('addon'), ...files }, ['addon'])).resolves.toHaveProperty('zip');
  });

  test('of the project itself', async () => {
    const error = await actionError(packaged({ ...uses('./x.node'), 'functions/tasks/x.node': elf(0x3e) }, []));
    expect(error).toMatchObject({ code: 'NATIVE_ADDON', details: [{ location }] });
  });

  test('are no error where a package copes without them, or nothing of them is used', async () => {
    const files = {
      ...uses('packer'),
      ...installed(
        'node_modules/packer',
        { optionalDependencies: { addon: '1' } },
        {
          'index.js': `try { require('addon') } catch {}; module.exports = 'fallback'`,
        },
      ),
      ...installed('node_modules/addon', {}, { 'index.js': `throw new Error('no binary')`, 'binding.gyp': '' }),
    };
    expect(await runPackage(await packaged(files, []))).toEqual({ task: 'a', result: 'fallback' });
    const unused = {
      'functions/tasks/a.ts': `export { run } from '../../lib.js';`,
      'lib.js': `import { unused } from 'addon'; export const run = () => 1;`,
      ...installed('node_modules/addon', { sideEffects: false }, { 'index.js': '', 'binding.gyp': '' }),
    };
    expect(await runPackage(await packaged(unused, []))).toEqual({ task: 'a', result: 1 });
  });
});
