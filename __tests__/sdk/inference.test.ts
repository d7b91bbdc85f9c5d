import { expectTypeOf, test } from 'vitest';
import {
  type Context,
  type DefaultPayload,
  defineConfig,
  schemaTask,
  type TaskOptions,
  task,
  tasks,
  type WaitInfo,
} from '../../src/sdk/tasks/index.ts';

/** Checked by the type checker; nothing of it needs to run, but defining a task must not fail either. */
interface Order {
  id: string;
}
interface Sent {
  messageId: number;
}
type Unwrapped<T extends { triggerAndWait: (payload: never) => { unwrap(): Promise<unknown> } }> = Awaited<
  ReturnType<ReturnType<T['triggerAndWait']>['unwrap']>
>;
const send = async (order: Order): Promise<Sent> => ({ messageId: order.id.length });

test('run first: everything that follows knows payload, output and init', () => {
  const sent = task({
    id: 'run-first',
    run: async (payload: Order, { ctx, signal }) => {
      expectTypeOf(ctx).toEqualTypeOf<Context>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      return send(payload);
    },
    onStart: async ({ payload }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
    },
    onSuccess: async ({ payload, output }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
      expectTypeOf(output).toEqualTypeOf<Sent>();
    },
    onComplete: ({ result, output }) => {
      if (result.ok) expectTypeOf(result.data).toEqualTypeOf<Sent>();
      expectTypeOf(output).toEqualTypeOf<Sent | undefined>();
    },
    onCancel: async ({ runPromise }) => {
      expectTypeOf(await runPromise).toEqualTypeOf<Sent>();
    },
    cleanup: ({ payload }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
    },
  });
  expectTypeOf(sent.trigger).parameter(0).toEqualTypeOf<Order>();
  expectTypeOf<Unwrapped<typeof sent>>().toEqualTypeOf<Sent>();
});

test('in the order in which they run: init first, and what follows run knows as much', () => {
  const sent = task({
    id: 'in-order',
    middleware: async ({ next }) => next(),
    init: async ({ ctx }) => ({ started: ctx.attempt.startedAt }),
    onStart: ({ init }) => {
      expectTypeOf(init).toEqualTypeOf<{ started: Date } | undefined>();
    },
    onWait: ({ wait }) => {
      expectTypeOf(wait).toEqualTypeOf<WaitInfo>();
    },
    run: async (payload: Order, { init }) => {
      expectTypeOf(init).toEqualTypeOf<{ started: Date } | undefined>();
      return send(payload);
    },
    onSuccess: async ({ payload, output, init }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
      expectTypeOf(output).toEqualTypeOf<Sent>();
      expectTypeOf(init).toEqualTypeOf<{ started: Date } | undefined>();
    },
    catchError: ({ payload, error, retryAt }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
      expectTypeOf(error).toBeUnknown();
      return { retryAt };
    },
  });
  expectTypeOf(sent.trigger).parameter(0).toEqualTypeOf<Order>();
});

test('run last: what stands above it is not in its way', () => {
  const sent = task({
    id: 'run-last',
    onSuccess: async ({ payload, output, ctx }) => {
      expectTypeOf(payload).toBeAny();
      expectTypeOf(output).toBeAny();
      expectTypeOf(ctx).toEqualTypeOf<Context>();
    },
    onFailure: ({ error }) => {
      expectTypeOf(error).toBeUnknown();
    },
    catchError: ({ error }) => ({ skipRetrying: error instanceof RangeError }),
    init: async ({ payload }) => ({ order: String(payload.id) }),
    cleanup: async ({ ctx, init }) => console.log(ctx.run.id, init?.order),
    run: async (payload: Order, { init }) => send({ id: `${payload.id}${init?.order}` }),
  });
  expectTypeOf(sent.trigger).parameter(0).toEqualTypeOf<Order>();
  expectTypeOf<Unwrapped<typeof sent>>().toEqualTypeOf<Sent>();
});

test('run last, with parameters that all have types: every hook knows them', () => {
  task({
    id: 'typed-run',
    onSuccess: ({ payload, output }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
      expectTypeOf(output).toEqualTypeOf<Sent>();
    },
    run: async (payload: Order) => send(payload),
  });
  task({
    id: 'no-parameters',
    onSuccess: ({ output }) => {
      expectTypeOf(output).toEqualTypeOf<number>();
    },
    run: async () => 5,
  });
});

test('without a type of its own the payload is that of the deployment, wherever run stands', () => {
  const first = task({
    id: 'first',
    run: (payload) => payload.deployment.isFirstDeploy,
    onSuccess: ({ output }) => {
      expectTypeOf(output).toBeBoolean();
    },
  });
  expectTypeOf(first.trigger).parameter(0).toEqualTypeOf<DefaultPayload>();
  task({
    id: 'last',
    onStart: async ({ ctx }) => console.log(ctx.run.id),
    run: async (payload, { ctx }) => {
      expectTypeOf(payload).toEqualTypeOf<DefaultPayload>();
      return ctx.run.id;
    },
  });
});

test('what init returns is known above it where it takes no parameters, and may be used as anything where it does', () => {
  task({
    id: 'init-last',
    run: async (_payload: Order, { init }) => {
      expectTypeOf(init).toEqualTypeOf<{ size: number } | undefined>();
    },
    init: async () => ({ size: 1 }),
  });
  task({
    id: 'init-last-with-parameters',
    run: async (_payload: Order, { init }) => init?.id.length,
    init: async ({ ctx }) => ({ id: ctx.run.id }),
  });
  task({ id: 'init-elsewhere', run: async (_payload: Order, { init }) => init?.startedBy });
});

