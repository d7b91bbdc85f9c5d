import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { translateStack } from '../../src/report/index.ts';
import type { RunError } from '../../src/runs/types.ts';

/** A workspace with a project, a dependency and a runtime of ours; `taskRoot` is where the bundle runs. */
let folder = '';
const at = (...parts: string[]): string => path.join(folder, ...parts);

const FILES: Record<string, string> = {
  'workspace/shop/functions/lib/migrate.ts': [
    'interface Options { table: string }',
    '',
    'export function applyMigration(options: Options): never {',
    "  const text: string = 'no table '.concat(options.table);",
    '  throw new Error(text, { cause: rootCause() });',
    '}',
    '',
    'function rootCause(): Error {',
    "  return new TypeError('root');",
    '}',
  ].join('\n'),
  'workspace/shop/functions/tasks/run-migrations.ts': [
    "import { viaLibrary } from 'library';",
    "import { applyMigration } from '../lib/migrate';",
    '',
    'export const run = async (kind: string) => {',
    '  await null;',
    "  if (kind === 'own') applyMigration({ table: 'users' });",
    '  return viaLibrary();',
    '};',
  ].join('\n'),
  'workspace/shop/node_modules/library/package.json': '{"name":"library","main":"index.mjs"}',
  'workspace/shop/node_modules/library/index.mjs':
    'export function viaLibrary() {\n  throw new RangeError("library");\n}',
  'dist/runtime/index.mjs': [
    'export function createHandler(task) {',
    '  return async (kind) => {',
    '    try { await task.run(kind); } catch (error) { return serialize(error); }',
    '  };',
    '}',
    'function serialize({ name, message, stack, cause }) {',
    '  return { name, message, stack, ...(cause ? { cause: serialize(cause) } : {}) };',
    '}',
  ].join('\n'),
};

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'stack-')));
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(path.dirname(at(name)), { recursive: true });
    await writeFile(at(name), text);
  }
  const entry = `import { createHandler } from ${JSON.stringify(at('dist/runtime/index.mjs'))};
    import * as task from ${JSON.stringify(at('workspace/shop/functions/tasks/run-migrations.ts'))};
    export const handler = createHandler(task);
    console.log(JSON.stringify(await handler(process.argv[2])));`;
  await mkdir(at('temp'));
  await writeFile(at('temp/entry.mjs'), entry);
  await build({
    entryPoints: [at('temp/entry.mjs')],
    outfile: at('workspace/shop/index.mjs'),
    ...{ bundle: true, platform: 'node', format: 'esm', minify: true, keepNames: true, sourcemap: 'external' },
  });
  await mkdir(at('my task'), { recursive: true });
  await writeFile(at('my task/index.mjs'), await readFile(at('workspace/shop/index.mjs')));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function failure(kind: string): Promise<RunError> {
  const { stdout } = await promisify(execFile)(process.execPath, [at('my task/index.mjs'), kind]);
  return JSON.parse(stdout) as RunError;
}

async function translated(error: RunError): Promise<RunError> {
  return translateStack(error, await readFile(at('workspace/shop/index.mjs.map'), 'utf8'), {
    bundleFile: 'index.mjs',
    projectRoot: at('workspace/shop'),
    boundary: at('workspace'),
    ownFolders: [at('dist'), at('temp')],
  });
}

describe('translateStack', () => {
  it("finds the user's line behind a minified bundle, in the error and in its cause", async () => {
    const raw = await failure('own');
    expect(raw.stack).toContain('/my%20task/index.mjs:');
    const error = await translated(raw);
    expect(error).toEqual({
      name: 'Error',
      message: 'no table users',
      file: 'shop/functions/lib/migrate.ts',
      line: 5,
      column: 9,
      stack: [
        'Error: no table users',
        '    at applyMigration (shop/functions/lib/migrate.ts:5:9)',
        '    at Object.run (shop/functions/tasks/run-migrations.ts:6:23)',
      ].join('\n'),
      cause: {
        name: 'TypeError',
        message: 'root',
        file: 'shop/functions/lib/migrate.ts',
        line: 9,
        column: 10,
        stack: expect.stringContaining('    at rootCause (shop/functions/lib/migrate.ts:9:10)\n'),
      },
    });
  });

  it('counts columns from 1 as the engine does, where maps count from 0', () => {
    const map = { version: 3, sources: ['a.ts'], names: [], mappings: 'AAAA,CAAC' };
    const stack = 'Error: x\n    at file:///var/task/index.mjs:1:1';
    const options = { bundleFile: 'index.mjs', projectRoot: '/w', boundary: '/w', ownFolders: [] } as const;
    const error = translateStack({ name: 'Error', message: 'x', stack }, JSON.stringify(map), options);
    expect(error).toMatchObject({ file: 'a.ts', line: 1, column: 1, stack: 'Error: x\n    at a.ts:1:1' });
  });

  it('takes the first frame of the user as the position, not that of a dependency', async () => {
    const error = await translated(await failure('library'));
    expect(error).toMatchObject({ file: 'shop/functions/tasks/run-migrations.ts', line: 7, column: 10 });
    expect(error.stack?.split('\n')[1]).toBe('    at viaLibrary (shop/node_modules/library/index.mjs:2:9)');
  });

  it('drops what is not of the user, and shows copied packages relative to the task', async () => {
    const raw = await failure('own');
    const bundleFrame = raw.stack?.split('\n')[1] ?? '';
    const stack = [
      'Error: x',
      bundleFrame.replace(/\(.*\/index/, '(file:///var/task/index'),
      '    at Query.run (/var/task/node_modules/pg/index.mjs:12:3)',
      '    at async Promise.all (index 0)',
      '    at async file:///var/task/node_modules/pg/index.mjs:1:1',
      '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
      '    at async Runtime.handleOnceStreaming (file:///var/runtime/index.mjs:1206:26)',
      `    at async post (${at('dist/ric/index.mjs')}:4:4)`,
      '    at fs.readFileSync (node:fs:441:20)',
    ].join('\n');
    const { file, ...error } = await translated({ name: 'Error', message: 'x', stack });
    expect(file).toBe('shop/functions/lib/migrate.ts');
    expect(error.stack?.split('\n')).toEqual([
      'Error: x',
      '    at applyMigration (shop/functions/lib/migrate.ts:5:9)',
      '    at Query.run (node_modules/pg/index.mjs:12:3)',
      '    at async Promise.all (index 0)',
      '    at async node_modules/pg/index.mjs:1:1',
      '    at fs.readFileSync (node:fs:441:20)',
    ]);
  });

  it('takes hostile text for text', async () => {
    const stack = [
      'Error: x',
      `    at ${'('.repeat(100_000)}`,
      `    at ${' ('.repeat(900)}:1:1`,
      '    at file://%zz/index.mjs:1:1',
      '    at file://host/index.mjs:99999999:1',
      '    at eval (eval at run (file:///var/task/index.mjs:1:2), <anonymous>:1:1)',
    ].join('\n');
    const started = performance.now();
    const error = await translated({ name: 'Error', message: 'x', stack });
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(error).not.toHaveProperty('file');
    expect(error.stack?.includes('file://%zz/index.mjs:1:1')).toBe(true);
    expect(await translated({ name: 'Error', message: 'no stack' })).toEqual({ name: 'Error', message: 'no stack' });
  });
});
