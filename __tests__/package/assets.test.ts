import { execFileSync } from 'node:child_process';
import { truncate } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ActionError } from '../../src/errors.ts';
import { packageTasks } from '../../src/package/index.ts';
import type { Package } from '../../src/package/types.ts';
import type { CopyAsset } from '../../src/project/types.ts';
import { actionError, type FileSpec, project, runPackage, task, unzip, writeFiles } from './helpers.ts';

const code = { 'functions/tasks/a.ts': `export const run = () => 1;` };

async function packaged(files: Record<string, FileSpec>, ...copyAssets: CopyAsset[]): Promise<Package> {
  const [one] = await packageTasks([task('a', { copyAssets })], await project({ ...code, ...files }));
  return one as Package;
}

async function refused(files: Record<string, FileSpec>, ...copyAssets: CopyAsset[]) {
  return actionError(packaged(files, ...copyAssets));
}

const names = (one: Package) => unzip(one.zip).map(({ name }) => name);

describe('copyAssets', () => {
  test('copies files and folders, sorted by bytes', async () => {
    const one = await packaged(
      { 'data/b/1.txt': 'one', 'data/B.txt': 'B', 'data/.hidden': '', 'data/ä.txt': '', 'setup.sql': 'x' },
      { from: 'data', to: 'seed/data' },
      { from: 'setup.sql', to: 'sql/start.sql' },
      { from: './setup.sql', to: 'other/' },
    );
    expect(names(one)).toEqual([
      'index.mjs',
      'other/setup.sql',
      'seed/data/.hidden',
      'seed/data/B.txt',
      'seed/data/b/1.txt',
      'seed/data/ä.txt',
      'sql/start.sql',
    ]);
    expect(
      unzip(one.zip)
        .find(({ name }) => name === 'seed/data/b/1.txt')
        ?.bytes.toString(),
    ).toBe('one');
  });

  test('copies a folder into the root of the package', async () => {
    expect(names(await packaged({ 'data/x.txt': '' }, { from: 'data', to: '.' }))).toEqual(['index.mjs', 'x.txt']);
  });

  test('compiles TypeScript, with what it imports, and leaves declarations', async () => {
    const one = await packaged(
      {
        'scripts/one.ts': `import { two } from './two.ts'; export const three: number = 1 + two;`,
        'scripts/two.ts': `export const two: number = 2;`,
        'scripts/types.d.ts': `declare const x: number;`,
        'functions/tasks/a.ts': `export const run = async () => (await import(import.meta.dirname + '/s/one.mjs')).three;`,
      },
      { from: 'scripts', to: 's' },
      { from: 'scripts/two.ts', to: 'zwei.ts' },
    );
    expect(names(one)).toEqual(['index.mjs', 's/one.mjs', 's/two.mjs', 's/types.d.ts', 'zwei.mjs']);
    expect(await runPackage(one)).toEqual({ task: 'a', result: 3 });
    expect(one.inputs.map(({ name }) => name)).toContain('scripts/one.ts');
    expect(one.zip.includes('lumo-package-')).toBe(false);
  });

  test('names the place of what cannot be compiled', async () => {
    const error = await refused({ 'scripts/a=b.ts': '\nconst = 1;' }, { from: 'scripts', to: 's' });
    expect(error).toMatchObject({
      code: 'TASK_BUNDLE_FAILED',
      details: [{ location: { file: 'shop/scripts/a=b.ts', line: 2, column: 7 } }],
    });
  });

  test('follows symbolic links inside the boundary, also out of the project', async () => {
    const one = await project({
      ...code,
      'data/inner': { link: '../real' },
      'data/file.txt': { link: '../../beside.txt' },
      'real/x.txt': 'x',
    });
    await writeFiles(one.project.boundary, { 'beside.txt': 'beside' });
    const [made] = await packageTasks([task('a', { copyAssets: [{ from: 'data', to: 'd' }] })], one);
    expect(names(made as Package)).toEqual(['d/file.txt', 'd/inner/x.txt', 'index.mjs']);
    expect(unzip((made as Package).zip)[0]?.bytes.toString()).toBe('beside');
  });

  test('the same file named twice is one file', async () => {
    const one = await packaged({ 'd/x': 'x' }, { from: 'd', to: 'd' }, { from: 'd/x', to: 'd/x' });
    expect(names(one)).toEqual(['d/x', 'index.mjs']);
  });
});

