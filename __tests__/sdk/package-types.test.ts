import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildTypes } from '../../scripts/build-types.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lumo-types-'));
  await buildTypes(folder);
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

/** A file of somebody who has the package installed, and the strictest settings. */
const PROJECT = `
import { type Context, defineConfig, locals, logger, schemaTask, task, tasks, wait } from '@lumo-framework/tasks';
import type { tasks as lumo } from '@lumo-framework/core';

export default defineConfig({ project: 'proj_x', retries: { default: { maxAttempts: 2 } }, build: { extensions: [] } });

const Db = locals.create<{ end(): Promise<void> }>('db');
tasks.middleware('db', async ({ ctx, next }) => {
  const slug: string = ctx.environment.slug;
  locals.set(Db, { end: async () => logger.info(slug) });
  await next();
  await locals.getOrThrow(Db).end();
});

export const hello = task({
  id: 'hello',
  retry: { maxAttempts: 10, factor: 1.8, minTimeoutInMs: 500, maxTimeoutInMs: 30_000, randomize: false },
  queue: { concurrencyLimit: 1 },
  machine: { preset: 'large-1x' },
  init: async () => ({ start: 1 }),
  run: async (payload: { name: string }, { ctx, init }) => {
    await wait.for({ seconds: 10 });
    const context: Context = ctx;
    return { hello: payload.name, start: init?.start ?? 0, id: context.run.id };
  },
  catchError: async ({ error, retryAt }) => {
    if (String(error).includes('limit')) return { skipRetrying: true };
    return { retryAt };
  },
  onSuccess: async ({ output }) => logger.info(output.hello),
});

task({
  id: 'older',
  onSuccess: async (payload, output, { ctx }) => logger.info(String(output), { payload, run: ctx.run.id }),
  init: async (payload, { ctx }) => ({ number: ctx.attempt.number }),
  run: async (payload: { name: string }, { ctx, init }) => \`\${payload.name} \${init?.number} \${ctx.run.id}\`,
});

schemaTask({ id: 'parsed', schema: { parse: (value: unknown) => ({ url: String(value) }) }, run: async ({ url }) => url });

export const run: lumo.TaskHandler = async (ctx) => ({ success: true, message: ctx.deployment.environment });

// @ts-expect-error
task({ id: 5, run: () => 1 });
`;

test('the published declarations stand on their own, and hold for the strictest settings', async () => {
  const file = path.join(folder, 'project.ts');
  await writeFile(file, PROJECT);
  const program = ts.createProgram([file], {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: [],
    paths: {
      '@lumo-framework/tasks': [path.join(folder, 'sdk/tasks.d.ts')],
      '@lumo-framework/core': [path.join(folder, 'sdk/core.d.ts')],
    },
  });
  const problems = ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText, file: where, start = 0 }) => [
      where?.getLineAndCharacterOfPosition(start).line,
      ts.flattenDiagnosticMessageText(messageText, '\n'),
    ]);
  expect(problems).toEqual([]);
});

test('they are the same wherever they are built, and name no file of the checkout', async () => {
  const other = await mkdtemp(path.join(os.tmpdir(), 'lumo-types-'));
  await buildTypes(other);
  const names = (await readdir(path.join(other, 'sdk'), { recursive: true })).filter((name) => name.endsWith('.d.ts'));
  expect(names).toEqual(
    expect.arrayContaining(['tasks.d.ts', 'core.d.ts', path.join('types', 'sdk', 'tasks', 'index.d.ts')]),
  );
  for (const name of names) {
    const text = await readFile(path.join(other, 'sdk', name), 'utf8');
    expect(text).toBe(await readFile(path.join(folder, 'sdk', name), 'utf8'));
    expect(text).not.toContain(ROOT);
    expect(text).not.toMatch(/from '(?!\.)/);
  }
  await rm(other, { recursive: true });
}, 60_000);
