import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { describeCommonJs } from '../../src/package/describe.ts';
import { actionError, type FileSpec, project, tempFolder, writeFiles } from './helpers.ts';

async function described(files: Record<string, FileSpec>, timeoutMs = 10_000) {
  const { root, esbuild, distDir, tempDir, project: settings } = await project({});
  await writeFiles(root, files);
  const env = { ...process.env, LUMO_X: 'x', AWS_REGION: 'eu-west-1', AWS_SECRET_ACCESS_KEY: 'secret' };
  const options = { root, boundary: settings.boundary, esbuild, distDir, tempDir, environment: 'dev', env, timeoutMs };
  const names = Object.keys(files).filter((name) => name.startsWith('functions/'));
  try {
    return await describeCommonJs(names, options);
  } finally {
    expect(await readdir(tempDir)).toEqual([]);
  }
}

const one = async (code: string, files: Record<string, FileSpec> = {}, timeoutMs?: number) =>
  (await described({ 'functions/a.cjs': code, ...files }, timeoutMs)).get('functions/a.cjs');

describe('describeCommonJs', () => {
  test.each([
    ['exports.run = () => 1; exports.other = 2;', ['run', 'other']],
    ['module.exports = { run() {} };', ['run']],
    ['module.exports = function () {}; module.exports.run = 1;', ['run']],
    [
      'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = { run() {} };',
      ['default', 'run'],
    ],
    ['module.exports = null;', []],
    ['const { run } = require("./lib.ts"); module.exports = { run };', ['run']],
    ['setInterval(() => {}, 1000); exports.run = 1;', ['run']],
  ])('%s', async (code, exports) => {
    expect(await one(code, { 'functions/lib.ts': 'export const run: number = 1;' })).toEqual({ exports });
  });

  test('loads installed packages, and stands in for those that are not', async () => {
    const files = {
      'node_modules/here/package.json': '{"main":"index.js"}',
      'node_modules/here/index.js': 'exports.names = ["run"];',
    };
    const code = `
      const { Layer } = require('from-a-layer');
      class Mine extends Layer {}
      const client = new (require('@aws-sdk/client-s3').S3Client)({ region: \`\${Layer}\` }).on('x');
      for (const name of require('here').names) exports[name] = () => new Mine(client);`;
    expect(await one(code, files)).toEqual({ exports: ['run'] });
  });

  test('shows the file no secrets', async () => {
    const code = `for (const name of Object.keys(process.env).sort()) exports[name] = 1;`;
    expect(await one(code)).toEqual({ exports: ['AWS_REGION', 'LUMO_ENVIRONMENT', 'LUMO_X'] });
  });

  test('names the line of the source that threw', async () => {
    const error = await actionError(
      described({
        'functions/a.cjs': `const { connect } = require('./connect.ts');\nconnect();\nexports.run = 1;`,
        'functions/connect.ts': `interface Options { url: string }\n\nexports.connect = () => {\n  throw new Error('no database');\n};`,
      }),
    );
    expect(error).toMatchObject({
      code: 'TASK_IMPORT_FAILED',
      message: expect.stringContaining('no database'),
      location: { file: 'shop/functions/connect.ts', line: 4, column: 9 },
    });
  });

  test.each([
    ['process.exit(0)', /exit code 0/],
    ['process.exit(3)', /exit code 3/],
    ['process.kill(process.pid, "SIGTERM")', /SIGTERM/],
    ['for (;;);', /did not finish loading within 0.5 s/],
    ['require("node:fs").writeSync(3, "{}"); process.exit()', /exit code 0/],
    ['throw Object.create(null)', /threw/],
    ['throw "text"', /threw while it was loaded: text/],
  ])('%s is an error', async (code, message) => {
    const error = await actionError(one(code, {}, 500));
    expect(error).toMatchObject({ code: 'TASK_IMPORT_FAILED', message: expect.stringMatching(message) });
    expect(error.location?.file).toBe('shop/functions/a.cjs');
  });

  test('ends what the file has started', async () => {
    const beats = path.join(await tempFolder(), 'beats');
    const child = `setInterval(() => require('fs').appendFileSync(${JSON.stringify(beats)}, '.'), 10)`;
    const code = `
      require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]);
      while (!require('node:fs').existsSync(${JSON.stringify(beats)}));
      exports.run = 1;`;
    expect(await one(code)).toEqual({ exports: ['run'] });
    await delay(100);
    const size = (await stat(beats)).size;
    await delay(200);
    expect((await stat(beats)).size).toBe(size);
  });

  test('tells of all files that fail, and of what cannot be parsed', async () => {
    const both = await actionError(described({ 'functions/a.cjs': 'throw 1;', 'functions/b.cjs': 'throw 2;' }));
    expect(both.details.map(({ location }) => location?.file)).toEqual([
      'shop/functions/a.cjs',
      'shop/functions/b.cjs',
    ]);
    const syntax = await actionError(one('\nmodule.exports = {'));
    expect(syntax).toMatchObject({ code: 'TASK_BUNDLE_FAILED', details: [{ location: { line: 2 } }] });
    expect(path.isAbsolute(syntax.details[0]?.location?.file ?? '/')).toBe(false);
  });
});
