import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createWorkshop, invokeEvent, type Lambda, type LambdaOptions } from './lambda.ts';

let workshop: Awaited<ReturnType<typeof createWorkshop>>;
const started: Lambda[] = [];

beforeAll(async () => {
  workshop = await createWorkshop();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((lambda) => lambda.close()));
});
afterAll(() => workshop.remove());

async function start(task: string, options: Omit<LambdaOptions, 'task'> = {}): Promise<Lambda> {
  const lambda = await workshop.start({ task, ...options });
  started.push(lambda);
  return lambda;
}

async function run(task: string, options?: Omit<LambdaOptions, 'task'>) {
  const lambda = await start(task, options);
  return lambda.run();
}

const OK = `return { success: true, message: 'done' };`;

describe('the context', () => {
  const task = `export const run = async (ctx) => ({
    success: true, message: 'seen', data: { ctx, keys: Object.keys(ctx.deployment), cwd: process.cwd() },
  });`;

  test('of a first deployment is the TaskContext, without a previous version', async () => {
    const { result } = await run(task);
    const { ctx, keys, cwd } = (result as { data: { ctx: unknown; keys: string[]; cwd: string } }).data;
    expect(ctx).toMatchObject({
      deployment: { isFirstDeploy: true, environment: 'dev' },
      config: { timeout: 300 },
      workingDirectory: cwd,
    });
    expect(keys).not.toContain('previousVersion');
  });

  test('of an update names the previous version', async () => {
    const lambda = await start(task);
    const deployment = {
      id: 'x',
      isFirstDeploy: false,
      previousVersion: '1.2.3',
      environment: 'production',
      version: '1.2.4',
    };
    const { result } = await lambda.run(invokeEvent({ deployment }));
    expect(result).toMatchObject({
      data: { ctx: { deployment: { isFirstDeploy: false, previousVersion: '1.2.3', environment: 'production' } } },
    });
  });

  test('is never made up: an event of somebody else fails before the task runs', async () => {
    const lambda = await start(`export const run = async () => { console.log('ran'); ${OK} };`);
    const invocation = await lambda.invoke({ key1: 'value1' });
    expect(invocation).toMatchObject({
      answer: {
        status: 'SYSTEM_FAILURE',
        error: { message: expect.stringContaining('does not come from a deployment') },
      },
    });
    expect(lambda.log()).not.toContain('ran');
  });
});

describe('what run returns', () => {
  test('a TaskResult is answered as it is', async () => {
    const envelope = await run(
      `export const run = async () => ({ success: true, message: 'Applied 5', data: { count: 5, at: new Date(0) } });`,
    );
    expect(envelope).toEqual({
      lumo: 1,
      task: 'demo',
      status: 'COMPLETED',
      result: { success: true, message: 'Applied 5', data: { count: 5, at: '1970-01-01T00:00:00.000Z' } },
      logs: [],
      droppedLines: 0,
    });
  });

  test('success: false fails with its own message and no error', async () => {
    const envelope = await run(`export const run = async () => ({ success: false, message: 'no', data: { a: 1 } });`);
    expect(envelope).toMatchObject({ status: 'FAILED', result: { success: false, message: 'no', data: { a: 1 } } });
    expect(envelope.error).toBeUndefined();
  });

  test.each([
    ['undefined', 'run returned no TaskResult but undefined;'],
    ['null', 'run returned no TaskResult but null;'],
    ['"done"', "run returned no TaskResult but a string: 'done';"],
    ['[1]', 'run returned no TaskResult but an array;'],
    ['42n', 'run returned no TaskResult but a bigint: 42n;'],
    ['{}', 'run returned no TaskResult: success is missing, message is missing;'],
    ['{ success: "yes", message: 1 }', "success is a string ('yes'), message is a number (1);"],
    ['{ success: true, message: "x", data: [1] }', 'data is an array;'],
    ['{ success: true, message: "x", data: null }', 'data is null;'],
    ['{ get success() { throw new Error("trap") } }', 'what run returned cannot be read'],
  ])('%s is no TaskResult', async (value, message) => {
    const envelope = await run(`export const run = async () => (${value});`);
    expect(envelope).toMatchObject({ status: 'FAILED', error: { message: expect.stringContaining(message) } });
    expect(envelope.result).toBeUndefined();
  });

  test.each([
    ['{ total: 1n }', 'data.total is a BigInt (1)'],
    ['(() => { const a = { b: {} }; a.b.a = a; return a; })()', 'data.b.a refers back'],
    ['{ rows: [{ toJSON() { throw new Error("no json") } }] }', 'data.rows[0]: no json'],
    ['{ toJSON() { return 5 } }', 'something else than an object'],
  ])('data that is no JSON fails with the place, and keeps the message: %s', async (data, problem) => {
    const envelope = await run(
      `export const run = async () => ({ success: true, message: 'Applied', data: ${data} });`,
    );
    expect(envelope).toMatchObject({
      status: 'FAILED',
      result: { success: true, message: 'Applied' },
      error: { name: 'ResultNotSerializable', message: expect.stringContaining(problem) },
    });
  });

  test('a result over 6 MB loses its data, and says so', async () => {
    const envelope = await run(
      `export const run = async () => ({ success: true, message: 'big', data: { text: '\\u00e9'.repeat(4_000_000) } });`,
    );
    expect(envelope).toMatchObject({ status: 'COMPLETED', result: { success: true, message: 'big' } });
    expect(envelope.warnings).toEqual([expect.stringContaining('was cut: it has 8000')]);
  });

  test('a message over 6 MB is cut, and the logs still fit beside it', async () => {
    const envelope = await run(`export const run = async () => {
      for (let i = 0; i < 40_000; i++) console.log('\\u0001'.repeat(40));
      return { success: true, message: '\\u0001'.repeat(7_000_000) };
    };`);
    expect(envelope.status).toBe('COMPLETED');
    expect(Buffer.byteLength(JSON.stringify(envelope))).toBeLessThan(6_291_556);
  });

  test('a run that is not async, and one of CommonJS, are the same', async () => {
    expect(await run(`export function run() { ${OK} }`)).toMatchObject({ status: 'COMPLETED' });
    expect(await run(`module.exports = { run() { ${OK} } };`, { file: 'task.cjs' })).toMatchObject({
      status: 'COMPLETED',
    });
    expect(await run(`exports.run = async () => { ${OK} };`, { file: 'task.cjs' })).toMatchObject({
      status: 'COMPLETED',
    });
  });

  test('a file without run says so', async () => {
    expect(await run('export const run = 5;')).toMatchObject({
      status: 'SYSTEM_FAILURE',
      error: { message: expect.stringContaining('holds no task "demo"') },
    });
  });
});

