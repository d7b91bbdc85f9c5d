import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

type Env = Readonly<Record<string, string | undefined>>;
type Connected = (error: Error | null, socket: Duplex) => void;

/** Where a connection goes: the part of Node's agent options that is needed here. */
interface Target {
  host?: string | null | undefined;
  port?: string | number | null | undefined;
}

const CONNECT_TIMEOUT_MS = 10_000;
const AGENT_OPTIONS = { keepAlive: true, maxSockets: 50 };

/**
 * The agents for SDK clients, which do not look at `https_proxy` by themselves. `undefined` when no proxy is configured.
 * Node's own `proxyEnv` is not there before 22.21 and 24.5, and the agents of `@actions/http-client` keep no connection.
 */
export function proxyAgents(env: Env): { httpAgent: http.Agent; httpsAgent: https.Agent } | undefined {
  const configured = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'].some((name) => env[name]);
  return configured ? { httpAgent: new ProxyHttpAgent(env), httpsAgent: new ProxyHttpsAgent(env) } : undefined;
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

class ProxyHttpAgent extends http.Agent {
  readonly #env: Env;

  constructor(env: Env) {
    super(AGENT_OPTIONS);
    this.#env = env;
  }

  override createConnection(options: http.ClientRequestArgs, connected?: Connected): Duplex | null | undefined {
    const { host, port } = target(options, 80);
    const proxy = proxyFor('http:', host, port, this.#env);
    if (!proxy || !connected) return super.createConnection(options, connected);
    openTunnel(proxy, host, port, (error, socket) => connected(error, socket));
    return undefined;
  }
}

class ProxyHttpsAgent extends https.Agent {
  readonly #env: Env;

  constructor(env: Env) {
    super(AGENT_OPTIONS);
    this.#env = env;
  }

  override createConnection(options: https.RequestOptions, connected?: Connected): Duplex | null | undefined {
    const { host, port } = target(options, 443);
    const proxy = proxyFor('https:', host, port, this.#env);
    if (!proxy || !connected) return super.createConnection(options, connected);
    openTunnel(proxy, host, port, (error, socket) => {
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

/** Asks the proxy for a connection to `host:port`. Errors say which proxy it was. */
function openTunnel(proxy: URL, host: string, port: number, connected: Connected): void {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const failed = (error: Error): void => connected(error, undefined as unknown as Duplex);
  const request = (proxy.protocol === 'https:' ? https : http).request({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...proxyAuthorization(proxy) },
    agent: false,
    timeout: CONNECT_TIMEOUT_MS,
  });
  request.once('connect', (response, socket: Socket) => {
    if (response.statusCode !== 200) {
      socket.destroy();
      failed(tunnelError(`The proxy ${proxy.host} answered ${response.statusCode} to CONNECT ${authority}`, host));
      return;
    }
    socket.setTimeout(0);
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