test('hooks with types of their own', () => {
  task({
    id: 'annotated',
    onSuccess: async ({ payload, output }: { payload: Order; output: Sent }) => console.log(payload, output),
    onFailure: ({ payload }: { payload: Order }) => console.log(payload),
    init: async ({ payload }: { payload: Order }) => ({ order: payload.id }),
    run: async (payload: Order, { init }) => {
      expectTypeOf(init).toEqualTypeOf<{ order: string } | undefined>();
      return send(payload);
    },
  });
});

test('hooks as version 3 had them, with several arguments', () => {
  task({
    id: 'older',
    init: async (_payload, { ctx }) => ({ started: ctx.attempt.startedAt }),
    middleware: async (_payload, { next }) => next(),
    onStart: async (_payload, { ctx }) => {
      expectTypeOf(ctx).toEqualTypeOf<Context>();
    },
    run: async (payload: Order, { init }) => {
      expectTypeOf(init).toEqualTypeOf<{ started: Date } | undefined>();
      return send(payload);
    },
    onSuccess: async (payload, output, { init }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
      expectTypeOf(output).toEqualTypeOf<Sent>();
      expectTypeOf(init).toEqualTypeOf<{ started: Date } | undefined>();
    },
    onFailure: async (payload, error) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
      expectTypeOf(error).toBeUnknown();
    },
    handleError: async (payload, error, { ctx, retryAt }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
      return ctx.attempt.number < 3 ? { retryAt } : { skipRetrying: true, error };
    },
    cleanup: async (payload, { ctx, init }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
      console.log(ctx.run.id, init?.started);
    },
  });
  task({
    id: 'older-above-run',
    onSuccess: async (payload: Order, output: Sent, { ctx }) => console.log(payload, output, ctx),
    onFailure: async (_payload, _error, { ctx }) => console.log(ctx.run.id),
    run: async (payload: Order, { ctx }) => send({ id: payload.id + ctx.run.id }),
  });
});

test('hooks for all tasks, in both forms', () => {
  const define = () => {
    tasks.onStart(({ ctx, payload, task: id }) => console.log(ctx.run.id, payload, id));
    tasks.onFailure('named', async (payload, error, { ctx }) => console.log(payload, error, ctx.run.id));
    tasks.middleware('db', async ({ next }) => next());
    tasks.catchError(async ({ error }) => ({ error }));
    // @ts-expect-error: there is no such member
    tasks.onStart(({ nothing }) => console.log(nothing));
  };
  expectTypeOf(define).returns.toBeVoid();
  defineConfig({
    project: 'proj_x',
    init: async (_payload, { ctx }) => ({ id: ctx.run.id }),
    onStart: async ({ ctx }) => console.log(ctx.run.id),
    onSuccess: async (payload, output, { ctx }) => console.log(payload, output, ctx.run.id),
    onFailure: async ({ error }) => console.log(error),
    onComplete: ({ result }) => console.log(result.ok),
    catchError: ({ error }) => ({ skipRetrying: error instanceof TypeError }),
    middleware: async ({ next }) => next(),
  });
});

test('schemaTask: the schema tells the payload, in any order', () => {
  const schema = { parse: (value: unknown): Order => ({ id: String(value) }) };
  schemaTask({
    id: 'schema-last',
    onStart: ({ payload }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
    },
    onSuccess: ({ payload }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
    },
    run: async (payload, { ctx }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
      return ctx.run.id;
    },
    schema,
  });
  schemaTask({
    id: 'schema-first',
    schema,
    init: async (payload, { ctx }) => ({ of: payload.id + ctx.run.id }),
    run: async ({ id }, { init }) => id + init?.of,
    onSuccess: ({ output }) => {
      expectTypeOf(output).toBeString();
    },
  });
});

test('options that are put together elsewhere', () => {
  const options: TaskOptions<'elsewhere', Order, Sent, undefined> = {
    id: 'elsewhere',
    onSuccess: ({ payload, output }) => {
      expectTypeOf(payload).toEqualTypeOf<Order>();
      expectTypeOf(output).toEqualTypeOf<Sent>();
    },
    run: async (payload) => send(payload),
  };
  expectTypeOf(task(options).trigger).parameter(0).toEqualTypeOf<Order>();
});

test('what is wrong is refused', () => {
  const run = async (payload: Order): Promise<Sent> => send(payload);
  // @ts-expect-error: the output is no string
  task({ id: 'a', run, onSuccess: ({ output }: { output: string }) => console.log(output) });
  // @ts-expect-error: the payload is no Sent
  task({ id: 'b', run, onStart: ({ payload }: { payload: Sent }) => console.log(payload) });
  // @ts-expect-error: there is no such member
  task({ id: 'c', run, onSuccess: ({ result }) => console.log(result) });
  // @ts-expect-error: nor here
  task({ id: 'd', run, onSuccess: (_payload, _output, { result }) => console.log(result) });
  // @ts-expect-error: nor has the payload
  task({ id: 'e', run, onSuccess: (payload, _output) => console.log(payload.missing) });
  // @ts-expect-error: nor run
  task({ id: 'f', run: async (_payload: Order, { nothing }) => console.log(nothing) });
  // @ts-expect-error: no boolean
  task({ id: 'g', run, catchError: ({ error }) => ({ skipRetrying: String(error) }) });
  // @ts-expect-error: an object is expected of init
  task({ id: 'h', run, init: () => 5 });
  // @ts-expect-error: onComplete has no older form
  task({ id: 'i', run, onComplete: (_payload, { ctx }) => console.log(ctx) });
  // @ts-expect-error: the schema makes an Order
  schemaTask({ id: 'j', schema: { parse: (id: unknown) => ({ id: String(id) }) }, run: (payload: Sent) => payload });
});
