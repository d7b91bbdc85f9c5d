export const id = 821;
export const ids = [821];
export const modules = {

/***/ 3821:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  createClients: () => (/* binding */ createClients)
});

// EXTERNAL MODULE: ./node_modules/@aws-sdk/client-lambda/dist-cjs/index.js
var dist_cjs = __webpack_require__(1696);
// EXTERNAL MODULE: ./node_modules/@aws-sdk/client-s3/dist-cjs/index.js
var client_s3_dist_cjs = __webpack_require__(3711);
// EXTERNAL MODULE: ./src/aws/endpoint.ts
var aws_endpoint = __webpack_require__(5572);
// EXTERNAL MODULE: ./src/aws/errors.ts
var errors = __webpack_require__(9378);
// EXTERNAL MODULE: external "node:http"
var external_node_http_ = __webpack_require__(7067);
// EXTERNAL MODULE: external "node:https"
var external_node_https_ = __webpack_require__(4708);
;// CONCATENATED MODULE: ./src/aws/proxy.ts


const CONNECT_TIMEOUT_MS = 10_000;
const AGENT_OPTIONS = { keepAlive: true, maxSockets: 50 };
/**
 * The agents for SDK clients, which do not look at `https_proxy` by themselves. `undefined` when no proxy is configured.
 * Node's own `proxyEnv` is not there before 22.21 and 24.5, and the agents of `@actions/http-client` keep no connection.
 */
