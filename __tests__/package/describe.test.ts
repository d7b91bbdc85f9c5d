import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { describeFiles } from '../../src/package/describe.ts';
import type { Bundling } from '../../src/project/types.ts';
import { actionError, builtDist, type FileSpec, nothingElse, project, tempFolder } from './helpers.ts';

const distDir = await builtDist();

interface Options {
  timeoutMs?: number;
  bundling?: Partial<Bundling>;
  external?: string[];
  env?: NodeJS.ProcessEnv;
}

async function described(files: Record<string, FileSpec>, { timeoutMs = 10_000, ...options }: Options = {}) {
  const { root, esbuild, tempDir, project: settings } = await project(files);
  const names = Object.keys(files).filter((name) => /^functions\/tasks\/[a-z]\./.test(name));
  try {
    return await describeFiles(names, {
      root,
      boundary: settings.boundary,
      esbuild,
      distDir,
      tempDir,
      bundling: { ...nothingElse, ...options.bundling },
      external: options.external ?? [],
      env: () => options.env ?? {},
      timeoutMs,
    });
  } finally {
    expect(await readdir(tempDir)).toEqual([]);
  }
}

/** Description of one file, a CommonJS one unless named otherwise. */
const one = async (code: string, files: Record<string, FileSpec> = {}, options: Options = {}, name = 'a.cjs') => {
  const file = `functions/tasks/${name}`;
  const all = await described({ [file]: code, ...files }, options);
  const found = all.get(file);
  if (found === undefined) throw new Error('not described');
  return found;
};
const ids = ({ file }: Awaited<ReturnType<typeof one>>) => file.tasks.map(({ id, dialect }) => `${dialect} ${id}`);
const task = (id: string, more = '') =>
  `import { task } from '@trigger.dev/sdk/v3'; task({ id: '${id}', run: async () => {}, ${more} });`;

describe('what a file registers and exports', () => {
  test.each([
    ['exports.run = () => 1; exports.other = 2;', ['lumo a']],
    ['module.exports = { run() {} };', ['lumo a']],
    ['module.exports = function () {}; module.exports.run = () => 1;', ['lumo a']],
    ['Object.defineProperty(exports, "__esModule", { value: true }); exports.run = () => 1;', ['lumo a']],
    ['module.exports = null;', []],
    ['exports.run = 1;', []],
    ['const { run } = require("./lib.ts"); module.exports = { run };', ['lumo a']],
    ['setInterval(() => {}, 1000); exports.run = () => 1;', ['lumo a']],
  ])('CommonJS: %s', async (code, expected) => {
    expect(ids(await one(code, { 'functions/tasks/lib.ts': 'export const run = (): number => 1;' }))).toEqual(expected);
  });

  test.each([
    [task('hello'), ['lifecycle hello']],
    [`${task('b')} export const other = task({ id: 'c', run: async () => {} });`, ['lifecycle b', 'lifecycle c']],
    [`${task('b')} export const run = () => 1;`, ['lumo a', 'lifecycle b']],
    [
      `import { task } from '@lumo-framework/tasks'; export const run = task({ id: 'r', run: async () => {} });`,
      ['lifecycle r'],
    ],
    [
      `await new Promise((resolve) => setTimeout(resolve, 5)); const { task } = await import('@trigger.dev/sdk'); task({ id: 'late', run: async () => {} });`,
      ['lifecycle late'],
    ],
    [`const { task } = require('@trigger.dev/sdk'); task({ id: 'cjs', run: async () => {} });`, ['lifecycle cjs']],
    [`import './b.ts'; ${task('a')}`, ['lifecycle b', 'lifecycle a']],
  ])('%s', async (code, expected) => {
    const files = { 'functions/tasks/lib/none.ts': '', 'functions/tasks/b.ts': task('b') };
    expect(ids(await one(code, files, {}, 'a.ts'))).toEqual(expected);
  });

  test('its options, and the hooks of trigger.config and init, loaded in that order before it', async () => {
    const file = await one(
      task('long', `maxDuration: 60, machine: { preset: 'small-2x' }, ttl: '1h', cleanup: async () => {}`),
      {
        'trigger.config.ts': `globalThis.order = ['config']; export default { machine: 'micro', onStart: async () => {} };`,
        'functions/tasks/init.cjs': `
          const { tasks } = require('@trigger.dev/sdk/v3');
          if (globalThis.order.push('init') === 2) tasks.middleware('db', async ({ next }) => { await next(); });`,
      },
      { bundling: { triggerConfig: 'trigger.config.ts', init: 'functions/tasks/init.cjs' } },
      'a.ts',
    );
    expect(file.file.tasks).toMatchObject([
      {
        id: 'long',
        maxDuration: 60,
        machine: { preset: 'small-2x' },
        ignored: ['ttl'],
        hooks: { own: ['cleanup'], global: ['middleware', 'onStart'] },
      },
    ]);
    expect(file.file.config).toMatchObject({ machine: 'micro' });
    expect(file.everyTask.tasks[0]?.hooks.global).toEqual(['middleware', 'onStart']);
  });
});

