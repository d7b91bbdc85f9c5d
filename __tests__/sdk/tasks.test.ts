import { afterEach, describe, expect, test, vi } from 'vitest';
import { setConfig } from '../../src/runtime/config.ts';
import * as sdk from '../../src/sdk/tasks/index.ts';

afterEach(() => vi.restoreAllMocks());

describe('what does not exist in a deployment', () => {
  test.each([
    ['task.trigger', () => sdk.task({ id: 'demo', run: () => 1 }).trigger({} as never)],
    ['task.triggerAndWait', () => sdk.task({ id: 'demo', run: () => 1 }).triggerAndWait({} as never)],
    ['task.batchTrigger', () => sdk.task({ id: 'demo', run: () => 1 }).batchTrigger([])],
    ['task.batchTriggerAndWait', () => sdk.task({ id: 'demo', run: () => 1 }).batchTriggerAndWait([])],
    ['tasks.trigger', () => sdk.tasks.trigger('demo', {})],
    ['wait.forToken', () => sdk.wait.forToken('x')],
    ['wait.createToken', () => sdk.wait.createToken()],
    ['retry.fetch', () => sdk.retry.fetch('https://example.com')],
    ['metadata.root', () => sdk.metadata.root?.set?.('a', 1)],
    ['schedules.task', () => sdk.schedules.task?.({ id: 'nightly' })],
    ['usage', () => sdk.usage.getCurrent?.()],
    ['new', () => new sdk.TriggerClient()],
  ])('%s: a named error that says so', (_, call) => {
    expect(call).toThrow(sdk.NotAvailableError);
    expect(call).toThrow(/is not available in deploy-time tasks/);
  });

  test('names what was called', () => {
    expect(() => sdk.runs.subscribe?.list?.()).toThrow('runs.subscribe.list() is not available');
    expect(() => sdk.task({ id: 'demo', run: () => 1 }).trigger({} as never)).toThrow('trigger() of the task "demo"');
  });

  test('may be looked at, awaited and compared', async () => {
    const { retrieve } = sdk.runs;
    expect(retrieve).toBeTypeOf('function');
    expect(await sdk.usage).toBe(sdk.usage);
    expect(new Error('x') instanceof sdk.ApiError).toBe(false);
    expect(`${typeof sdk.idempotencyKeys}`).toBe('function');
  });
});

describe('logger', () => {
  const printed = (write: () => void): string[] => {
    const lines: string[] = [];
    for (const method of ['debug', 'log', 'info', 'warn', 'error'] as const) {
      vi.spyOn(console, method).mockImplementation((text: unknown) => void lines.push(`${method}: ${text}`));
    }
    write();
    return lines;
  };
  const all = () => {
    for (const method of ['debug', 'log', 'info', 'warn', 'error'] as const) {
      sdk.logger[method](method);
    }
  };

  test.each([
    [undefined, ['log: log', 'info: info', 'warn: warn', 'error: error']],
    ['nonsense', ['log: log', 'info: info', 'warn: warn', 'error: error']],
    ['debug', ['debug: debug', 'log: log', 'info: info', 'warn: warn', 'error: error']],
    ['warn', ['warn: warn', 'error: error']],
    ['none', []],
  ])('logLevel %j', (logLevel, lines) => {
    setConfig({ logLevel });
    expect(printed(all)).toEqual(lines);
    setConfig({});
  });

  test('properties follow the message', () => {
    expect(printed(() => sdk.logger.info('rows', { count: 5 }))).toEqual(['info: rows { count: 5 }']);
  });

  test('trace returns what the function returns and logs how long it took', async () => {
    const lines = printed(() => undefined);
    expect(await sdk.logger.trace('import', async (span) => span.setAttribute('rows', 1) && 7)).toBe(7);
    expect(lines).toEqual([expect.stringMatching(/^info: import: \d+ ms$/)]);
  });

  test('trace throws what the function throws', async () => {
    const lines = printed(() => undefined);
    await expect(sdk.logger.trace('import', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(lines).toEqual([expect.stringMatching(/^error: import: failed after \d+ ms$/)]);
  });
});

test('metadata is a no-op outside of a run', async () => {
  expect(
    sdk.metadata.set('a', 1).del('a').append('b', 1).remove('b', 1).increment('c').decrement('c').replace({}),
  ).toBe(sdk.metadata);
  expect([sdk.metadata.current(), sdk.metadata.get('a'), await sdk.metadata.flush()]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test('what a task can do without is taken outside of a run as well', async () => {
  expect(await Promise.all([sdk.tags.add('a'), sdk.heartbeats.yield()])).toEqual([undefined, undefined]);
});

test('waitUntil is available inside a run only', () => {
  expect(() => sdk.waitUntil(Promise.resolve())).toThrow('waitUntil is available inside a run only');
});
