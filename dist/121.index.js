export const id = 121;
export const ids = [121];
export const modules = {

/***/ 9121:
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
// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(3024);
// EXTERNAL MODULE: external "node:tls"
var external_node_tls_ = __webpack_require__(1692);
// EXTERNAL MODULE: ./src/errors.ts
var src_errors = __webpack_require__(3916);
;// CONCATENATED MODULE: ./src/aws/trust.ts



/**
 * The certificate authorities for connections to AWS, as an option of TLS: those of `AWS_CA_BUNDLE` besides Node's own
 * and `NODE_EXTRA_CA_CERTS`. Nothing without the variable. Throws `AWS_FAILED` when its file cannot be read.
 */
function trustedAuthorities(env) {
    const bundle = env.AWS_CA_BUNDLE;
    return bundle ? { ca: [...nodeAuthorities(env), read('AWS_CA_BUNDLE', bundle)] } : {};
}
/** `tls.getCACertificates` is not there before Node 22.15 and 24. */
function nodeAuthorities(env) {
    const { getCACertificates } = external_node_tls_;
    if (getCACertificates !== undefined)
        return getCACertificates('default');
    const extra = env.NODE_EXTRA_CA_CERTS;
    return [...external_node_tls_.rootCertificates, ...(extra ? [read('NODE_EXTRA_CA_CERTS', extra)] : [])];
}
function read(variable, file) {
    try {
        return (0,external_node_fs_.readFileSync)(file, 'utf8');
    }
    catch (cause) {
        throw new src_errors/* ActionError */.lZ('AWS_FAILED', `The file that ${variable} names cannot be read: ${file}`, {
            advice: `Correct ${variable}: it is the path of a file with certificates in PEM, on the runner.`,
            cause,
        });
    }
}

;// CONCATENATED MODULE: ./src/aws/proxy.ts



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
function agentsFor(env) {
    const trust = trustedAuthorities(env);
    return { httpAgent: new ProxyHttpAgent(env, trust), httpsAgent: new ProxyHttpsAgent(env, trust) };
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
    #trust;
    constructor(env, trust) {
        super(AGENT_OPTIONS);
        this.#env = env;
        this.#trust = trust;
    }
    createConnection(options, connected) {
        const { host, port } = target(options, 80);
        const proxy = proxyFor('http:', host, port, this.#env);
        if (!proxy || !connected)
            return super.createConnection(options, connected);
        openTunnel({ proxy, host, port, ...this.#trust }, connected);
        return undefined;
    }
}
class ProxyHttpsAgent extends external_node_https_.Agent {
    #env;
    #trust;
    constructor(env, trust) {
        super({ ...AGENT_OPTIONS, ...trust });
        this.#env = env;
        this.#trust = trust;
    }
    createConnection(options, connected) {
        const { host, port } = target(options, 443);
        const proxy = proxyFor('https:', host, port, this.#env);
        if (!proxy || !connected)
            return super.createConnection(options, connected);
        openTunnel({ proxy, host, port, ...this.#trust }, (error, socket) => {
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
function openTunnel({ proxy, host, port, ca }, connected) {
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const failed = (error) => connected(error, undefined);
    const request = (proxy.protocol === 'https:' ? external_node_https_ : external_node_http_).request({
        host: proxy.hostname.replace(/^\[|\]$/g, ''),
        port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
        method: 'CONNECT',
        path: authority,
        headers: { host: authority, ...proxyAuthorization(proxy) },
        agent: false,
        ...(ca && { ca }),
        timeout: CONNECT_TIMEOUT_MS,
    });
    request.once('connect', (response, socket) => {
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
/** The pauses between them double from 0.1 s. */
const S3_ATTEMPTS = 10;
function createClients(options) {
    const { region, endpoint, credentials, env = process.env } = options;
    // Agents of its own for each client: whoever ends one client ends its connections, also those in use.
    const http = () => ({ ...agentsFor(env), connectionTimeout: CONNECTION_TIMEOUT_MS, throwOnRequestTimeout: true });
    const common = { region, ...(endpoint && { endpoint }), ...(credentials && { credentials }) };
    const lambda = new dist_cjs/* LambdaClient */.Nox({
        ...common,
        maxAttempts: 1,
        // Idle, not in total: 50 MB of code may take minutes over a slow line.
        requestHandler: { ...http(), socketTimeout: 60_000 },
    });
    // One chain of providers for all clients, so that it is asked once.
    const shared = { ...common, credentials: lambda.config.credentials };
    const invoker = new dist_cjs/* LambdaClient */.Nox({
        ...shared,
        maxAttempts: 1,
        requestHandler: { ...http(), socketTimeout: INVOKE_TIMEOUT_MS, requestTimeout: INVOKE_TIMEOUT_MS },
    });
    const forcePathStyle = endpoint !== undefined || (0,aws_endpoint/* hasOwnS3Endpoint */.A)(env);
    const s3Signer = new client_s3_dist_cjs.S3Client({ ...shared, forcePathStyle, requestChecksumCalculation: 'WHEN_REQUIRED' });
    const s3 = new client_s3_dist_cjs.S3Client({
        ...shared,
        followRegionRedirects: true,
        forcePathStyle,
        // Half a minute of trouble must not lose what hours of tasks have done.
        maxAttempts: S3_ATTEMPTS,
        requestHandler: { ...http(), socketTimeout: 60_000 },
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
            const sts = new STSClient({ ...shared, requestHandler: { ...http(), requestTimeout: 30_000 } });
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
