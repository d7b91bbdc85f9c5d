import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

const SDK = path.resolve(import.meta.dirname, '../../src/sdk/tasks/index.ts');
const folder = await mkdtemp(path.join(os.tmpdir(), 'lumo-orders-'));
afterAll(() => rm(folder, { recursive: true }));

/** The members of a task as authors write them. */
const RUN =
  'run: async (payload: { name: string }, { ctx, init, signal }) => ({ hello: payload.name.trim(), id: ctx.run.id, init, signal })';
const SETTINGS = [
  "id: 'task'",
  'retry: { maxAttempts: 10, factor: 1.8, minTimeoutInMs: 500, maxTimeoutInMs: 30_000, randomize: false }',
  'queue: { concurrencyLimit: 1 }',
  "machine: { preset: 'large-1x' }",
  'maxDuration: 300',
];
const HOOKS = [
  'middleware: async ({ payload, ctx, next, task }) => { console.log(payload.name, ctx.run.id, task); await next(); }',
  'init: async ({ payload, ctx }) => ({ started: ctx.attempt.number, name: payload.name })',
  'onStart: async ({ payload, ctx, init }) => console.log(payload.name.trim(), ctx.run.id, init?.started)',
  'onWait: async ({ wait }) => console.log(wait.date.getTime())',
  'onResume: async ({ wait, init }) => console.log(wait.type, init?.started)',
  'onSuccess: async ({ payload, output, ctx }) => console.log(payload.name.trim(), output.hello.trim(), ctx.run.id)',
  'onComplete: async ({ result }) => console.log(result.ok ? result.data.hello.trim() : result.error)',
  'onFailure: async ({ payload, error }) => console.log(payload.name.trim(), error)',
  'catchError: async ({ error, retryAt }) => (error instanceof RangeError ? { skipRetrying: true } : { retryAt })',
  'onCancel: async ({ runPromise, signal }) => { const output = await runPromise; console.log(output.hello.trim(), signal); }',
  'cleanup: async ({ init, payload }) => console.log(init?.started, payload.name.trim())',
];
const OLDER = [
  'middleware: async (payload, { ctx, next }) => { console.log(payload.name, ctx.run.id); await next(); }',
  'init: async (payload, { ctx }) => ({ started: ctx.attempt.number, name: payload.name })',
  'onStart: async (payload, { ctx }) => console.log(payload.name.trim(), ctx.run.id)',
  'onSuccess: async (payload, output, { ctx, init }) => console.log(payload.name, output.hello, ctx.run.id, init?.started)',
  'onFailure: async (payload, error, { ctx }) => console.log(payload.name.trim(), error, ctx.run.id)',
  'handleError: async (payload, error, { retryAt }) => (payload.name === String(error) ? undefined : { retryAt })',
  'cleanup: async (payload, { ctx, init }) => console.log(payload.name.trim(), ctx.run.id, init?.started)',
];

const HEAD = `import { task } from '@lumo-framework/tasks';
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
`;

/** Every rotation of the members, forwards and backwards: each stands first, last, and on both sides of every other. */
function orders(members: readonly string[]): string[][] {
  return [members, members.toReversed()].flatMap((list) =>
    list.map((_, index) => [...list.slice(index), ...list.slice(0, index)]),
  );
}

/** A program with one task for each order; `after` is written after each. */
function programOf(members: readonly string[], after: (task: string) => string = () => ''): string {
  const tasks = orders(members).map(
    (order, index) => `const task${index} = task({\n  ${order.join(',\n  ')},\n});\n${after(`task${index}`)}`,
  );
  return `${HEAD}${tasks.join('\n')}\n`;
}

const knowsPayload = (task: string) =>
  `export const of_${task}: Same<Parameters<typeof ${task}.trigger>[0], { name: string }> = true;`;
const RIGHT: Record<string, string[]> = { 'hooks with one object': HOOKS, 'hooks with several parameters': OLDER };
const WRONG: Record<string, string> = {
  'a hook that answers something else': 'catchError: async ({ error }) => ({ skipRetrying: String(error) })',
  'a member that hooks do not have': 'onStart: async ({ nothing }) => console.log(nothing)',
  'the same with several parameters': 'onStart: async (payload, { nothing }) => console.log(payload, nothing)',
  'an output of another type': 'onSuccess: async ({ output }: { output: number }) => console.log(output)',
};
const wrongMembers = (hook: string) => ["id: 'task'", hook, RUN];

/** What a strict type checker says of each program. */
let problems: Map<string, string[]>;
beforeAll(async () => {
  const programs = new Map([
    ...Object.entries(RIGHT).map(
      ([name, hooks]) => [name, programOf([...SETTINGS, ...hooks, RUN], knowsPayload)] as const,
    ),
    ...Object.entries(WRONG).map(([name, hook]) => [name, programOf(wrongMembers(hook))] as const),
  ]);
  const file = (name: string) => path.join(folder, `${name.replaceAll(' ', '-')}.ts`);
  await Promise.all([...programs].map(([name, text]) => writeFile(file(name), text)));
  const program = ts.createProgram([...programs.keys()].map(file), {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: ['node'],
    typeRoots: [path.resolve(import.meta.dirname, '../../node_modules/@types')],
    paths: { '@lumo-framework/tasks': [SDK] },
  });
  const said = (name: string) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file(name)))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  problems = new Map([...programs.keys()].map((name) => [name, said(name)]));
}, 120_000);

test.each(Object.keys(RIGHT))('%s: right in every order', (name) => {
  expect(problems.get(name)).toEqual([]);
});

test.each(Object.entries(WRONG))('%s: wrong in every order', (name, hook) => {
  expect(problems.get(name)).toHaveLength(orders(wrongMembers(hook)).length);
});
