import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  type Context,
  type DefaultPayload,
  type Json,
  locals,
  logger,
  metadata,
  queue,
  type retry,
  schemaTask,
  task,
  tasks,
} from '../../src/sdk/tasks/index.ts';

/** Checked by the type checker; nothing of it needs to run, but defining a task must not fail either. */
describe('types as authors expect them', () => {
  test('payload and output of a task', () => {
    const rows = task({
      id: 'rows',
      run: async (payload: { table: string }, { ctx }) => {
        expectTypeOf(ctx).toEqualTypeOf<Context>();
        return { table: payload.table, rows: 3 };
      },
      onSuccess: ({ output, payload }) => {
        expectTypeOf(output).toEqualTypeOf<{ table: string; rows: number }>();
        expectTypeOf(payload).toEqualTypeOf<{ table: string }>();
      },
      onComplete: ({ result }) => {
        if (result.ok) expectTypeOf(result.data.rows).toBeNumber();
      },
      onCancel: async ({ runPromise }) => {
        expectTypeOf(await runPromise).toEqualTypeOf<{ table: string; rows: number }>();
      },
    });
    expectTypeOf(rows.id).toEqualTypeOf<'rows'>();
    expectTypeOf(rows.trigger).parameter(0).toEqualTypeOf<{ table: string }>();
  });

  test('a payload without a type is that of the deployment', () => {
    task({
      id: 'plain',
      run: (payload) => {
        expectTypeOf(payload).toEqualTypeOf<DefaultPayload>();
        expectTypeOf(payload.deployment.isFirstDeploy).toBeBoolean();
      },
    });
  });

  test("init's return is there in run and in the hooks", () => {
    task({
      id: 'init',
      init: async ({ ctx }) => ({ db: ctx.task.id, size: 1 }),
      run: async (_payload: unknown, { init }) => {
        expectTypeOf(init).toEqualTypeOf<{ db: string; size: number } | undefined>();
      },
      cleanup: ({ init }) => {
        expectTypeOf(init?.db).toEqualTypeOf<string | undefined>();
      },
    });
  });

  test('schemaTask: run gets what comes out, trigger takes what goes in', () => {
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) => ({ value }),
        types: undefined as { input: { at: string }; output: { at: Date } } | undefined,
      },
    };
    const parsed = schemaTask({
      id: 'parsed',
      schema,
      run: async (payload) => {
        expectTypeOf(payload).toEqualTypeOf<{ at: Date }>();
      },
    });
    expectTypeOf(parsed.trigger).parameter(0).toEqualTypeOf<{ at: string }>();
    schemaTask({
      id: 'function',
      schema: async (value: unknown) => ({ name: String(value) }),
      run: async (payload) => {
        expectTypeOf(payload).toEqualTypeOf<{ name: string }>();
      },
    });
    schemaTask({
      id: 'parse',
      schema: { parse: (value: unknown) => Number(value) },
      run: async (payload) => {
        expectTypeOf(payload).toBeNumber();
      },
    });
  });

  test('locals, metadata, retry and logger', async () => {
    const Db = locals.create<{ query(sql: string): string[] }>('db');
    const read = () => {
      expectTypeOf(locals.get(Db)).toEqualTypeOf<{ query(sql: string): string[] } | undefined>();
      expectTypeOf(locals.getOrThrow(Db).query('')).toEqualTypeOf<string[]>();
      // @ts-expect-error: a value of another type
      locals.set(Db, 5);
    };
    expect(read).toThrow('was not found');
    expectTypeOf(metadata.set('a', 1).append('b', 'c').get('a')).toEqualTypeOf<Json | undefined>();
    expectTypeOf<ReturnType<typeof retry.onThrow<number>>>().resolves.toBeNumber();
    expectTypeOf(await logger.trace('typed', async () => 'x')).toBeString();
  });

  test('what is wrong is refused', () => {
    const wrong = () => {
      // @ts-expect-error: a machine that does not exist
      task({ id: 'machine', machine: 'huge', run: () => 1 });
      // @ts-expect-error: no run
      task({ id: 'no-run' });
      // @ts-expect-error: no hook of this kind
      tasks.onSomething(() => undefined);
    };
    expect(wrong).toThrow();
    task({
      id: 'queued',
      queue: queue({ name: 'db', concurrencyLimit: 1 }),
      machine: { preset: 'small-1x' },
      run: () => 1,
    });
  });
});
