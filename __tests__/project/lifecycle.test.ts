import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../src/errors.ts';
import { discoverIn, esbuild } from './discover-in.ts';
import { makeProject, RUN } from './helpers.ts';

const SDK = `import { task, tasks, queue, locals, logger } from '@trigger.dev/sdk/v3';\n`;
const taskFile = (...ids: string[]) =>
  `${SDK}${ids.map((id) => `task({ id: '${id}', run: async () => {} });`).join('\n')}\n`;

type Files = Record<string, string>;
/** Paths below functions/tasks, unless they begin with `/`. */
const inTasks = (files: Files) =>
  makeProject(
    Object.fromEntries(
      Object.entries(files).map(([name, text]) => [
        name.startsWith('/') ? name.slice(1) : `functions/tasks/${name}`,
        text,
      ]),
    ),
  );
const discover = (files: Files, options: Parameters<typeof discoverIn>[1] = {}) => discoverIn(inTasks(files), options);
/** `name` to `file dialect`. */
const found = async (files: Files, options?: Parameters<typeof discoverIn>[1]) =>
  Object.fromEntries(
    (await discover(files, options)).tasks.map(({ name, file, dialect }) => [
      name,
      `${file.slice('functions/tasks/'.length)} ${dialect}`,
    ]),
  );
const failure = async (files: Files, options?: Parameters<typeof discoverIn>[1]): Promise<ActionError> => {
  const outcome: unknown = await discover(files, options).catch((error: unknown) => error);
  if (outcome instanceof ActionError) return outcome;
  throw new Error('expected an ActionError', { cause: outcome });
};
const places = (error: ActionError) =>
  error.details.map(({ message, location }) => `${location?.file}:${location?.line ?? ''} ${message}`);

describe('task files as they are published', () => {
  const published = {
    'hello-world.ts': `
      import { task } from "@trigger.dev/sdk/v3";
      const helloWorld = task({
        id: "hello-world",
        run: async (payload: { message: string }) => { console.log(payload.message); },
      });`,
    'retry.ts': `
      import { task } from "@trigger.dev/sdk/v3";
      export const taskWithRetries = task({
        id: "task-with-retries",
        retry: { maxAttempts: 10, factor: 1.8, minTimeoutInMs: 500, maxTimeoutInMs: 30_000, randomize: false },
        run: async (payload: any, { ctx }) => { throw new Error("again"); },
      });`,
    'queues.ts': `
      import { queue, task } from "@trigger.dev/sdk/v3";
      const db = queue({ name: "db", concurrencyLimit: 1 });
      export const oneAtATime = task({ id: "one-at-a-time", queue: { concurrencyLimit: 1 }, run: async () => {} });
      export const shared = task({ id: "shared", queue: db, run: async () => {} });
      export const heavy = task({ id: "heavy-task", machine: { preset: "large-1x" }, maxDuration: 300, run: async () => {} });`,
    'db.ts': `
      import { locals, logger, tasks } from "@trigger.dev/sdk";
      const DbLocal = locals.create<{ connect(): Promise<void>; disconnect(): Promise<void> }>("db");
      export function getDb() { return locals.getOrThrow(DbLocal); }
      tasks.middleware("db", async ({ ctx, payload, next, task }) => {
        const db = locals.set(DbLocal, { async connect() {}, async disconnect() {} });
        await db.connect();
        await next();
        await db.disconnect();
      });
      tasks.onWait("db", async () => { await getDb().disconnect(); });
      tasks.onResume("db", async () => { await getDb().connect(); });`,
    'init.ts': `
      import { tasks } from "@trigger.dev/sdk";
      import "./db";
      tasks.onStart(({ ctx, payload, task }) => { console.log("started", task); });`,
    'seed.ts': RUN,
    '/trigger.config.ts': `
      import { defineConfig } from "@trigger.dev/sdk/v3";
      import { prismaExtension } from "@trigger.dev/build/extensions/prisma";
      export default defineConfig({
        project: "proj_x",
        dirs: ["./functions/tasks"],
        retries: { enabledInDev: false, default: { maxAttempts: 4, minTimeoutInMs: 1000, maxTimeoutInMs: 10000, factor: 2, randomize: true } },
        onFailure: async (payload, error, { ctx }) => {},
        build: { extensions: [prismaExtension({ schema: "prisma/schema.prisma" })] },
      });`,
  };

  it('are found with their options and all hooks that concern them', async () => {
    const { tasks, helpers, bundling } = await discover(published);
    expect(tasks.map(({ name, file }) => `${name} ${path.basename(file)}`)).toEqual([
      'heavy-task queues.ts',
      'hello-world hello-world.ts',
      'one-at-a-time queues.ts',
      'seed seed.ts',
      'shared queues.ts',
      'task-with-retries retry.ts',
    ]);
    const global = ['middleware', 'onStart', 'onWait', 'onResume', 'onFailure'];
    expect(tasks).toMatchObject([
      { description: { machine: { preset: 'large-1x' }, maxDuration: 300, hooks: { global } } },
      { line: 4, trigger: { retry: { maxAttempts: 4, maxTimeoutInMs: 10_000 } } },
      { description: { queue: { concurrencyLimit: 1 } } },
      { dialect: 'lumo', globalHooks: global },
      { description: { queue: { name: 'db', concurrencyLimit: 1 } } },
      { description: { retry: { maxAttempts: 10, factor: 1.8, randomize: false } } },
    ]);
    expect(helpers).toEqual(['functions/tasks/db.ts']);
    expect(bundling).toEqual({
      triggerConfig: 'trigger.config.ts',
      init: 'functions/tasks/init.ts',
      buildOnly: ['@trigger.dev/build/extensions/prisma'],
      coreUsers: [],
      aliasSdk: true,
    });
  });
});

