import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { trustedAuthorities } from './trust.ts';

type Env = Readonly<Record<string, string | undefined>>;
type Connected = (error: Error | null, socket: Duplex) => void;

/** Where a connection goes: the part of Node's agent options that is needed here. */
interface Target {
  host?: string | null | undefined;
  port?: string | number | null | undefined;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Silence until the first probe. Networks forget a connection that is silent for minutes, and functions are. */
const PROBE_AFTER_MS = 30_000;
/** More than tasks can run at a time: an Invoke that waits for a socket would count as sent. */
const MAX_SOCKETS = 128;
const AGENT_OPTIONS = { keepAlive: true, keepAliveMsecs: PROBE_AFTER_MS, maxSockets: MAX_SOCKETS };

/**
 * The agents for SDK clients, which look neither at `https_proxy` nor at `AWS_CA_BUNDLE` by themselves. Node's own
 * `proxyEnv` is not there before 22.21 and 24.5, and the agents of `@actions/http-client` keep no connection.
 */
export function agentsFor(env: Env): { httpAgent: http.Agent; httpsAgent: https.Agent } {
  const trust = trustedAuthorities(env);
  return { httpAgent: new ProxyHttpAgent(env, trust), httpsAgent: new ProxyHttpsAgent(env, trust) };
}

/** The proxy for a request by the rules of the Actions toolkit: lower case first, never for the loopback interface. */
export function proxyFor(protocol: 'http:' | 'https:', host: string, port: number, env: Env): URL | undefined {
  const value = protocol === 'https:' ? env.https_proxy || env.HTTPS_PROXY : env.http_proxy || env.HTTP_PROXY;
  if (!value || isLoopback(host) || isExcluded(host, port, env.no_proxy || env.NO_PROXY || '')) return undefined;
  return new URL(/^https?:\/\//i.test(value) ? value : `http://${value}`);
}

function isLoopback(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[|\]$/g, '');
  return bare === 'localhost' || bare.startsWith('127.') || bare === '::1' || bare === '0:0:0:0:0:0:0:1';
}

function isExcluded(host: string, port: number, noProxy: string): boolean {
  const bare = host.toLowerCase();
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = entry, onlyPort] = /^(.*):(\d+)$/.exec(entry) ?? [];
      if (onlyPort !== undefined && Number(onlyPort) !== port) return false;
      const suffix = name.replace(/^\*?\./, '');
      return bare === suffix || bare.endsWith(`.${suffix}`);
    });
}

type Trust = ReturnType<typeof trustedAuthorities>;

class ProxyHttpAgent extends http.Agent {
  readonly #env: Env;
  readonly #trust: Trust;

  constructor(env: Env, trust: Trust) {
    super(AGENT_OPTIONS);
    this.#env = env;
    this.#trust = trust;
  }

  override createConnection(options: http.ClientRequestArgs, connected?: Connected): Duplex | null | undefined {
    const { host, port } = target(options, 80);
    const proxy = proxyFor('http:', host, port, this.#env);
    if (!proxy || !connected) return super.createConnection(options, connected);
    openTunnel({ proxy, host, port, ...this.#trust }, connected);
    return undefined;
  }
}

class ProxyHttpsAgent extends https.Agent {
  readonly #env: Env;
  readonly #trust: Trust;

  constructor(env: Env, trust: Trust) {
    super({ ...AGENT_OPTIONS, ...trust });
    this.#env = env;
    this.#trust = trust;
  }

  override createConnection(options: https.RequestOptions, connected?: Connected): Duplex | null | undefined {
    const { host, port } = target(options, 443);
    const proxy = proxyFor('https:', host, port, this.#env);
    if (!proxy || !connected) return super.createConnection(options, connected);
    openTunnel({ proxy, host, port, ...this.#trust }, (error, socket) => {
      if (error) return connected(error, socket);
      const secured = super.createConnection({ ...options, socket } as https.RequestOptions);
      connected(null, secured ?? socket);
    });
    return undefined;
  }
}

function target(options: Target, defaultPort: number): { host: string; port: number } {
  return { host: options.host ?? 'localhost', port: Number(options.port ?? defaultPort) };
}

interface Tunnel extends Trust {
  proxy: URL;
  host: string;
  port: number;
}

/** Asks the proxy for a connection to `host:port`. Errors say which proxy it was. */
function openTunnel({ proxy, host, port, ca }: Tunnel, connected: Connected): void {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const failed = (error: Error): void => connected(error, undefined as unknown as Duplex);
  const request = (proxy.protocol === 'https:' ? https : http).request({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...proxyAuthorization(proxy) },
    agent: false,
    ...(ca && { ca }),
    timeout: CONNECT_TIMEOUT_MS,
  });
  request.once('connect', (response, socket: Socket) => {
    if (response.statusCode !== 200) {
      socket.destroy();
      failed(tunnelError(`The proxy ${proxy.host} answered ${response.statusCode} to CONNECT ${authority}`, host));
      return;
    }
    socket.setTimeout(0);
    socket.setKeepAlive(true, PROBE_AFTER_MS);
    connected(null, socket);
  });
  request.once('timeout', () => request.destroy(tunnelError(`The proxy ${proxy.host} does not answer`, host)));
  request.once('error', (error) =>
    failed(Object.assign(error, { hostname: `${host} through the proxy ${proxy.host}` })),
  );
  request.end();
}

function tunnelError(message: string, hostname: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_PROXY_TUNNEL', hostname });
}

function proxyAuthorization(proxy: URL): Record<string, string> {
  if (!proxy.username && !proxy.password) return {};
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` };
}
