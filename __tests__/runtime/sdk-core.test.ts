import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createWorkshop, type Lambda } from './lambda.ts';

const SECRET = 'pa$$"word\nsecond line 99';

let workshop: Awaited<ReturnType<typeof createWorkshop>>;
let aws: FakeService;
const started: Lambda[] = [];

beforeAll(async () => {
  workshop = await createWorkshop();
  aws = await FakeService.start();
});
afterEach(async () => {
  aws.requests.length = 0;
  aws.answers = [];
  await Promise.all(started.splice(0).map((lambda) => lambda.close()));
});
afterAll(async () => {
  await aws.close();
  await workshop.remove();
});

async function run(body: string, env: Record<string, string> = {}) {
  const lambda = await workshop.start({
    task: `import { defineConfig, env, events, http, response, secrets } from '@lumo-framework/core';
      export const run = async () => { ${body} };`,
    env: {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret-access-key',
      AWS_SESSION_TOKEN: 'session/token==',
      LUMO_PROJECT_NAME: 'shop',
      LUMO_ENVIRONMENT: 'dev',
      AWS_ENDPOINT_URL_SSM: aws.url,
      ...env,
    },
  });
  started.push(lambda);
  return { ...(await lambda.run()), printed: lambda.log() };
}

describe('secrets.getSecret', () => {
  test('reads the parameter of project and environment, signed, once per process', async () => {
    aws.answers = [[200, { Parameter: { Value: 'postgres://db' } }]];
    const { result } = await run(`
      const values = await Promise.all([secrets.getSecret('DB_URL'), secrets.getSecret('DB_URL')]);
      values.push(await secrets.getSecret('DB_URL'));
      return { success: true, message: 'lengths ' + values.map((value) => value.length) };`);
    expect(result).toEqual({ success: true, message: 'lengths 13,13,13' });
    expect(aws.requests).toHaveLength(1);
    const request = aws.requests[0];
    expect(request?.headers['x-amz-target']).toBe('AmazonSSM.GetParameter');
    expect(request?.headers['x-amz-security-token']).toBe('session/token==');
    expect(JSON.parse(request?.body ?? '')).toEqual({ Name: '/shop/dev/DB_URL', WithDecryption: true });
    expect(request?.headers.authorization).toBe(signature(request, 'ssm'));
  });

  test('makes the runtime redact the value wherever it leaves the task', async () => {
    aws.answers = [[200, { Parameter: { Value: SECRET } }]];
    const { result, logs, printed } = await run(`
      const value = await secrets.getSecret('PASSWORD');
      console.log('console', value);
      console.log(JSON.stringify({ value }));
      process.stdout.write('stream ' + value + '\\n');
      process.stderr.write(Buffer.from('bytes ' + encodeURIComponent(value) + '\\n'));
      return { success: true, message: 'm ' + value, data: { ['k' + value]: ['v' + value], n: { deep: value } } };`);
    expect(result).toEqual({
      success: true,
      message: 'm ***',
      data: { 'k***': ['v***'], n: { deep: '***' } },
    });
    const everything = JSON.stringify(logs) + printed;
    expect(logs.map(({ text }) => text)).toEqual(['console ***', '{"value":"***"}', 'stream ***', '***', 'bytes ***']);
    for (const part of ['pa$$', 'second line', 'second%20line']) {
      expect(everything).not.toContain(part);
    }
  });

  test('makes the runtime redact it in errors and in the marked line', async () => {
    aws.answers = [[200, { Parameter: { Value: 'p4ssw0rd-12345' } }]];
    const { error } = await run(`
      const value = await secrets.getSecret('PASSWORD');
      throw new Error('cannot connect with ' + value, { cause: value });`);
    expect(error).toMatchObject({
      message: 'cannot connect with ***',
      cause: { message: expect.stringContaining('***') },
    });
    expect(JSON.stringify(error)).not.toContain('p4ssw0rd');

    aws.answers = [[200, { Parameter: { Value: 'p4ssw0rd-12345' } }]];
    await expect(
      run(`const value = await secrets.getSecret('PASSWORD');
        setTimeout(() => { throw new Error('late ' + value) }); await new Promise((r) => setTimeout(r, 1000));`),
    ).rejects.toThrow(/late \*\*\*/);
  });

  test('leaves short values alone', async () => {
    aws.answers = [[200, { Parameter: { Value: 'true' } }]];
    const { result } = await run(`return { success: true, message: String(await secrets.getSecret('FLAG')) };`);
    expect(result).toMatchObject({ message: 'true' });
  });

  test.each([
    ['ParameterNotFound', 'there is no parameter /shop/dev/X'],
    ['AccessDeniedException', 'Allow it ssm:GetParameter'],
    ['com.amazon#ValidationException', 'ValidationException: said'],
  ])('says what to do about %s', async (type, message) => {
    aws.answers = [[400, { __type: type, message: 'said' }]];
    const { error } = await run(`await secrets.getSecret('X');`);
    expect(error?.message).toContain('the secret "X" cannot be read: ');
    expect(error?.message).toContain(message);
    expect(aws.requests).toHaveLength(1);
  });

  test('tries again when throttled, and after a failure on the next call', async () => {
    aws.answers = [
      [400, { __type: 'ThrottlingException' }],
      [500, 'not json'],
      [400, { __type: 'ParameterNotFound' }],
      [200, { Parameter: { Value: 'value-of-x' } }],
    ];
    const { status } = await run(`
      await secrets.getSecret('X').catch(() => undefined);
      return { success: (await secrets.getSecret('X')).length === 10, message: '' };`);
    expect(status).toBe('COMPLETED');
    expect(aws.requests).toHaveLength(4);
  });

  test('takes AWS_ENDPOINT_URL, and names an endpoint that refuses', async () => {
    aws.answers = [[200, { Parameter: { Value: 'value-of-x' } }]];
    const ok = await run(`return { success: true, message: String((await secrets.getSecret('X')).length) };`, {
      AWS_ENDPOINT_URL_SSM: '',
      AWS_ENDPOINT_URL: aws.url,
    });
    expect(ok.result).toMatchObject({ message: '10' });
    const { error } = await run(`await secrets.getSecret('X');`, { AWS_ENDPOINT_URL_SSM: 'http://127.0.0.1:1' });
    expect(error?.message).toMatch(/127\.0\.0\.1:1 cannot be reached \(.*ECONNREFUSED/);
  });

  test('waits 5 s for a connection and no longer, but longer for an answer', async () => {
    const silent = createTcpServer().listen(0, '127.0.0.1');
    const slow = createServer((_, response) => {
      setTimeout(() => response.end('{"Parameter":{"Value":"late"}}'), 5500);
    }).listen(0, '127.0.0.1');
    await Promise.all([once(silent, 'listening'), once(slow, 'listening')]);
    const url = (scheme: string, server: typeof silent) =>
      `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const task = `return { success: true, message: await secrets.getSecret('X') };`;
    const startedAt = Date.now();
    const failing = run(task, { AWS_ENDPOINT_URL_SSM: url('https', silent) }).then((envelope) => ({
      error: envelope.error,
      after: Date.now() - startedAt,
    }));
    const { result } = await run(task, { AWS_ENDPOINT_URL_SSM: url('http', slow) });
    const { error, after } = await failing;
    silent.close();
    slow.close();
    expect(result).toMatchObject({ message: 'late' });
    expect(error?.message).toContain('no connection within 5 s');
    expect(error?.message).toContain('com.amazonaws.eu-west-1.ssm');
    expect(after).toBeLessThan(9000);
  }, 15_000);

  test('needs project and environment, and can be replaced', async () => {
    expect((await run(`await secrets.getSecret('X');`, { LUMO_ENVIRONMENT: '' })).error?.message).toContain(
      'LUMO_PROJECT_NAME and LUMO_ENVIRONMENT are not set',
    );
    const { result } = await run(`
      secrets.setSecretResolver(async (name) => 'resolved-' + name);
      return { success: true, message: await secrets.getSecret('X') };`);
    expect(result).toMatchObject({ message: '***' });
  });
});

describe('the rest of the framework', () => {
  test('env and defineConfig', async () => {
    const { result } = await run(
      `return { success: true, message: env('A') + env('B', 'b') + env('C', 'c'), data: defineConfig({ projectName: 'x' }) };`,
      { A: 'a', C: '' },
    );
    expect(result).toEqual({ success: true, message: 'abc', data: { projectName: 'x' } });
  });

  test('events.emit puts the event on the bus, and fails when it is not taken', async () => {
    const bus = { EVENT_BUS_NAME: 'shop-dev', AWS_ENDPOINT_URL_EVENTBRIDGE: aws.url };
    const body = `await events.emit('user.created', { id: 1 }); return { success: true, message: '' };`;
    aws.answers = [[200, { FailedEntryCount: 0, Entries: [{ EventId: '1' }] }]];
    expect(await run(body, bus)).toMatchObject({ status: 'COMPLETED' });
    const request = aws.requests[0];
    expect(request?.headers['x-amz-target']).toBe('AWSEvents.PutEvents');
    expect(request?.headers.authorization).toBe(signature(request, 'events'));
    expect(JSON.parse(request?.body ?? '')).toEqual({
      Entries: [{ Source: 'tsc-run', DetailType: 'user.created', Detail: '{"id":1}', EventBusName: 'shop-dev' }],
    });

    aws.answers = [[200, { FailedEntryCount: 1, Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'no' }] }]];
    expect((await run(body, bus)).error?.message).toContain('InternalFailure: no');
    expect(await run(body)).toMatchObject({
      status: 'COMPLETED',
      logs: [{ text: 'Event dispatched user.created { id: 1 }' }],
    });
  });

  test('what is missing bundles, and says so when it is used', async () => {
    expect((await run('return http.STATUS_OK;')).error?.message).toContain(
      'http of @lumo-framework/core is not available',
    );
    expect((await run('return response(200);')).error?.message).toContain('response of @lumo-framework/core');
  });
});

interface ReceivedRequest {
  headers: IncomingHttpHeaders;
  body: string;
}

/** Answers what it is told to, in turn. */
class FakeService {
  readonly requests: ReceivedRequest[] = [];
  answers: [status: number, body: unknown][] = [];
  url = '';
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.requests.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      const [status, body] = this.answers.shift() ?? [400, { __type: 'Unexpected' }];
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });

  static async start(): Promise<FakeService> {
    const service = new FakeService();
    service.server.listen(0, '127.0.0.1');
    await once(service.server, 'listening');
    service.url = `http://127.0.0.1:${(service.server.address() as AddressInfo).port}`;
    return service;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** The Authorization header that Signature Version 4 prescribes for the request. */
function signature(request: ReceivedRequest | undefined, service: string): string {
  const { headers, body } = request ?? { headers: {}, body: '' };
  const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
  const date = String(headers['x-amz-date']);
  const scope = `${date.slice(0, 8)}/eu-west-1/${service}/aws4_request`;
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const canonical = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const toSign = sha256(['POST', '/', '', canonical.join(''), names, sha256(body)].join('\n'));
  const key = ['eu-west-1', service, 'aws4_request'].reduce(hmac, hmac('AWS4secret-access-key', date.slice(0, 8)));
  const signed = hmac(key, ['AWS4-HMAC-SHA256', date, scope, toSign].join('\n')).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${names}, Signature=${signed}`;
}