describe('which files are loaded', () => {
  const trap = 'throw new Error("loaded");\n';

  it('not those of the Lumo dialect, whatever init does; esbuild runs once without an SDK', async () => {
    const files = { 'a.ts': trap + RUN, 'lib.ts': trap, 'init.ts': `${trap}export {};` };
    const root = inTasks(files);
    const counted = path.join(makeProject({}), 'esbuild');
    writeFileSync(counted, `#!/bin/sh\necho run >> "${counted}.runs"\nexec "${esbuild.binary}" "$@"\n`, {
      mode: 0o755,
    });
    const { tasks } = await discoverIn(root, { esbuild: { ...esbuild, binary: counted } });
    expect(tasks).toMatchObject([{ name: 'a', globalHooks: [] }]);
    expect(readFileSync(`${counted}.runs`, 'utf8')).toBe('run\n');
    const withHooks = await discover({ 'a.ts': trap + RUN, 'init.ts': `${SDK}tasks.onSuccess(() => {});` });
    expect(withHooks.tasks).toMatchObject([{ name: 'a', dialect: 'lumo', globalHooks: ['onSuccess'] }]);
  });

  it('nor those that import only types of an SDK', async () => {
    const types = `import type { Task } from '@trigger.dev/sdk';\nexport type T = Task<string>;\n`;
    expect(await found({ 'a.ts': types + trap + RUN })).toEqual({ a: 'a.ts lumo' });
  });

  it('those that import an SDK through other files of the project', async () => {
    const files = {
      '/lib/define.ts': `${SDK}export const define = (id: string) => task({ id, run: async () => {} });`,
      '/tsconfig.json': '{ "compilerOptions": { "paths": { "~/*": ["./lib/*"] } } }',
      'a.ts': `import { define } from '~/define';\ndefine('made');`,
    };
    expect(await found(files)).toEqual({ made: 'a.ts lifecycle' });
  });

  it('several tasks, beside an exported run; an exported run that is a task() is one', async () => {
    const files = {
      'many.ts': `${taskFile('one', 'two')}export const run = async () => 1;`,
      'odd.ts': `${SDK}export const run = task({ id: 'registered', run: async () => {} });`,
      'old.cjs': `const { task } = require('@trigger.dev/sdk');\ntask({ id: 'from-cjs', run: async () => {} });\nexports.run = () => 1;`,
    };
    expect(await found(files)).toEqual({
      'from-cjs': 'old.cjs lifecycle',
      many: 'many.ts lumo',
      old: 'old.cjs lumo',
      one: 'many.ts lifecycle',
      registered: 'odd.ts lifecycle',
      two: 'many.ts lifecycle',
    });
  });

  it('none of an installed SDK that is not ours, with aliasSdk: false', async () => {
    const files = {
      '/node_modules/@trigger.dev/sdk/package.json': '{"name":"@trigger.dev/sdk","main":"i.js"}',
      '/node_modules/@trigger.dev/sdk/i.js': 'exports.task = () => {};',
      'a.ts': `import { task } from '@trigger.dev/sdk';\nexport const x = task({ id: 'theirs', run: async () => {} });\n${RUN}`,
      'b.ts': `import { task } from '@lumo-framework/tasks';\ntask({ id: 'ours', run: async () => {} });`,
    };
    expect(Object.keys(await found(files))).toEqual(['a', 'ours', 'theirs']);
    expect(await found(files, { config: { aliasSdk: false } })).toEqual({ a: 'a.ts lumo', ours: 'b.ts lifecycle' });
  });

  it('with the environment of the configuration, and no credentials', async () => {
    const code = `${SDK}task({ id: 'configured', maxDuration: Number(process.env.LIMIT), description: Object.entries(process.env).sort().join(' '), run: async () => {} });`;
    const config = {
      region: 'eu-central-1',
      events: { eventBus: 'bus' },
      taskDefaults: { env: { ALL: '1', LIMIT: '1', NODE_OPTIONS: '--nope' } },
      tasks: {
        configured: { env: { LIMIT: '60' } },
        other: { env: { LIMIT: '7', OTHER: '1' } },
        a: { env: { NAME: 'a' } },
      },
    };
    const env = { AWS_SECRET_ACCESS_KEY: 'x', AWS_REGION: 'us-east-1', LUMO_EXTRA: 'e', PATH: '/bin' };
    const { tasks } = await discover({ 'a.ts': code }, { config, env, environment: 'pr-7' });
    expect(tasks).toMatchObject([
      {
        description: {
          maxDuration: 60,
          description:
            'ALL,1 AWS_DEFAULT_REGION,eu-central-1 AWS_REGION,eu-central-1 EVENT_BUS_NAME,bus LIMIT,60 ' +
            'LUMO_ENVIRONMENT,pr-7 LUMO_EXTRA,e LUMO_PROJECT_NAME,shop NAME,a',
        },
      },
    ]);
  });

  it('and what cannot be loaded is an error', async () => {
    const error = await failure({ 'a.ts': `${SDK}\nthrow new Error('no database');` });
    expect(error).toMatchObject({
      code: 'TASK_IMPORT_FAILED',
      location: { file: 'functions/tasks/a.ts', line: 3 },
    });
    const hanging = await failure({ 'a.ts': `${SDK}for (;;);` }, { describeTimeoutMs: 500 });
    expect(hanging.message).toContain('did not finish loading within 0.5 s');
  });
});

