import { readdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { BUCKET, type Cloud, clients, createFunction, invoke, isAlive, startCloud, zip } from './harness.ts';

let cloud: Cloud;
beforeAll(async () => {
  process.env.SECRET_OF_THE_HOST = 'must not reach a task';
  cloud = await startCloud();
});

async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100 && isAlive(pid); tries++) await delay(10);
  return !isAlive(pid);
}

describe('a handler that answers', () => {
  it('is logged as Lambda logs it, and runs warm the second time', async () => {
    await createFunction(
      cloud,
      'hello',
      `console.log('init');
       let calls = 0;
       export const handler = async (event, context) => {
         console.log('hello ' + event.name);
         process.stderr.write('to stderr\\n');
         return { name: event.name, calls: ++calls, pid: process.pid, left: context.getRemainingTimeInMillis(), id: context.awsRequestId };
       };`,
    );
    const first = await invoke(cloud, 'hello', { name: 'world' });
    const id = first.requestId;
    expect(first.error).toBeUndefined();
    expect(first.value).toMatchObject({ name: 'world', calls: 1, id });
    expect((first.value as { left: number }).left).toSatisfy((left: number) => left > 8_000 && left <= 10_000);
    expect(first.version).toBe('$LATEST');
    const lines = first.log.trimEnd().split('\n');
    expect(lines[0]).toMatch(/\tINFO\tinit$/);
    expect(lines[1]).toBe(`START RequestId: ${id} Version: $LATEST`);
    expect(lines[2]).toMatch(new RegExp(`^\\d{4}-.*Z\\t${id}\\tINFO\\thello world$`));
    expect(lines[3]).toBe('to stderr');
    expect(lines[4]).toBe(`END RequestId: ${id}`);
    expect(lines[5]).toMatch(
      new RegExp(
        `^REPORT RequestId: ${id}\\tDuration: \\d+\\.\\d\\d ms\\tBilled Duration: \\d+ ms\\tMemory Size: 512 MB\\tMax Memory Used: \\d+ MB\\tInit Duration: \\d+\\.\\d\\d ms$`,
      ),
    );
    const second = await invoke(cloud, 'hello', { name: 'again' });
    expect(second.value).toMatchObject({ calls: 2, pid: (first.value as { pid: number }).pid });
    expect(second.log).not.toContain('Init Duration');
  });

  it('has the environment of Lambda and nothing of the host', async () => {
    await createFunction(
      cloud,
      'environment',
      'export const handler = async () => ({ ...process.env, cwd: process.cwd() });',
      {
        Environment: { Variables: { STAGE: 'test' } },
        MemorySize: 256,
      },
    );
    const { value } = await invoke(cloud, 'environment');
    const env = value as Record<string, string>;
    expect(env).toMatchObject({
      STAGE: 'test',
      AWS_REGION: 'eu-central-1',
      AWS_LAMBDA_FUNCTION_NAME: 'environment',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_ENDPOINT_URL: cloud.aws.endpoint,
      AWS_SECRET_ACCESS_KEY: 'local',
      _HANDLER: 'index.handler',
    });
    expect(env.cwd).toBe(env.LAMBDA_TASK_ROOT);
    expect(env.TMPDIR).not.toBe(os.tmpdir());
    expect(Object.keys(env).filter((name) => name.includes('HOST') || name.includes('VITEST'))).toEqual([]);
    expect(env.HOME).not.toBe(os.homedir());
  });

  it('finds its files read-only, with the permissions others have', async () => {
    const source = `import { statSync, readFileSync } from 'node:fs';
      export const handler = async () => Object.fromEntries(['.', 'index.mjs', 'bin/tool', 'private', 'data'].map(
        (name) => [name, (statSync(name).mode & 0o777).toString(8)]));`;
    const code = zip([
      { name: 'index.mjs', data: source },
      { name: 'bin/tool', data: '#!', mode: 0o100755 },
      { name: 'private', data: 'x', mode: 0o100600 },
      { name: 'data/', data: '', mode: 0o40755 },
    ]);
    await createFunction(cloud, 'modes', code);
    const { value } = await invoke(cloud, 'modes');
    expect(value).toEqual({ '.': '555', 'index.mjs': '444', 'bin/tool': '555', private: '0', data: '555' });
  });

  it('gets a sandbox of its own when it is invoked at the same time', async () => {
    const source = `export const handler = async () => { await new Promise((done) => setTimeout(done, 300)); return process.env.TMPDIR; };`;
    await createFunction(cloud, 'parallel', source);
    const answers = await Promise.all([1, 2, 3].map(() => invoke(cloud, 'parallel')));
    expect(new Set(answers.map(({ value }) => value)).size).toBe(3);
  });

  it('gets the client context, and an empty payload as an empty object', async () => {
    await createFunction(
      cloud,
      'context',
      'export const handler = async (event, context) => [event, context.clientContext];',
    );
    const ClientContext = Buffer.from('{"custom":{"a":1}}').toString('base64');
    const answer = await cloud.lambda.send(new InvokeCommand({ FunctionName: 'context', ClientContext }));
    expect(JSON.parse(answer.Payload?.transformToString() ?? '')).toEqual([{}, { custom: { a: 1 } }]);
    expect(answer.LogResult).toBeUndefined();
  });

  it('answers the last 4 KB of a long log, in order', async () => {
    const source = `export const handler = async () => { for (let i = 0; i < 20000; i++) process.stdout.write('line ' + i + '\\n'); };`;
    await createFunction(cloud, 'loud', source);
    const { value, log } = await invoke(cloud, 'loud');
    expect(value).toBeNull();
    expect(Buffer.byteLength(log)).toBe(4096);
    expect(log).toMatch(/\nline 19998\nline 19999\nEND RequestId/);
  });
});