function proxyAgents(env) {
    const configured = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'].some((name) => env[name]);
    return configured ? { httpAgent: new ProxyHttpAgent(env), httpsAgent: new ProxyHttpsAgent(env) } : undefined;
}
/** The proxy for a request by the rules of the Actions toolkit: lower case first, never for the loopback interface. */
function proxyFor(protocol, host, port, env) {
    const value = protocol === 'https:' ? env.https_proxy || env.HTTPS_PROXY : env.http_proxy || env.HTTP_PROXY;
    if (!value || isLoopback(host) || isExcluded(host, port, env.no_proxy || env.NO_PROXY || ''))
        return undefined;
    return new URL(/^https?:\/\//i.test(value) ? value : `http://${value}`);
}
function isLoopback(host) {
    const bare = host.toLowerCase().replace(/^\[|\]$/g, '');
    return bare === 'localhost' || bare.startsWith('127.') || bare === '::1' || bare === '0:0:0:0:0:0:0:1';
}
function isExcluded(host, port, noProxy) {
    const bare = host.toLowerCase();
    return noProxy
        .split(',')
        .map((entry) => entry.trim().toLowerCase())
        .filter((entry) => entry !== '')
        .some((entry) => {
        if (entry === '*')
            return true;
        const [, name = entry, onlyPort] = /^(.*):(\d+)$/.exec(entry) ?? [];
        if (onlyPort !== undefined && Number(onlyPort) !== port)
            return false;
        const suffix = name.replace(/^\*?\./, '');
        return bare === suffix || bare.endsWith(`.${suffix}`);
    });
}
class ProxyHttpAgent extends external_node_http_.Agent {
    #env;
    constructor(env) {
        super(AGENT_OPTIONS);
        this.#env = env;
    }
    createConnection(options, connected) {
        const { host, port } = target(options, 80);
        const proxy = proxyFor('http:', host, port, this.#env);
        if (!proxy || !connected)
            return super.createConnection(options, connected);
        openTunnel(proxy, host, port, (error, socket) => connected(error, socket));
        return undefined;
    }
}
class ProxyHttpsAgent extends external_node_https_.Agent {
    #env;
    constructor(env) {
        super(AGENT_OPTIONS);
        this.#env = env;
    }
    createConnection(options, connected) {
        const { host, port } = target(options, 443);
        const proxy = proxyFor('https:', host, port, this.#env);
        if (!proxy || !connected)
            return super.createConnection(options, connected);
        openTunnel(proxy, host, port, (error, socket) => {
            if (error)
                return connected(error, socket);
            const secured = super.createConnection({ ...options, socket });
            connected(null, secured ?? socket);
        });
        return undefined;
    }
}
function target(options, defaultPort) {
    return { host: options.host ?? 'localhost', port: Number(options.port ?? defaultPort) };
}
/** Asks the proxy for a connection to `host:port`. Errors say which proxy it was. */
function openTunnel(proxy, host, port, connected) {
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const failed = (error) => connected(error, undefined);
    const request = (proxy.protocol === 'https:' ? external_node_https_ : external_node_http_).request({
        host: proxy.hostname.replace(/^\[|\]$/g, ''),
        port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
        method: 'CONNECT',
        path: authority,
        headers: { host: authority, ...proxyAuthorization(proxy) },
        agent: false,
        timeout: CONNECT_TIMEOUT_MS,
    });
    request.once('connect', (response, socket) => {
        if (response.statusCode !== 200) {
            socket.destroy();
            failed(tunnelError(`The proxy ${proxy.host} answered ${response.statusCode} to CONNECT ${authority}`, host));
            return;
        }
        socket.setTimeout(0);
        connected(null, socket);
    });
    request.once('timeout', () => request.destroy(tunnelError(`The proxy ${proxy.host} does not answer`, host)));
    request.once('error', (error) => failed(Object.assign(error, { hostname: `${host} through the proxy ${proxy.host}` })));
    request.end();
}
function tunnelError(message, hostname) {
    return Object.assign(new Error(message), { code: 'ERR_PROXY_TUNNEL', hostname });
}
function proxyAuthorization(proxy) {
    if (!proxy.username && !proxy.password)
        return {};
    const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    return { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` };
}

;// CONCATENATED MODULE: ./src/aws/clients.ts





/** A synchronous Invoke is silent until the function answers: 900 s, and some for the way. */
const INVOKE_TIMEOUT_MS = 930_000;
const CONNECTION_TIMEOUT_MS = 10_000;
function createClients(options) {
    const { region, endpoint, credentials, env = process.env } = options;
    const agents = proxyAgents(env) ?? {};
    const http = { ...agents, connectionTimeout: CONNECTION_TIMEOUT_MS, throwOnRequestTimeout: true };
    const common = { region, ...(endpoint && { endpoint }), ...(credentials && { credentials }) };
    const lambda = new dist_cjs/* LambdaClient */.Nox({
        ...common,
        maxAttempts: 1,
        // Idle, not in total: 50 MB of code may take minutes over a slow line.
        requestHandler: { ...http, socketTimeout: 60_000 },
    });
    // One chain of providers for all clients, so that it is asked once.
    const shared = { ...common, credentials: lambda.config.credentials };
    const invoker = new dist_cjs/* LambdaClient */.Nox({
        ...shared,
        maxAttempts: 1,
        requestHandler: { ...http, socketTimeout: INVOKE_TIMEOUT_MS, requestTimeout: INVOKE_TIMEOUT_MS },
    });
    const forcePathStyle = endpoint !== undefined || (0,aws_endpoint/* hasOwnS3Endpoint */.A)(env);
    const s3Signer = new client_s3_dist_cjs.S3Client({ ...shared, forcePathStyle, requestChecksumCalculation: 'WHEN_REQUIRED' });
    const s3 = new client_s3_dist_cjs.S3Client({
        ...shared,
        followRegionRedirects: true,
        forcePathStyle,
        requestHandler: { ...http, socketTimeout: 60_000 },
    });
    for (const client of [lambda, invoker])
        nameHostInErrors(client);
    nameHostInErrors(s3);
    return {
        region,
        lambda,
        invoker,
        s3,
        s3Signer,
        async checkCredentials() {
            try {
                await lambda.config.credentials();
            }
            catch (error) {
                throw (0,errors/* credentialsMissing */.$U)(error instanceof Error ? error.message : String(error), error);
            }
        },
        async identity() {
            const { STSClient, GetCallerIdentityCommand } = await __webpack_require__.e(/* import() */ 76).then(__webpack_require__.t.bind(__webpack_require__, 4076, 19));
            const sts = new STSClient({ ...shared, requestHandler: { ...http, requestTimeout: 30_000 } });
            nameHostInErrors(sts);
            try {
                const { Account = '', Arn = '' } = await sts.send(new GetCallerIdentityCommand({}));
                return { account: Account, arn: Arn };
            }
            catch (error) {
                throw (0,errors/* awsError */.es)(error, { action: 'sts:GetCallerIdentity', resource: '*' });
            }
            finally {
                sts.destroy();
            }
        },
        close() {
            for (const client of [lambda, invoker, s3, s3Signer])
                client.destroy();
        },
    };
}
/** Network errors such as "socket hang up" do not say where: `hostname`, as Node's own look-up errors have it. */
function nameHostInErrors(client) {
    client.middlewareStack.add((next) => async (args) => {
        try {
            return await next(args);
        }
        catch (error) {
            const hostname = args.request?.hostname;
            if (error instanceof Error && hostname && !('hostname' in error))
                Object.assign(error, { hostname });
            throw error;
        }
    }, { step: 'finalizeRequest', name: 'nameHostInErrors', priority: 'low' });
}


/***/ })

};
