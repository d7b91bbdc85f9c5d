import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { promisify } from 'node:util';
import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createClients } from '../../src/aws/clients.ts';
import { proxyFor } from '../../src/aws/proxy.ts';
import { systemClock } from '../../src/clock.ts';
import { invokeFunction } from '../../src/runs/invoke.ts';
import { recordingLog } from './helpers.ts';

const run = promisify(execFile);

let folder: string;
/** A file with a certificate authority that vouches for nothing here. */
let otherAuthority: string;
let proxy: http.Server;
let target: https.Server;
let plainTarget: http.Server;
/** What the proxy was asked for, with the credentials given. */
let tunnels: string[] = [];
/** Paths of the requests that came through to the target. */
let arrived: string[] = [];
let refusing = false;
/** Milliseconds of silence after which the proxy cuts a tunnel. */
let patience = 60_000;

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const listen = (server: Server): Promise<void> => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'proxy-'));
  await run('openssl', [
    ...'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=lambda.test -addext subjectAltName=DNS:lambda.test,DNS:localhost'.split(
      ' ',
    ),
    ...['-keyout', path.join(folder, 'key.pem'), '-out', path.join(folder, 'cert.pem')],
  ]);
  otherAuthority = path.join(folder, 'other.pem');
  await writeFile(otherAuthority, rootCertificates[0] ?? '');
  const tls = {
    key: await readFile(path.join(folder, 'key.pem')),
    cert: await readFile(path.join(folder, 'cert.pem')),
  };
  const answer: http.RequestListener = async (request, response) => {
    arrived.push(request.url ?? '');
    if (request.url?.includes('slow')) await new Promise((resolve) => setTimeout(resolve, 2_000));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"Configuration":{}}');
  };
  target = https.createServer(tls, answer);
  plainTarget = http.createServer(answer);
  proxy = http.createServer();
  proxy.on('connect', (request: http.IncomingMessage, socket, head: Buffer) => {
    const login = request.headers['proxy-authorization']?.split(' ')[1] ?? '';
    tunnels.push(`${request.url} ${Buffer.from(login, 'base64')}`.trim());
    if (refusing) return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const port = Number(request.url?.split(':')[1]);
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
      onward.setTimeout(patience, () => socket.destroy());
    });
    for (const end of [socket, onward]) end.on('error', () => onward.destroy());
  });
  await Promise.all([listen(target), listen(plainTarget), listen(proxy)]);
  await build({
    entryPoints: [path.join(import.meta.dirname, 'proxied-request.ts')],
    outfile: path.join(folder, 'request.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: 'import { createRequire as make } from "node:module"; const require = make(import.meta.url);' },
  });
}, 60_000);

afterAll(async () => {
  for (const server of [proxy, target, plainTarget]) {
    server.closeAllConnections();
    server.close();
  }
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  tunnels = [];
  arrived = [];
  refusing = false;
  patience = 60_000;
});

/** Nothing but the proxy knows where `lambda.test` is. */
async function request(env: Record<string, string>): Promise<string> {
  const { stdout } = await run(process.execPath, [path.join(folder, 'request.mjs')], {
    env: {
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_ENDPOINT_URL_LAMBDA: `https://lambda.test:${portOf(target)}`,
      NODE_EXTRA_CA_CERTS: path.join(folder, 'cert.pem'),
      ...env,
    },
    timeout: 30_000,
  });
  return stdout.trim();
}

