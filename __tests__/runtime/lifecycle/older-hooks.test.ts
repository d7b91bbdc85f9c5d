import { expect, test } from 'vitest';
import { setConfig } from '../../../src/runtime/config.ts';
import { type Context, task, tasks } from '../../../src/sdk/tasks/index.ts';
import { attempt, freshRegistry } from './helpers.ts';

freshRegistry();

const EVENT = { event: { payload: { name: 'Ada' } } };
const payload = expect.objectContaining({ name: 'Ada' });
const ctx = expect.objectContaining({ run: expect.anything() });
const signal = expect.any(AbortSignal);
const init = { db: 'open' };

/** Hooks that take several arguments, each noting what it was given. */
function olderHooks(calls: [string, ...unknown[]][]) {
  const two =
    (kind: string, result?: unknown) =>
    (first: unknown, rest: Record<string, unknown>): unknown => {
      calls.push([kind, first, rest]);
      return result;
    };
  const three =
    (kind: string) =>
    (first: unknown, second: unknown, rest: Record<string, unknown>): void => {
      calls.push([kind, first, second, rest]);
    };
  return {
    middleware: async (first: unknown, rest: { next: () => Promise<void> }) => {
      calls.push(['middleware', first, rest]);
      await rest.next();
    },
    init: two('init', init),
    onStart: two('onStart'),
    onSuccess: three('onSuccess'),
    onFailure: three('onFailure'),
    handleError: three('handleError'),
    cleanup: two('cleanup'),
  };
}

test('hooks with several parameters are called as version 3 called them: a success', async () => {
  const calls: [string, ...unknown[]][] = [];
  task({ id: 'demo', ...olderHooks(calls), run: (_: unknown, { init: made }: { init: unknown }) => made } as never);
  expect(await attempt('demo', EVENT)).toMatchObject({ status: 'COMPLETED', result: init });
  expect(calls).toEqual([
    ['middleware', payload, expect.objectContaining({ ctx, signal, next: expect.any(Function) })],
    ['init', payload, expect.objectContaining({ ctx, signal })],
    ['onStart', payload, expect.objectContaining({ ctx, signal, init })],
    ['onSuccess', payload, init, expect.objectContaining({ ctx, signal, init })],
    ['cleanup', payload, expect.objectContaining({ ctx, signal, init })],
  ]);
});

test('and a failure', async () => {
  const calls: [string, ...unknown[]][] = [];
  const error = new Error('no');
  const run = () => Promise.reject(error);
  task({ id: 'demo', ...olderHooks(calls), run } as never);
  expect(await attempt('demo', { ...EVENT, number: 2, maxAttempts: 2 })).toMatchObject({ status: 'FAILED' });
  expect(calls.slice(2)).toEqual([
    ['handleError', payload, error, expect.objectContaining({ ctx, init, retry: expect.anything() })],
    ['onFailure', payload, error, expect.objectContaining({ ctx, signal, init })],
    ['cleanup', payload, expect.objectContaining({ ctx, signal, init })],
  ]);
});

test('hooks for all tasks as well, and what catchError answers counts', async () => {
  const given: unknown[] = [];
  setConfig({
    onFailure: async (first: unknown, error: unknown, rest: { ctx: unknown }) => given.push(first, error, rest.ctx),
  });
  tasks.catchError(async (_payload, error) => ({ skipRetrying: true, error: new Error(`replaced: ${error}`) }));
  task({ id: 'demo', run: () => Promise.reject('thrown') });
  expect(await attempt('demo', EVENT)).toMatchObject({ error: { message: 'replaced: thrown' } });
  expect(given).toEqual([payload, new Error('replaced: thrown'), ctx]);
});

test('a hook with one parameter, or one that has a default, gets the object', async () => {
  const given: unknown[] = [];
  task({
    id: 'demo',
    init: (...args: unknown[]) => void given.push(args.length),
    onStart: (params: { ctx: Context }, second = 'default') => void given.push(params.ctx.task.id, second),
    run: () => 1,
  } as never);
  await attempt('demo');
  expect(given).toEqual([1, 'demo', 'default']);
});

test('kinds that version 3 did not have get the object however many parameters they have', async () => {
  const given: unknown[] = [];
  const note = (params: Record<string, unknown>, second: unknown) => void given.push(Object.keys(params), second);
  task({ id: 'demo', onStartAttempt: note, onComplete: note, run: () => 1 } as never);
  await attempt('demo');
  expect(given).toEqual([
    expect.arrayContaining(['payload', 'ctx']),
    undefined,
    expect.arrayContaining(['result', 'ctx']),
    undefined,
  ]);
});
