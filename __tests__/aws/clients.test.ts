import { readFileSync } from 'node:fs';
import { GetFunctionCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClients } from '../../src/aws/clients.ts';
import { awsError } from '../../src/aws/errors.ts';
import { refuse, serve, type TestServer } from './helpers.ts';

const CALL = { action: 'lambda:InvokeFunction', resource: '*' };
const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

let server: TestServer;
beforeEach(async () => {
  server = await serve((request, response) => {
    if (request.url?.includes('reset')) request.socket.destroy();
    else if (request.url?.includes('broken')) refuse(response, 500, 'ServiceException', 'broken');
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

test.each(['reset', 'broken'])(
  'Invoke is sent once, also when it fails (%s) and AWS_MAX_ATTEMPTS says otherwise',
  async (name) => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '5');
    const clients = createClients({ region: 'eu-west-1', endpoint: server.url, credentials: KEYS, env: {} });
    await expect(clients.invoker.send(new InvokeCommand({ FunctionName: name }))).rejects.toThrow();
    await expect(clients.lambda.send(new GetFunctionCommand({ FunctionName: name }))).rejects.toThrow();
    clients.close();
    expect(server.requests).toHaveLength(2);
  },
);

test('Invoke waits longer than any function runs, and throws when even that has passed', async () => {
  const clients = createClients({ region: 'eu-west-1', endpoint: server.url, credentials: KEYS, env: {} });
  await clients.invoker.send(new InvokeCommand({ FunctionName: 'warm' }));
  const handler = clients.invoker.config.requestHandler as unknown as { httpHandlerConfigs(): object };
  expect(handler.httpHandlerConfigs()).toMatchObject({
    socketTimeout: 930_000,
    requestTimeout: 930_000,
    throwOnRequestTimeout: true,
    connectionTimeout: 10_000,
  });
  clients.close();
});

/** Field `tr` of https://docs.kernel.org/networking/proc_net_tcp.html: which timer the connection from `port` has. */
function timerOf(port: number): string | undefined {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return lines.find(([, from = '']) => from.endsWith(local))?.[5]?.slice(0, 2);
}

test.runIf(process.platform === 'linux')(
  'the connection of an Invoke is probed while the function is silent',
  async () => {
    const KEEP_ALIVE = '02';
    let timer: string | undefined;
    const silent = await serve((request, response) => {
      // Asked again until the answer to the request has been acknowledged, which has a timer of its own.
      const look = setInterval(() => {
        timer = timerOf(request.socket.remotePort ?? 0);
        if (timer !== KEEP_ALIVE && timer !== undefined && timer !== '00') return;
        clearInterval(look);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      }, 50);
    });
    const clients = createClients({ region: 'eu-west-1', endpoint: silent.url, credentials: KEYS, env: {} });
    await clients.invoker.send(new InvokeCommand({ FunctionName: 'silent' }));
    clients.close();
    await silent.close();
    expect(timer).toBe(KEEP_ALIVE);
  },
);

test('ending one client leaves the requests of the others alone', async () => {
  const slow = await serve((request, response) => {
    const answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    if (request.method === 'GET') setTimeout(answer, 300);
    else answer();
  });
  const clients = createClients({ region: 'eu-west-1', endpoint: slow.url, credentials: KEYS, env: {} });
  const pending = clients.lambda.send(new GetFunctionCommand({ FunctionName: 'slow' }));
  await clients.identity().catch(() => undefined);
  await expect(pending).resolves.toBeDefined();
  clients.close();
  await slow.close();
});

test('a connection that breaks is reported with the host', async () => {
  const clients = createClients({ region: 'eu-west-1', endpoint: server.url, credentials: KEYS, env: {} });
  const error = await clients.invoker.send(new InvokeCommand({ FunctionName: 'reset' })).catch((thrown) => thrown);
  clients.close();
  expect(awsError(error, CALL)).toMatchObject({ code: 'AWS_FAILED', cause: { code: 'ECONNRESET' } });
  expect(awsError(error, CALL).message).toContain('No connection to 127.0.0.1');
});

test('AWS_ENDPOINT_URL_LAMBDA and AWS_ENDPOINT_URL_S3 simply work, S3 with the bucket in the path', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', server.url);
  // Not by its address, for which the SDK puts the bucket into the path by itself.
  vi.stubEnv('AWS_ENDPOINT_URL_S3', `http://localhost:${server.port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  const clients = createClients({ region: 'eu-west-1' });
  await clients.checkCredentials();
  await clients.lambda.send(new GetFunctionCommand({ FunctionName: 'warm' }));
  await clients.s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));
  clients.close();
  expect(server.requests).toEqual(['GET /2015-03-31/functions/warm', 'GET /bucket/key?x-id=GetObject']);
});

describe('without credentials', () => {
  beforeEach(() => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE']) {
      vi.stubEnv(name, undefined);
    }
    for (const name of ['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE']) vi.stubEnv(name, '/nonexistent/aws');
  });

  test('the check says what to do, within seconds', async () => {
    const clients = createClients({ region: 'eu-west-1', endpoint: server.url, env: {} });
    const start = performance.now();
    await expect(clients.checkCredentials()).rejects.toMatchObject({
      code: 'CREDENTIALS_MISSING',
      advice: expect.stringContaining('id-token: write'),
    });
    expect(performance.now() - start).toBeLessThan(6_000);
    clients.close();
  }, 10_000);

  test('a request is not sent, and fails with the same code', async () => {
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    const clients = createClients({ region: 'eu-west-1', endpoint: server.url, env: {} });
    const error = await clients.lambda.send(new GetFunctionCommand({ FunctionName: 'x' })).catch((thrown) => thrown);
    clients.close();
    expect(awsError(error, CALL).code).toBe('CREDENTIALS_MISSING');
    expect(server.requests).toEqual([]);
  });
});