describe('an installed @lumo-framework/core', () => {
  const files = {
    'a.ts': `import { secrets } from '@lumo-framework/core';\nexport const run = () => secrets.getSecret('x');`,
    'b.ts': `import type { tasks } from '@lumo-framework/core';\nimport { secret } from '../../lib/secret';\nexport const run = secret;`,
    'c.ts': `import type { tasks } from '@lumo-framework/core';\n${RUN}`,
    '/lib/secret.ts': `export { secrets as secret } from '@lumo-framework/core';`,
  };

  it('is connected for the files that use it, not for those that use its types', async () => {
    const installed = { '/node_modules/@lumo-framework/core/package.json': '{}' };
    expect((await discover(files)).bundling.coreUsers).toEqual([]);
    expect((await discover({ ...files, ...installed })).bundling.coreUsers).toEqual([
      'functions/tasks/a.ts',
      'functions/tasks/b.ts',
    ]);
  });
});

describe('whose task it is', () => {
  it('of the file that registers it while none that it imports does', async () => {
    const files = {
      'parent.ts': `import './child.ts';\n${taskFile('parent')}`,
      'child.ts': taskFile('child'),
      'grand.ts': `import { x } from '../../lib/between';\n${taskFile('grand')}\nlogger.info(x);`,
      '/lib/between.ts': `import '../functions/tasks/parent.ts';\nexport const x = '';`,
    };
    expect(await found(files)).toEqual({
      child: 'child.ts lifecycle',
      grand: 'grand.ts lifecycle',
      parent: 'parent.ts lifecycle',
    });
  });

  it('where files import each other, of the one that spells it', async () => {
    const files = {
      'a.ts': `import { b } from './b.ts';\n${SDK}export const a = task({ id: 'aa', run: async () => b });`,
      'b.ts': `import { a } from './a.ts';\n${SDK}export const b = task({ id: 'bb', run: async () => a });`,
    };
    expect(await found(files)).toEqual({ aa: 'a.ts lifecycle', bb: 'b.ts lifecycle' });
  });

  it('not of every file that comes with init', async () => {
    const files = {
      'init.ts': `import './a.ts';\n${taskFile('from-init')}`,
      'a.ts': taskFile('aa'),
      'b.ts': taskFile('bb'),
    };
    expect(await found(files)).toEqual({
      aa: 'a.ts lifecycle',
      bb: 'b.ts lifecycle',
      'from-init': 'init.ts lifecycle',
    });
  });

  it.each<[string, Files, string[]]>([
    [
      'of two files',
      { 'a.ts': taskFile('same'), 'b.ts': `\n${taskFile('same')}` },
      ['functions/tasks/b.ts:3 The task "same" is defined by "functions/tasks/a.ts" and "functions/tasks/b.ts"'],
    ],
    [
      'of a file and one it imports',
      { 'a.ts': `import './b.ts';\n${taskFile('same')}`, 'b.ts': taskFile('same') },
      ['functions/tasks/a.ts:3 The task "same" is defined by "functions/tasks/b.ts" and "functions/tasks/a.ts"'],
    ],
    [
      'twice of one file',
      { 'a.ts': taskFile('same', 'same'), 'b.ts': `import './a.ts'; ${taskFile('b')}` },
      ['functions/tasks/a.ts:2 The task "same" is defined twice by "functions/tasks/a.ts"'],
    ],
    [
      'of a file and init',
      { 'a.ts': taskFile('same'), 'init.ts': taskFile('same'), 'b.ts': taskFile('b') },
      ['functions/tasks/a.ts:2 The task "same" is defined by "functions/tasks/init.ts" and "functions/tasks/a.ts"'],
    ],
    [
      'of an id and a file that exports run',
      { 'a.ts': taskFile('b'), 'b.ts': RUN },
      ['functions/tasks/a.ts:2 The task "b" is defined by "functions/tasks/b.ts" and "functions/tasks/a.ts"'],
    ],
    [
      'of an id and run in one file',
      { 'a.ts': taskFile('a') + RUN },
      ['functions/tasks/a.ts:2 The task "a" is defined twice by "functions/tasks/a.ts"'],
    ],
    [
      'of two files that import what registers it',
      { '/lib/x.ts': taskFile('x'), 'a.ts': `import '../../lib/x';`, 'b.ts': `import '../../lib/x';` },
      ['functions/tasks/b.ts: The task "x" is defined by "functions/tasks/a.ts" and "functions/tasks/b.ts"'],
    ],
  ])('an id %s is an error', async (_, files, expected) => {
    const error = await failure(files);
    expect(error.code).toBe('TASK_DUPLICATE');
    expect(places(error)).toEqual(expected);
  });
});