describe('what is not here', () => {
  test('is stood in for, and installed packages are loaded', async () => {
    const files = {
      'node_modules/here/package.json': '{"main":"index.js"}',
      'node_modules/here/index.js': 'exports.names = ["run"];',
    };
    const code = `
      const { Layer } = require('from-a-layer');
      class Mine extends Layer {}
      const client = new (require('@aws-sdk/client-s3').S3Client)({ region: \`\${Layer}\` }).on('x');
      for (const name of require('here').names) exports[name] = () => new Mine(client);`;
    expect(ids(await one(code, files))).toEqual(['lumo a']);
  });

  test('also what is imported, by any name and below a package', async () => {
    const code = `
      import Layer, { type Kind, other } from 'from-a-layer';
      import * as all from '@scope/x/deep/y.js';
      class Mine extends Layer.Base {}
      const made = new Mine(other(), ...all.list);
      if (made instanceof Error) throw made;
      ${task('ok')}`;
    expect(ids(await one(code, {}, {}, 'a.ts'))).toEqual(['lifecycle ok']);
  });

  test('what stays outside of bundles is never loaded', async () => {
    const files = {
      'node_modules/native/package.json': '{"main":"index.js"}',
      'node_modules/native/index.js': 'throw new Error("built for Lambda");',
      'node_modules/@layer/one/package.json': '{"main":"index.js"}',
      'node_modules/@layer/one/index.js': 'throw new Error("another version");',
    };
    const code = `import { open } from 'native'; import '@layer/one'; import missing from 'missing'; open(missing); ${task('ok')}`;
    expect(ids(await one(code, files, { external: ['@layer/*', 'native'] }, 'a.ts'))).toEqual(['lifecycle ok']);
  });

  test('a path of a layer is left alone until it is used', async () => {
    const code = `const layer = () => import('/opt/nodejs/layer.mjs'); globalThis.layer = layer; ${task('ok')}`;
    expect(ids(await one(code, {}, { external: ['/opt/*'] }, 'a.ts'))).toEqual(['lifecycle ok']);
  });

  test('nor is the build of another system', async () => {
    const files = {
      'node_modules/@trigger.dev/build/package.json': '{"main":"index.js"}',
      'node_modules/@trigger.dev/build/index.js': 'throw new Error("not here");',
      'trigger.config.ts': `
        import { defineConfig } from '@trigger.dev/sdk/v3';
        import { prismaExtension } from '@trigger.dev/build/extensions/prisma';
        export default defineConfig({ project: 'p', maxDuration: 60, build: { extensions: [prismaExtension({})] } });`,
    };
    const bundling = { triggerConfig: 'trigger.config.ts', buildOnly: ['@trigger.dev/build/extensions/prisma'] };
    expect((await one(task('a'), files, { bundling }, 'a.ts')).file.config).toMatchObject({ maxDuration: 60 });
  });
});

test('a file sees the environment it is given and nothing else', async () => {
  const code = `const { task } = require('@trigger.dev/sdk'); task({ id: Object.keys(process.env).sort().join(), run() {} });`;
  expect(ids(await one(code, {}, { env: { LUMO_X: 'x', B: '1' } }))).toEqual(['lifecycle B,LUMO_X']);
});