describe('what run throws', () => {
  test('an error keeps its name, its stack and the chain of its causes', async () => {
    const { error } = await run(`
      class MigrationError extends Error { name = 'MigrationError'; }
      export const run = async () => {
        try { JSON.parse('{'); } catch (cause) {
          throw new MigrationError('004.sql', { cause: new Error('bad json', { cause }) });
        }
      };`);
    expect(error).toMatchObject({
      name: 'MigrationError',
      message: '004.sql',
      stack: expect.stringContaining('index.mjs'),
      cause: { name: 'Error', message: 'bad json', cause: { name: 'SyntaxError' } },
    });
  });

  test('an AggregateError says what its errors say', async () => {
    const { error } = await run(
      `export const run = () => Promise.any([Promise.reject(new TypeError('a')), Promise.reject('b')]);`,
    );
    expect(error).toMatchObject({
      name: 'AggregateError',
      message: 'All promises were rejected: a; b',
      cause: { name: 'TypeError', message: 'a' },
    });
  });

  test.each([
    ['"boom"', 'a string was thrown instead of an Error: boom'],
    ['undefined', 'undefined was thrown'],
    ['{ code: 7 }', 'an object was thrown instead of an Error: { code: 7 }'],
    ['new Proxy({}, { get() { throw new Error("trap") } })', ''],
  ])('throw %s', async (value, message) => {
    const envelope = await run(`export const run = async () => { throw ${value}; };`);
    expect(envelope).toMatchObject({ status: 'FAILED', error: { message: expect.stringContaining(message) } });
  });

  test('causes in a circle end', async () => {
    const { error } = await run(
      `export const run = async () => { const a = new Error('a'); a.cause = new Error('b', { cause: a }); throw a; };`,
    );
    expect(error).toMatchObject({ message: 'a', cause: { message: 'b' } });
    expect(error?.cause?.cause).toBeUndefined();
  });

  test('a getter that throws cannot hide the failure', async () => {
    const envelope = await run(
      `export const run = async () => { throw Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('trap') } }); };`,
    );
    expect(envelope).toMatchObject({ status: 'FAILED', error: { message: expect.stringContaining('cannot be read') } });
  });
});