describe('nothing is dropped silently', () => {
  it('a file that calls task() and registers nothing', async () => {
    const error = await failure({
      'a.ts': `${SDK}\n// task() is called below\nexport const later = () => task<string, void>({ id: 'a', run: async () => {} });`,
      'b.ts': RUN,
    });
    expect(error).toMatchObject({ code: 'TASK_NOT_REGISTERED', location: { file: 'functions/tasks/a.ts', line: 4 } });
  });

  it('unless others import it, or only a comment does', async () => {
    const files = {
      'factory.ts': `${SDK}export const make = (id: string) => task({ id, run: async () => {} });`,
      'a.ts': `import { make } from './factory.ts';\nmake('made');`,
      'log.ts': `${SDK}/* used by task() */\nlogger.info('x'); // and task()`,
    };
    expect(await discover(files)).toMatchObject({
      tasks: [{ name: 'made', file: 'functions/tasks/a.ts' }],
      helpers: ['functions/tasks/factory.ts', 'functions/tasks/log.ts'],
    });
  });

  it.each([
    ['a\\nb', 'cannot be printed'],
    ['a\\u202eb', 'cannot be printed'],
    ['../x', 'is no name'],
    ['/x', 'is no name'],
    ['a//b', 'is no name'],
    ['a\\\\b', 'is no name'],
    [' a', 'begins or ends with a blank'],
    ['x'.repeat(129), 'has 129 characters'],
  ])('the id %j', async (id, why) => {
    const error = await failure({ 'a.ts': taskFile(id) });
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', location: { file: 'functions/tasks/a.ts' } });
    expect(error.message).toContain(why);
  });

  it.each(["''", 'undefined', '7', '{}'])('the id %s', async (id) => {
    const error = await failure({ 'a.ts': `${SDK}task({ id: ${id} as any, run: async () => {} });` });
    expect(error.location).toMatchObject({ file: 'functions/tasks/a.ts' });
  });

  it('takes other ids as they are', async () => {
    const ids = ['x'.repeat(128), 'db.seed', 'a:b', 'über/ß 1', '__proto__', '::error::x', '*'];
    expect(Object.keys(await found({ 'a.ts': taskFile(...ids) })).sort()).toEqual([...ids].sort());
  });
});

it('a trigger.config that cannot be parsed is an error', async () => {
  const broken = await failure({ 'a.ts': RUN, '/trigger.config.ts': '\nexport default {;' });
  expect(broken).toMatchObject({ code: 'TASK_BUNDLE_FAILED', location: { file: 'trigger.config.ts', line: 2 } });
});