describe('a file that cannot be loaded', () => {
  test('is told by the line of the source that threw', async () => {
    const error = await actionError(
      one(
        `import { connect } from './connect.ts';\nconnect();\n${task('a')}`,
        {
          'functions/tasks/connect.ts': `interface Options { url: string }\n\nexport const connect = () => {\n  throw new Error('connect ECONNREFUSED 127.0.0.1:5432');\n};`,
        },
        {},
        'a.ts',
      ),
    );
    expect(error).toMatchObject({
      code: 'TASK_IMPORT_FAILED',
      message: 'functions/tasks/a.ts threw while it was loaded: connect ECONNREFUSED 127.0.0.1:5432',
      advice: expect.stringContaining('in middleware'),
      location: { file: 'shop/functions/tasks/connect.ts', line: 4, column: 9 },
    });
  });

  test('is told by the line that ended the process', async () => {
    const error = await actionError(one(`${task('a')}\n\nprocess.exit(0);`, {}, {}, 'a.ts'));
    expect(error).toMatchObject({
      message: 'functions/tasks/a.ts ended its process (exit code 0) while it was loaded',
      location: { file: 'shop/functions/tasks/a.ts', line: 3 },
    });
  });

  test.each([
    ['process.exit(3)', /exit code 3/],
    ['process.kill(process.pid, "SIGTERM"); for (;;);', /SIGTERM/],
    ['for (;;);', /did not finish loading within 0.5 s/],
    ['require("node:fs").writeSync(3, "{}"); process.exit()', /ended its process/],
    ['throw Object.create(null)', /threw/],
    ['throw "text"', /threw while it was loaded: text/],
  ])('%s is an error', async (code, message) => {
    const error = await actionError(one(code, {}, { timeoutMs: 500 }));
    expect(error).toMatchObject({ code: 'TASK_IMPORT_FAILED', message: expect.stringMatching(message) });
    expect(error.location?.file).toBe('shop/functions/tasks/a.cjs');
  });

  test.each([
    ['await new Promise(() => {});', /waits at its top level for something that never settles/],
    ['setInterval(() => {}, 9); await new Promise(() => {});', /did not finish loading within 0.5 s/],
    ['Promise.reject(new Error("lost")); await new Promise((r) => setTimeout(r, 200));', /loaded: lost/],
  ])('%s is an error as well', async (code, message) => {
    const error = await actionError(one(code, {}, { timeoutMs: 500 }, 'a.mts'));
    expect(error).toMatchObject({ code: 'TASK_IMPORT_FAILED', message: expect.stringMatching(message) });
  });

  test('is one of all that fail, and one place is told once', async () => {
    const both = await actionError(
      described({ 'functions/tasks/a.cjs': 'throw 1;', 'functions/tasks/b.cjs': 'throw 2;' }),
    );
    expect(both.details.map(({ location }) => location?.file)).toEqual([
      'shop/functions/tasks/a.cjs',
      'shop/functions/tasks/b.cjs',
    ]);
    const init = await actionError(
      described(
        {
          'functions/tasks/a.ts': '',
          'functions/tasks/b.ts': '',
          'functions/tasks/init.ts': 'throw new Error("init");',
        },
        { bundling: { init: 'functions/tasks/init.ts' } },
      ),
    );
    expect(init).toMatchObject({
      message: 'functions/tasks/init.ts threw while it was loaded: init',
      location: { file: 'shop/functions/tasks/init.ts', line: 1 },
      details: [],
    });
  });

  test.each<[string, string, Record<string, string>, Partial<Bundling>]>([
    ['functions/tasks/init.ts', 'what init imports', { 'functions/tasks/init.ts': `import '../../lib/x';` }, {}],
    [
      'functions/tasks/init.cjs',
      'CommonJS',
      { 'functions/tasks/init.cjs': `require('../../lib/x');` },
      { init: 'functions/tasks/init.cjs' },
    ],
    [
      'trigger.config.ts',
      'trigger.config',
      { 'trigger.config.ts': `import './lib/x'; export default {};`, 'functions/tasks/init.ts': '' },
      { triggerConfig: 'trigger.config.ts' },
    ],
    ['functions/tasks/a.ts', 'the file itself', { 'functions/tasks/init.ts': '' }, {}],
  ])('is headed with %s for %s', async (file, _, files, bundling) => {
    const error = await actionError(
      one(
        `import '../../lib/x'; ${task('a')}`,
        { ...files, 'lib/x.ts': 'throw new Error("wrong");' },
        { bundling: { init: 'functions/tasks/init.ts', ...bundling } },
        'a.ts',
      ),
    );
    expect(error.message).toBe(`${file} threw while it was loaded: wrong`);
  });

  test('that hangs in init is told of init, with what keeps it alive', async () => {
    const error = await actionError(
      one(
        task('a'),
        { 'functions/tasks/init.ts': 'setInterval(() => {}, 9); await new Promise(() => {});' },
        { bundling: { init: 'functions/tasks/init.ts' }, timeoutMs: 500 },
        'a.ts',
      ),
    );
    expect(error).toMatchObject({
      message: 'functions/tasks/init.ts did not finish loading within 0.5 s: it is kept alive by a timer',
      advice: 'Wait and work in run, not at the top of the file',
      location: { file: 'shop/functions/tasks/init.ts' },
    });
  });

  const correct = /^Correct the file at the named place/;
  const middleware = /^Open connections in middleware or in run/;
  const environment = /^While the file is loaded only the variables in env of the configuration are set/;
  test.each<[string, RegExp]>([
    ['throw new Error("no luck")', correct],
    ['undefined.property', correct],
    ['require("node:path").join(undefined)', correct],
    ['throw new Error("connect ECONNREFUSED ::1:5432")', middleware],
    ['throw new AggregateError([new Error("connect ECONNREFUSED ::1:5432")])', middleware],
    ['throw new TypeError("fetch failed")', middleware],
    ['throw new Error("DATABASE_URL is not set")', environment],
    ['throw new Error("Invalid environment variables")', environment],
    ['new URL(process.env.DB)', environment],
    ['process.exit(1)', /^Remove what ends the process/],
    ['process.kill(process.pid, "SIGTERM"); for (;;);', /^Remove what ends the process/],
    ['for (;;);', /^Wait and work in run/],
  ])('advises what fits: %s', async (code, advice) => {
    const error = await actionError(one(code, {}, { timeoutMs: 500 }));
    expect(error.advice).toMatch(advice);
  });

  test('advises to await in run, and to open connections in middleware, where that hangs', async () => {
    const unsettled = await actionError(one('await new Promise(() => {});', {}, {}, 'a.mts'));
    expect(unsettled.advice).toBe('Await it in run, not at the top of the file');
    const server = `
      import net from 'node:net';
      const server = net.createServer().listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1'));
      await new Promise(() => {});`;
    const connected = await actionError(one(server, {}, { timeoutMs: 500 }, 'a.mts'));
    expect(connected.message).toContain('kept alive by a server and a connection');
    expect(connected.advice).toMatch(middleware);
  });

  test.each(['{"failure":5}', '{"failure":{"kind":"threw"}}', '{"failure":null}', '[]', 'null'])(
    'may write %s where the answer is expected',
    async (forged) => {
      const code = `require("node:fs").writeSync(3, ${JSON.stringify(forged)}); process.kill(process.pid, "SIGKILL");`;
      const error = await actionError(one(code));
      expect(error).toMatchObject({ code: 'TASK_IMPORT_FAILED', message: expect.stringContaining('SIGKILL') });
    },
  );

  test('names what is not installed, for it may be the reason', async () => {
    const error = await actionError(one(`import x from 'missing'; if (x.y) throw new Error('no');`, {}, {}, 'a.ts'));
    expect(error.advice).toContain('not installed here: missing');
  });

  test('may lack a native addon, and is told which setting brings it', async () => {
    const files = {
      'node_modules/addon/package.json': '{"name":"addon","main":"index.js"}',
      'node_modules/addon/index.js': 'if (!require("./build/x.node").open) throw new Error("no binding");',
      'node_modules/addon/build/x.node': 'binary',
    };
    const error = await actionError(one(`import 'addon'; ${task('a')}`, files, {}, 'a.ts'));
    expect(error).toMatchObject({
      code: 'NATIVE_ADDON',
      advice: "Add to the configuration: taskDefaults.nodeModules: ['addon']",
      details: [{ location: { file: 'shop/functions/tasks/a.ts' } }],
    });
    expect(ids(await one(`import 'addon'; ${task('a')}`, files, { external: ['addon'] }, 'a.ts'))).toEqual([
      'lifecycle a',
    ]);
  });

  test('or cannot even be parsed', async () => {
    const syntax = await actionError(one('\nmodule.exports = {'));
    expect(syntax).toMatchObject({ code: 'TASK_BUNDLE_FAILED', details: [{ location: { line: 2 } }] });
    expect(path.isAbsolute(syntax.details[0]?.location?.file ?? '/')).toBe(false);
    const both = await actionError(one(`import 'missing';\nimport './nowhere.ts';`, {}, {}, 'a.ts'));
    expect(both.details.map(({ message }) => message)).toContain('Could not resolve "./nowhere.ts"');
  });
});

test('ends what the file has started', async () => {
  const beats = path.join(await tempFolder(), 'beats');
  const child = `setInterval(() => require('fs').appendFileSync(${JSON.stringify(beats)}, '.'), 10)`;
  const code = `
    require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]);
    while (!require('node:fs').existsSync(${JSON.stringify(beats)}));
    exports.run = () => 1;`;
  expect(ids(await one(code))).toEqual(['lumo a']);
  await delay(100);
  const size = (await stat(beats)).size;
  await delay(200);
  expect((await stat(beats)).size).toBe(size);
});