describe('refused assets', () => {
  test.each<[string, Record<string, FileSpec>, CopyAsset[], string, RegExp]>([
    ['a source that is not there', {}, [{ from: 'no', to: 'no' }], 'ASSET_MISSING', /"from: no" does not exist/],
    ['a link that leads nowhere', { 'd/l': { link: 'gone' } }, [{ from: 'd', to: 'd' }], 'ASSET_MISSING', /shop\/d\/l/],
    ['a source outside', {}, [{ from: '../..', to: 'd' }], 'ASSET_OUTSIDE', /outside of the repository/],
    ['an absolute source', {}, [{ from: '/etc/hosts', to: 'd' }], 'ASSET_OUTSIDE', /leads to \/etc\/hosts/],
    ['a link outside', { 'd/l': { link: '/etc' } }, [{ from: 'd', to: 'd' }], 'ASSET_OUTSIDE', /shop\/d\/l leads to/],
    ['a source that is such a link', { l: { link: '/etc' } }, [{ from: 'l', to: 'd' }], 'ASSET_OUTSIDE', /shop\/l/],
    ['a target outside', { d: '' }, [{ from: 'd', to: 'x/../../d' }], 'ASSET_OUTSIDE', /leaves the package/],
    ['an absolute target', { d: '' }, [{ from: 'd', to: '/d' }], 'ASSET_OUTSIDE', /leaves the package/],
    ['a Windows target', { d: '' }, [{ from: 'd', to: '..\\d' }], 'ASSET_OUTSIDE', /leaves the package/],
    ['the bundle', { 'd.js': '' }, [{ from: 'd.js', to: 'index.mjs' }], 'ASSET_CONFLICT', /own code/],
    ['what hides the bundle', { 'd.js': '' }, [{ from: 'd.js', to: './index.js' }], 'ASSET_CONFLICT', /own code/],
    [
      'two sources for one path',
      { 'a/x': '1', 'b/x': '2' },
      [
        { from: 'a', to: 'd' },
        { from: 'b', to: 'd' },
      ],
      'ASSET_CONFLICT',
      /d\/x would be copied from both shop\/a\/x and shop\/b\/x/,
    ],
    [
      'a file where a folder is',
      { 'a/x': '1', b: '2' },
      [
        { from: 'a', to: 'd' },
        { from: 'b', to: 'd' },
      ],
      'ASSET_CONFLICT',
      /a file and a folder/,
    ],
    ['a circle of links', { 'd/l': { link: '.' }, 'd/x': '' }, [{ from: 'd', to: 'd' }], 'ASSET_CONFLICT', /back to/],
  ])('%s', async (_, files, assets, errorCode, message) => {
    const error = await refused(files, ...assets);
    expect([error.code, error.message]).toEqual([errorCode, expect.stringMatching(message)]);
    expect(error.location).toMatchObject({ file: 'shop/lumo.config.js', line: 4 });
  });

  test.skipIf(process.platform === 'win32')('a pipe, which would block for ever', async () => {
    const one = await project({ ...code, 'd/x': '' });
    execFileSync('mkfifo', [path.join(one.root, 'd/pipe')]);
    const error = await actionError(packageTasks([task('a', { copyAssets: [{ from: 'd', to: 'd' }] })], one));
    expect(error).toMatchObject({ code: 'ASSET_MISSING', message: expect.stringContaining('shop/d/pipe') });
  });

  test('no target ever leaves the package', async () => {
    const part = fc.constantFrom('..', '.', 'a', 'b', '', '/', '\\', 'C:', 'index.mjs');
    const one = await project({ ...code, 'd/x': '' });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 5 }), async (parts) => {
        const asset = { from: 'd', to: parts.join('/') };
        const outcome = await packageTasks([task('a', { copyAssets: [asset] })], one).catch((error: unknown) => error);
        if (outcome instanceof ActionError) expect(outcome.code).toMatch(/^ASSET_(OUTSIDE|CONFLICT)$/);
        else {
          const [made] = outcome as [Package];
          for (const name of names(made)) expect(name).toMatch(/^(?!\/|[A-Z]:)(?!.*(^|\/)\.\.?(\/|$)).+$/);
        }
      }),
      { numRuns: 40 },
    );
  });
});

test('a package over the limit is refused before it is read, with the largest inputs', async () => {
  const sizes = Array.from({ length: 12 }, (_, index) => (index + 10) * 2_000_000);
  const files = Object.fromEntries(sizes.map((_, index) => [`d/${index}.bin`, '']));
  const one = await project({ ...code, ...files });
  await Promise.all(sizes.map((size, index) => truncate(path.join(one.root, `d/${index}.bin`), size)));
  const error = await actionError(packageTasks([task('a', { copyAssets: [{ from: 'd', to: 'd' }] })], one));
  expect(error.code).toBe('TASK_TOO_LARGE');
  expect(error.details).toHaveLength(10);
  expect(error.details[0]?.message).toBe('d/11.bin: 40.1 MB');
});