describe('a handler that fails', () => {
  it('by throwing: the error as the runtime client formats it, and the sandbox stays', async () => {
    const source = `export const handler = async () => { throw new TypeError('broken ' + process.pid); };`;
    await createFunction(cloud, 'throws', source);
    const first = await invoke(cloud, 'throws');
    expect(first.error).toMatchObject({ errorType: 'TypeError', errorMessage: expect.stringMatching(/^broken \d+$/) });
    expect(first.error?.trace?.[0]).toBe(`TypeError: ${first.error?.errorMessage}`);
    expect(first.log).toContain('\tERROR\tInvoke Error \t{"errorType":"TypeError"');
    expect((await invoke(cloud, 'throws')).error?.errorMessage).toBe(first.error?.errorMessage);
  });

  it.each([
    ['exits-0', 'process.exit(0)', 'Runtime exited without providing a reason'],
    ['exits-3', 'process.exit(3)', 'Runtime exited with error: exit status 3'],
    [
      'rejects',
      'Promise.reject(new Error("nobody listens")); await new Promise(() => setInterval(() => {}, 1000))',
      'Runtime exited with error: exit status 1',
    ],
    ['never-settles', 'await new Promise(() => {})', 'Runtime exited without providing a reason'],
    ['aborts', 'process.abort()', 'Runtime exited with error: signal: aborted'],
  ])('%s: a runtime that ends with an invocation in flight', async (name, body, message) => {
    await createFunction(cloud, name, `export const handler = async () => { console.log('before'); ${body}; };`);
    const { error, log, requestId } = await invoke(cloud, name);
    expect(error).toEqual({
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: ${requestId} Error: ${message}`,
    });
    expect(log).toContain('\tbefore\n');
    expect(log).toMatch(/\tStatus: error\tError Type: Runtime\.ExitError\t\n$/);
  });

  it.each([
    ['init-throws', 'throw new RangeError("at import");', 'RangeError'],
    ['no-handler', 'export const other = 1;', 'Runtime.HandlerNotFound'],
    ['bad-syntax', 'export const handler = async () => {', 'Runtime.UserCodeSyntaxError'],
    [
      'callback',
      'export const handler = (event, context, callback) => callback(null, 1);',
      'Runtime.CallbackHandlerDeprecated',
    ],
    ['init-exits', 'process.exit(4);', 'Runtime.ExitError'],
  ])('%s: an init phase that fails', async (name, source, type) => {
    await createFunction(cloud, name, source);
    expect((await invoke(cloud, name)).error?.errorType).toBe(type);
  });

  it('by taking too long: answered as timed out, and its grandchildren die with it', async () => {
    const source = `import { spawn } from 'node:child_process';
      export const handler = async () => {
        const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
        console.log('grandchild=' + child.pid);
        await new Promise(() => setInterval(() => {}, 1000));
      };`;
    await createFunction(cloud, 'slow', source, { Timeout: 1 });
    const { error, log, requestId } = await invoke(cloud, 'slow');
    expect(error).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: `RequestId: ${requestId} Error: Task timed out after 1.00 seconds`,
    });
    expect(log).toContain(`${requestId} Task timed out after 1.00 seconds\n\nEND`);
    expect(log).toMatch(/\tDuration: 1000\.00 ms\t.*\tStatus: timeout\t\n$/);
    expect(await isGone(Number(/grandchild=(\d+)/.exec(log)?.[1]))).toBe(true);
  });

  it('by never giving the processor back: killed all the same', async () => {
    await createFunction(cloud, 'busy', 'export const handler = async () => { for (;;); };', { Timeout: 1 });
    expect((await invoke(cloud, 'busy')).error?.errorType).toBe('Sandbox.Timedout');
  });

  it('by using more memory than it has', async () => {
    const source = `export const handler = async () => {
      const kept = [];
      for (;;) { kept.push(Buffer.alloc(4 * 1024 * 1024, 1)); await new Promise((done) => setTimeout(done, 10)); }
    };`;
    await createFunction(cloud, 'greedy', source, { MemorySize: 128 });
    const { error, log } = await invoke(cloud, 'greedy');
    expect(error?.errorMessage).toMatch(/Runtime exited with error: signal: killed$/);
    expect(log).toMatch(/\tMax Memory Used: 128 MB\t/);
  });

  it('by memory of its child processes', async () => {
    const source = `import { execFileSync } from 'node:child_process';
      export const handler = async () => String(execFileSync(process.execPath,
        ['-e', 'globalThis.kept = Buffer.alloc(200 * 1024 * 1024, 1); setTimeout(() => {}, 3000)']));`;
    await createFunction(cloud, 'greedy-child', source, { MemorySize: 192 });
    expect((await invoke(cloud, 'greedy-child')).error?.errorMessage).toMatch(/signal: killed$/);
  });

  it('by an answer that is too large', async () => {
    await createFunction(cloud, 'verbose', 'export const handler = async (event) => "x".repeat(event.size - 2);');
    expect((await invoke(cloud, 'verbose', { size: 6_291_556 })).error).toBeUndefined();
    expect((await invoke(cloud, 'verbose', { size: 6_291_557 })).error).toEqual({
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: 'Response payload size (6291557 bytes) exceeded maximum allowed payload size (6291556 bytes).',
    });
  });
});

it('starts a slow init phase again, as part of the invocation', async () => {
  const impatient = await startCloud({ timing: { pendingMs: 0, updateMs: 0, initMs: 1_500 } });
  const source = `import { appendFileSync, readFileSync } from 'node:fs';
    appendFileSync(process.env.MARKS, 'init\\n');
    if (readFileSync(process.env.MARKS, 'utf8') === 'init\\n') await new Promise(() => setInterval(() => {}, 1000));
    export const handler = async () => readFileSync(process.env.MARKS, 'utf8');`;
  await createFunction(impatient, 'slow-init', source, {
    Environment: { Variables: { MARKS: `${impatient.stateDir}/marks` } },
  });
  const { value } = await invoke(impatient, 'slow-init');
  expect(value).toBe('init\ninit\n');
});

describe('invocation types', () => {
  it('DryRun runs nothing', async () => {
    await createFunction(cloud, 'dry', 'export const handler = async () => { throw new Error("ran"); };');
    const answer = await cloud.lambda.send(new InvokeCommand({ FunctionName: 'dry', InvocationType: 'DryRun' }));
    expect(answer.StatusCode).toBe(204);
  });

  it('Event answers at once and tries a failing event twice more', async () => {
    const events = await startCloud({ timing: { pendingMs: 0, updateMs: 0, asyncRetryMs: 20 } });
    const source = `import { appendFileSync } from 'node:fs';
      export const handler = async (event, context) => { appendFileSync(process.env.MARKS, context.awsRequestId + '\\n'); throw new Error('no'); };`;
    const marks = `${events.stateDir}/marks`;
    await createFunction(events, 'event', source, { Environment: { Variables: { MARKS: marks } } });
    const answer = await events.lambda.send(
      new InvokeCommand({ FunctionName: 'event', InvocationType: 'Event', Payload: '{}' }),
    );
    expect(answer.StatusCode).toBe(202);
    await expect.poll(() => readFile(marks, 'utf8').catch(() => '')).toBe(`${answer.$metadata.requestId}\n`.repeat(3));
    await delay(150);
    expect(await readFile(marks, 'utf8')).toBe(`${answer.$metadata.requestId}\n`.repeat(3));
  });
});

it('lets a task reach S3 and SSM of the same server', async () => {
  const own = await startCloud({ secrets: { 'db-password': 'hunter22' } });
  // The requests the SDK's clients make, by hand: a package of the whole SDK would slow the test down.
  const source = `export const handler = async () => {
    const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=local/20260101/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=x' };
    await fetch(process.env.AWS_ENDPOINT_URL + '/${BUCKET}/from-task', { method: 'PUT', body: 'written', headers: signed });
    const get = async (name) => (await fetch(process.env.AWS_ENDPOINT_URL, { method: 'POST',
      headers: { 'x-amz-target': 'AmazonSSM.GetParameter', 'content-type': 'application/x-amz-json-1.1' },
      body: JSON.stringify({ Name: '/shop/dev/' + name, WithDecryption: true }) })).json();
    return [(await get('db-password')).Parameter.Value, (await get('toString')).__type];
  };`;
  await createFunction(own, 'uses-aws', source);
  expect((await invoke(own, 'uses-aws')).value).toEqual(['hunter22', 'ParameterNotFound']);
  const stored = await own.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'from-task' }));
  expect(await stored.Body?.transformToString()).toBe('written');
});

it('ends every process and removes every sandbox when it is closed', async () => {
  const own = await startCloud();
  const source = `export const handler = async (event) => {
    if (event.hang) { await fetch(process.env.AWS_ENDPOINT_URL + '/hanging/' + process.pid + '?list-type=2'); await new Promise(() => setInterval(() => {}, 1000)); }
    return { pid: process.pid, root: process.cwd() };
  };`;
  await createFunction(own, 'closing', source);
  const warm = (await invoke(own, 'closing')).value as { pid: number; root: string };
  const hanging = [invoke(own, 'closing', { hang: true }), invoke(own, 'closing', { hang: true })];
  const outcomes = Promise.allSettled(hanging);
  const pids = (): number[] =>
    own.aws.requests.flatMap(({ resource }) =>
      resource.startsWith('hanging/') ? [Number(resource.split('/')[1])] : [],
    );
  await expect.poll(pids).toHaveLength(2);
  await own.aws.close();
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  for (const pid of [warm.pid, ...pids()]) expect(await isGone(pid)).toBe(true);
  await expect(readdir(warm.root)).rejects.toThrow('ENOENT');
  await expect(invoke(clients(own.aws.endpoint), 'closing')).rejects.toThrow('ECONNREFUSED');
});