describe('what does not end by itself', () => {
  test.each([
    ['an async run', 'export const run = async () => { await new Promise(() => {}); };'],
    ['a plain run', 'export const run = () => new Promise(() => {});'],
    ['a thenable', 'export const run = () => ({ then() {} });'],
  ])('%s that never settles fails, and the sandbox lives on', async (_, task) => {
    const lambda = await start(task);
    expect(await lambda.run()).toMatchObject({
      status: 'FAILED',
      error: { message: expect.stringContaining('never settled') },
    });
    expect(await lambda.run()).toMatchObject({ status: 'FAILED' });
  });

  test.each([
    [
      'an uncaught exception',
      `setTimeout(() => { throw new RangeError('late') }); await new Promise((r) => setTimeout(r, 1000));`,
    ],
    [
      'an unhandled rejection',
      `Promise.reject(new RangeError('late')); await new Promise((r) => setTimeout(r, 1000));`,
    ],
    ['a rejection nobody awaits although run returns', `Promise.reject(new RangeError('late'));`],
  ])('%s ends the process with a marked line', async (_, body) => {
    const lambda = await start(`export const run = async () => { console.log('before'); ${body} ${OK} };`);
    expect(await lambda.invoke()).toEqual({ exitCode: 1 });
    const line = lambda
      .log()
      .split('\n')
      .find((text) => text.startsWith('LUMO-ENVELOPE '));
    expect(JSON.parse(line?.slice('LUMO-ENVELOPE '.length) ?? '')).toMatchObject({
      lumo: 1,
      task: 'demo',
      status: 'FAILED',
      error: { name: 'RangeError', message: 'late' },
    });
  });

  test('the marked line has at most 2 KB', async () => {
    const lambda = await start(`export const run = async () => {
      process.stdout.write('unfinished line');
      let error = new Error('\\u00e9'.repeat(5000));
      for (let i = 0; i < 5; i++) error = new Error('\\u0001'.repeat(5000), { cause: error });
      setTimeout(() => { throw error });
      await new Promise((r) => setTimeout(r, 1000));
    };`);
    await lambda.invoke();
    const line =
      lambda
        .log()
        .split('\n')
        .find((text) => text.startsWith('LUMO-ENVELOPE ')) ?? '';
    expect(line.length).toBeGreaterThan(100);
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(2048);
  });

  test('process.exit is not hidden', async () => {
    const lambda = await start('export const run = async () => { process.exit(3); };');
    expect(await lambda.invoke()).toEqual({ exitCode: 3 });
  });
});

describe('output', () => {
  test('of console and of both streams is captured in numbered lines, and reaches the log too', async () => {
    const lambda = await start(`
      console.log('while loading');
      export const run = async () => {
        console.log('%s rows', 5, { a: 1 });
        console.error('two\\nlines');
        process.stderr.write('par');
        process.stdout.write(Buffer.from([0xc3]));
        process.stdout.write(Buffer.from([0xa9, 0x0d, 0x0a]));
        process.stderr.write('tial');
        console.table([{ x: 1 }]);
        ${OK}
      };`);
    const { logs, droppedLines } = await lambda.run();
    expect(droppedLines).toBe(0);
    expect(logs.map(({ number }) => number)).toEqual(logs.map((_, index) => index + 1));
    expect(logs.map(({ stream, text }) => `${stream} ${text}`)).toEqual([
      'stdout while loading',
      'stdout 5 rows { a: 1 }',
      'stderr two',
      'stderr lines',
      'stdout é',
      ...logs.slice(5, -1).map(({ text }) => `stdout ${text}`),
      'stderr partial',
    ]);
    expect(logs.filter(({ text }) => text.includes('│'))).toHaveLength(2);
    expect(lambda.log()).toMatch(/\trequest-1\tINFO\t5 rows \{ a: 1 \}\n/);
    expect(lambda.log()).toContain('é\r\n');
  });

  test('that arises while something is printed is counted once', async () => {
    const { logs } = await run(`
      const nosy = { [Symbol.for('nodejs.util.inspect.custom')]() { console.log('looked at'); return 'nosy'; } };
      export const run = async () => { console.log(nosy); ${OK} };`);
    expect(logs.map(({ text }) => text)).toEqual(['looked at', 'nosy']);
  });

  test('of an earlier attempt does not show up in a later one', async () => {
    const lambda = await start(`
      let count = 0;
      export const run = async () => {
        count += 1;
        const mine = count;
        console.log('attempt ' + mine);
        setTimeout(() => console.log('left over from ' + mine), 50);
        await new Promise((r) => setTimeout(r, mine === 1 ? 0 : 200));
        ${OK}
      };`);
    expect((await lambda.run()).logs).toEqual([{ number: 1, stream: 'stdout', text: 'attempt 1' }]);
    expect((await lambda.run()).logs.map(({ text }) => text)).toEqual(['attempt 2', 'left over from 2']);
    expect(lambda.log()).toContain('left over from 1');
  });

  test('is cut at the front, and a long line at its end', async () => {
    const lambda = await start(`export const run = async () => {
      process.stdout.write('y'.repeat(1_000_000) + '\\n');
      for (let i = 1; i <= 20_000; i++) process.stdout.write('line ' + i + ' ' + 'x'.repeat(50) + '\\n');
      ${OK}
    };`);
    const { logs, droppedLines } = await lambda.run();
    expect(droppedLines + logs.length).toBe(20_001);
    expect(logs.at(-1)).toMatchObject({ number: 20_001, text: expect.stringContaining('line 20000 ') });
    expect(logs[0]?.number).toBe(droppedLines + 1);
    expect(Buffer.byteLength(logs.map(({ text }) => text).join(''))).toBeLessThan(256 * 1024);

    const long = await run(`export const run = async () => { process.stdout.write('y'.repeat(1_000_000)); ${OK} };`);
    expect(long.logs).toHaveLength(1);
    expect(long.logs[0]?.text).toMatch(/^y{16384}… \(983616 more characters\)$/);
  });
});