describe('requests through a CONNECT proxy', () => {
  test.each(['https_proxy', 'HTTPS_PROXY'])('%s, with credentials and one kept connection', async (name) => {
    expect(await request({ [name]: `http://ci:s%40cret@127.0.0.1:${portOf(proxy)}` })).toBe('answered');
    expect(tunnels).toEqual([`lambda.test:${portOf(target)} ci:s@cret`]);
  });

  test('http_proxy for an endpoint without TLS', async () => {
    const endpoint = `http://lambda.test:${portOf(plainTarget)}`;
    const env = { AWS_ENDPOINT_URL_LAMBDA: endpoint, http_proxy: `127.0.0.1:${portOf(proxy)}` };
    expect(await request(env)).toBe('answered');
    expect(tunnels).toEqual([`lambda.test:${portOf(plainTarget)}`]);
  });

  test('a certificate nobody vouches for is refused', async () => {
    const env = { https_proxy: `http://127.0.0.1:${portOf(proxy)}`, NODE_EXTRA_CA_CERTS: '' };
    expect(await request(env)).toMatch(/^AWS_FAILED No connection to lambda.test .*self.signed certificate/);
  });

  test('AWS_CA_BUNDLE vouches for one, through the proxy and without, besides those Node knows', async () => {
    const trusted = { NODE_EXTRA_CA_CERTS: '', AWS_CA_BUNDLE: path.join(folder, 'cert.pem') };
    expect(await request({ ...trusted, https_proxy: `http://127.0.0.1:${portOf(proxy)}` })).toBe('answered');
    const direct = { AWS_ENDPOINT_URL_LAMBDA: `https://localhost:${portOf(target)}` };
    expect(await request({ ...trusted, ...direct })).toBe('answered');
    expect(await request({ ...direct, AWS_CA_BUNDLE: otherAuthority })).toBe('answered');
    expect(await request({ ...trusted, ...direct, AWS_CA_BUNDLE: otherAuthority })).toMatch(/self.signed certificate/);
    expect(await request({ ...direct, AWS_CA_BUNDLE: '/no/such.pem' })).toMatch(
      /^AWS_FAILED The file that AWS_CA_BUNDLE names cannot be read: \/no\/such\.pem/,
    );
  });

  test('one that cuts silent connections: the Invoke is not sent again, and what it did is unknown', async () => {
    patience = 200;
    const clients = createClients({
      region: 'eu-west-1',
      endpoint: `http://lambda.test:${portOf(plainTarget)}`,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
      env: { http_proxy: `127.0.0.1:${portOf(proxy)}` },
    });
    const outcome = await invokeFunction({
      client: clients.invoker,
      functionName: 'slow',
      qualifier: '1',
      event: async () => ({}),
      timeoutSeconds: 60,
      clock: systemClock,
      log: recordingLog(),
      signal: new AbortController().signal,
      abandon: new AbortController().signal,
    });
    expect(outcome).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('the connection was lost after'),
    });
    expect(arrived).toEqual(['/2015-03-31/functions/slow/invocations?Qualifier=1']);
    // A kept connection that was cut meanwhile is nothing to speak of.
    for (const pause of [0, 400]) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      await clients.lambda.send(new GetFunctionCommand({ FunctionName: 'warm' }));
    }
    clients.close();
  });

  test('a proxy that refuses is named', async () => {
    refusing = true;
    const env = { https_proxy: `http://127.0.0.1:${portOf(proxy)}` };
    expect(await request(env)).toMatch(/^AWS_FAILED .*The proxy 127\.0\.0\.1:\d+ answered 403 to CONNECT lambda\.test/);
  });

  test('a proxy that is not there is named', async () => {
    expect(await request({ https_proxy: 'http://127.0.0.1:1' })).toMatch(
      /^AWS_FAILED No connection to lambda.test through the proxy 127.0.0.1:1 .*ECONNREFUSED/,
    );
  });

  test('no_proxy goes around it', async () => {
    const env = { https_proxy: `http://127.0.0.1:${portOf(proxy)}`, no_proxy: '.test' };
    expect(await request(env)).toMatch(/^AWS_FAILED .*ENOTFOUND|EAI_AGAIN/);
    expect(tunnels).toEqual([]);
  });
});

describe('which proxy', () => {
  const proxied = (host: string, env: Record<string, string>, port = 443): string | undefined =>
    proxyFor('https:', host, port, { https_proxy: 'http://p:3128', ...env })?.host;

  test.each([
    ['lambda.eu-west-1.amazonaws.com', '', 'p:3128'],
    ['localhost', '', undefined],
    ['127.0.0.1', '', undefined],
    ['[::1]', '', undefined],
    ['s3.example.com', 'example.com', undefined],
    ['s3.example.com', '.Example.com, other', undefined],
    ['s3.example.com', '*.example.com', undefined],
    ['badexample.com', 'example.com', 'p:3128'],
    ['anything', '*', undefined],
    ['s3.example.com', 'example.com:8443', 'p:3128'],
    ['s3.example.com', 'example.com:443', undefined],
  ])('%s with no_proxy=%j: %s', (host, noProxy, expected) => {
    expect(proxied(host, { no_proxy: noProxy })).toBe(expected);
  });

  test('each protocol has its own variable', () => {
    expect(proxyFor('http:', 'example.com', 80, { https_proxy: 'http://p:3128' })).toBeUndefined();
    expect(proxyFor('http:', 'example.com', 80, { HTTP_PROXY: 'q:80' })?.hostname).toBe('q');
  });
});
