var __defProp = Object.defineProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};

// src/sdk/core/events.ts
var events_exports = {};
__export(events_exports, {
  emit: () => emit
});

// src/sdk/core/aws-json.ts
import http from "node:http";
import https from "node:https";

// node_modules/aws4fetch/dist/aws4fetch.esm.mjs
var encoder = new TextEncoder();
var HOST_SERVICES = {
  appstream2: "appstream",
  cloudhsmv2: "cloudhsm",
  email: "ses",
  marketplace: "aws-marketplace",
  mobile: "AWSMobileHubService",
  pinpoint: "mobiletargeting",
  queue: "sqs",
  "git-codecommit": "codecommit",
  "mturk-requester-sandbox": "mturk-requester",
  "personalize-runtime": "personalize"
};
var UNSIGNABLE_HEADERS = /* @__PURE__ */ new Set([
  "authorization",
  "content-type",
  "content-length",
  "user-agent",
  "presigned-expires",
  "expect",
  "x-amzn-trace-id",
  "range",
  "connection"
]);
var AwsV4Signer = class {
  constructor({ method, url, headers, body, accessKeyId, secretAccessKey, sessionToken, service, region, cache: cache2, datetime, signQuery, appendSessionToken, allHeaders, singleEncode }) {
    if (url == null) throw new TypeError("url is a required option");
    if (accessKeyId == null) throw new TypeError("accessKeyId is a required option");
    if (secretAccessKey == null) throw new TypeError("secretAccessKey is a required option");
    this.method = method || (body ? "POST" : "GET");
    this.url = new URL(url);
    this.headers = new Headers(headers || {});
    this.body = body;
    this.accessKeyId = accessKeyId;
    this.secretAccessKey = secretAccessKey;
    this.sessionToken = sessionToken;
    let guessedService, guessedRegion;
    if (!service || !region) {
      [guessedService, guessedRegion] = guessServiceRegion(this.url, this.headers);
    }
    this.service = service || guessedService || "";
    this.region = region || guessedRegion || "us-east-1";
    this.cache = cache2 || /* @__PURE__ */ new Map();
    this.datetime = datetime || (/* @__PURE__ */ new Date()).toISOString().replace(/[:-]|\.\d{3}/g, "");
    this.signQuery = signQuery;
    this.appendSessionToken = appendSessionToken || this.service === "iotdevicegateway";
    this.headers.delete("Host");
    if (this.service === "s3" && !this.signQuery && !this.headers.has("X-Amz-Content-Sha256")) {
      this.headers.set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
    }
    const params = this.signQuery ? this.url.searchParams : this.headers;
    params.set("X-Amz-Date", this.datetime);
    if (this.sessionToken && !this.appendSessionToken) {
      params.set("X-Amz-Security-Token", this.sessionToken);
    }
    this.signableHeaders = ["host", ...this.headers.keys()].filter((header) => allHeaders || !UNSIGNABLE_HEADERS.has(header)).sort();
    this.signedHeaders = this.signableHeaders.join(";");
    this.canonicalHeaders = this.signableHeaders.map((header) => header + ":" + (header === "host" ? this.url.host : (this.headers.get(header) || "").replace(/\s+/g, " "))).join("\n");
    this.credentialString = [this.datetime.slice(0, 8), this.region, this.service, "aws4_request"].join("/");
    if (this.signQuery) {
      if (this.service === "s3" && !params.has("X-Amz-Expires")) {
        params.set("X-Amz-Expires", "86400");
      }
      params.set("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
      params.set("X-Amz-Credential", this.accessKeyId + "/" + this.credentialString);
      params.set("X-Amz-SignedHeaders", this.signedHeaders);
    }
    if (this.service === "s3") {
      try {
        this.encodedPath = decodeURIComponent(this.url.pathname.replace(/\+/g, " "));
      } catch (e) {
        this.encodedPath = this.url.pathname;
      }
    } else {
      this.encodedPath = this.url.pathname.replace(/\/+/g, "/");
    }
    if (!singleEncode) {
      this.encodedPath = encodeURIComponent(this.encodedPath).replace(/%2F/g, "/");
    }
    this.encodedPath = encodeRfc3986(this.encodedPath);
    const seenKeys = /* @__PURE__ */ new Set();
    this.encodedSearch = [...this.url.searchParams].filter(([k]) => {
      if (!k) return false;
      if (this.service === "s3") {
        if (seenKeys.has(k)) return false;
        seenKeys.add(k);
      }
      return true;
    }).map((pair) => pair.map((p) => encodeRfc3986(encodeURIComponent(p)))).sort(([k1, v1], [k2, v2]) => k1 < k2 ? -1 : k1 > k2 ? 1 : v1 < v2 ? -1 : v1 > v2 ? 1 : 0).map((pair) => pair.join("=")).join("&");
  }
  async sign() {
    if (this.signQuery) {
      this.url.searchParams.set("X-Amz-Signature", await this.signature());
      if (this.sessionToken && this.appendSessionToken) {
        this.url.searchParams.set("X-Amz-Security-Token", this.sessionToken);
      }
    } else {
      this.headers.set("Authorization", await this.authHeader());
    }
    return {
      method: this.method,
      url: this.url,
      headers: this.headers,
      body: this.body
    };
  }
  async authHeader() {
    return [
      "AWS4-HMAC-SHA256 Credential=" + this.accessKeyId + "/" + this.credentialString,
      "SignedHeaders=" + this.signedHeaders,
      "Signature=" + await this.signature()
    ].join(", ");
  }
  async signature() {
    const date = this.datetime.slice(0, 8);
    const cacheKey = [this.secretAccessKey, date, this.region, this.service].join();
    let kCredentials = this.cache.get(cacheKey);
    if (!kCredentials) {
      const kDate = await hmac("AWS4" + this.secretAccessKey, date);
      const kRegion = await hmac(kDate, this.region);
      const kService = await hmac(kRegion, this.service);
      kCredentials = await hmac(kService, "aws4_request");
      this.cache.set(cacheKey, kCredentials);
    }
    return buf2hex(await hmac(kCredentials, await this.stringToSign()));
  }
  async stringToSign() {
    return [
      "AWS4-HMAC-SHA256",
      this.datetime,
      this.credentialString,
      buf2hex(await hash(await this.canonicalString()))
    ].join("\n");
  }
  async canonicalString() {
    return [
      this.method.toUpperCase(),
      this.encodedPath,
      this.encodedSearch,
      this.canonicalHeaders + "\n",
      this.signedHeaders,
      await this.hexBodyHash()
    ].join("\n");
  }
  async hexBodyHash() {
    let hashHeader = this.headers.get("X-Amz-Content-Sha256") || (this.service === "s3" && this.signQuery ? "UNSIGNED-PAYLOAD" : null);
    if (hashHeader == null) {
      if (this.body && typeof this.body !== "string" && !("byteLength" in this.body)) {
        throw new Error("body must be a string, ArrayBuffer or ArrayBufferView, unless you include the X-Amz-Content-Sha256 header");
      }
      hashHeader = buf2hex(await hash(this.body || ""));
    }
    return hashHeader;
  }
};
async function hmac(key, string) {
  const cryptoKey = await crypto.subtle.importKey(
    "raw",
    typeof key === "string" ? encoder.encode(key) : key,
    { name: "HMAC", hash: { name: "SHA-256" } },
    false,
    ["sign"]
  );
  return crypto.subtle.sign("HMAC", cryptoKey, encoder.encode(string));
}
async function hash(content) {
  return crypto.subtle.digest("SHA-256", typeof content === "string" ? encoder.encode(content) : content);
}
var HEX_CHARS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"];
function buf2hex(arrayBuffer) {
  const buffer = new Uint8Array(arrayBuffer);
  let out = "";
  for (let idx = 0; idx < buffer.length; idx++) {
    const n = buffer[idx];
    out += HEX_CHARS[n >>> 4 & 15];
    out += HEX_CHARS[n & 15];
  }
  return out;
}
function encodeRfc3986(urlEncodedStr) {
  return urlEncodedStr.replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
}
function guessServiceRegion(url, headers) {
  const { hostname, pathname } = url;
  if (hostname.endsWith(".on.aws")) {
    const match2 = hostname.match(/^[^.]{1,63}\.lambda-url\.([^.]{1,63})\.on\.aws$/);
    return match2 != null ? ["lambda", match2[1] || ""] : ["", ""];
  }
  if (hostname.endsWith(".r2.cloudflarestorage.com")) {
    return ["s3", "auto"];
  }
  if (hostname.endsWith(".backblazeb2.com")) {
    const match2 = hostname.match(/^(?:[^.]{1,63}\.)?s3\.([^.]{1,63})\.backblazeb2\.com$/);
    return match2 != null ? ["s3", match2[1] || ""] : ["", ""];
  }
  const match = hostname.replace("dualstack.", "").match(/([^.]{1,63})\.(?:([^.]{0,63})\.)?amazonaws\.com(?:\.cn)?$/);
  let service = match && match[1] || "";
  let region = match && match[2];
  if (region === "us-gov") {
    region = "us-gov-west-1";
  } else if (region === "s3" || region === "s3-accelerate") {
    region = "us-east-1";
    service = "s3";
  } else if (service === "iot") {
    if (hostname.startsWith("iot.")) {
      service = "execute-api";
    } else if (hostname.startsWith("data.jobs.iot.")) {
      service = "iot-jobs-data";
    } else {
      service = pathname === "/mqtt" ? "iotdevicegateway" : "iotdata";
    }
  } else if (service === "autoscaling") {
    const targetPrefix = (headers.get("X-Amz-Target") || "").split(".")[0];
    if (targetPrefix === "AnyScaleFrontendService") {
      service = "application-autoscaling";
    } else if (targetPrefix === "AnyScaleScalingPlannerFrontendService") {
      service = "autoscaling-plans";
    }
  } else if (region == null && service.startsWith("s3-")) {
    region = service.slice(3).replace(/^fips-|^external-1/, "");
    service = "s3";
  } else if (service.endsWith("-fips")) {
    service = service.slice(0, -5);
  } else if (region && /-\d$/.test(service) && !/-\d$/.test(region)) {
    [service, region] = [region, service];
  }
  return [HOST_SERVICES[service] || service, region || ""];
}

// src/sdk/core/aws-json.ts
var ServiceError = class extends Error {
  code;
  constructor(code, message) {
    super(message === "" ? code : `${code}: ${message}`);
    this.name = "ServiceError";
    this.code = code;
  }
};
var CONNECT_TIMEOUT_MS = 5e3;
var ANSWER_TIMEOUT_MS = 15e3;
var ATTEMPTS = 4;
async function callService(service, operation, input) {
  for (let attempt = 1; ; attempt += 1) {
    const { status, body } = await post(service, operation, JSON.stringify(input));
    if (status === 200) {
      return body;
    }
    const error = serviceError(status, body);
    const passing = status >= 500 || status === 429 || error.code.includes("Throttl");
    if (!passing || attempt === ATTEMPTS) {
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 2 ** attempt * 50 * (1 + Math.random())));
  }
}
async function post(service, operation, body) {
  const region = required("AWS_REGION");
  const url = endpointOf(service, region);
  const sessionToken = process.env.AWS_SESSION_TOKEN;
  const signer = new AwsV4Signer({
    method: "POST",
    url: url.href,
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `${service.target}.${operation}` },
    body,
    accessKeyId: required("AWS_ACCESS_KEY_ID"),
    secretAccessKey: required("AWS_SECRET_ACCESS_KEY"),
    ...sessionToken ? { sessionToken } : {},
    service: service.name,
    region
  });
  const { headers } = await signer.sign();
  return send(service, url, region, Object.fromEntries(headers.entries()), body);
}
function endpointOf(service, region) {
  const configured = process.env[`AWS_ENDPOINT_URL_${service.endpointVariable}`] || process.env.AWS_ENDPOINT_URL;
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return new URL(configured || `https://${service.name}.${region}.${suffix}/`);
}
function required(name) {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set: secrets and events are available inside a deployed task only`);
  }
  return value;
}
function send(service, url, region, headers, body) {
  const secure = url.protocol === "https:";
  return new Promise((resolve, reject) => {
    const fail = (cause) => reject(new Error(unreachable(service, url, region, cause), { cause }));
    const request = (secure ? https : http).request(url, { method: "POST", headers }, (response2) => {
      const chunks = [];
      response2.on("data", (chunk) => chunks.push(chunk));
      response2.on("error", fail);
      response2.on(
        "end",
        () => resolve({ status: response2.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString()) })
      );
    });
    const timer = setTimeout(
      () => request.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1e3} s`)),
      CONNECT_TIMEOUT_MS
    );
    request.on("socket", (socket) => socket.once(secure ? "secureConnect" : "connect", () => clearTimeout(timer)));
    request.on("close", () => clearTimeout(timer));
    request.on("error", fail);
    request.setTimeout(
      ANSWER_TIMEOUT_MS,
      () => request.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1e3} s`))
    );
    request.end(body);
  });
}
function unreachable(service, url, region, cause) {
  return `${url.host} cannot be reached (${cause.message}). A task inside a VPC needs a NAT gateway or the interface endpoint com.amazonaws.${region}.${service.name}.`;
}
function serviceError(status, body) {
  const { __type: type, message, Message } = body ?? {};
  const code = typeof type === "string" ? type.replace(/^.*#/, "") : `HTTP ${status}`;
  const text = [message, Message].find((candidate) => typeof candidate === "string");
  return new ServiceError(code, String(text ?? ""));
}
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 500) };
  }
}

// src/sdk/core/events.ts
var SOURCE = "tsc-run";
async function emit(type, data) {
  const bus = process.env.EVENT_BUS_NAME;
  if (!bus) {
    console.log("Event dispatched", type, data);
    return;
  }
  const entry = { Source: SOURCE, DetailType: type, Detail: JSON.stringify(data), EventBusName: bus };
  const service = { name: "events", endpointVariable: "EVENTBRIDGE", target: "AWSEvents" };
  try {
    const answer = await callService(service, "PutEvents", { Entries: [entry] });
    if (answer.FailedEntryCount) {
      const { ErrorCode = "unknown", ErrorMessage = "" } = answer.Entries?.[0] ?? {};
      throw new Error(`${ErrorCode}: ${ErrorMessage}`);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const advice = "The execution role needs events:PutEvents on the bus.";
    throw new Error(`the event "${type}" was not accepted by ${bus}: ${reason} ${advice}`, { cause: error });
  }
}

// src/sdk/core/secrets.ts
var secrets_exports = {};
__export(secrets_exports, {
  getSecret: () => getSecret,
  setSecretResolver: () => setSecretResolver
});

// src/runtime/secret-values.ts
var SHORTEST_SECRET = 8;
var SLOT = /* @__PURE__ */ Symbol.for("@lumo-framework/tasks:secret-values");
function secretTexts() {
  const holder = globalThis;
  holder[SLOT] ??= /* @__PURE__ */ new Set();
  return holder[SLOT];
}
function registerSecret(value) {
  const texts = secretTexts();
  for (const text of [value, ...value.split(/\r\n|\n|\r/).map((line) => line.trim())]) {
    if (text.length < SHORTEST_SECRET) {
      continue;
    }
    texts.add(text);
    texts.add(JSON.stringify(text).slice(1, -1));
    texts.add(encodeURIComponent(Buffer.from(text).toString()));
  }
}

// src/sdk/core/secrets.ts
var cache = /* @__PURE__ */ new Map();
var resolver = cachedParameter;
function setSecretResolver(replacement) {
  resolver = replacement;
}
async function getSecret(name) {
  const value = await resolver(name);
  registerSecret(value);
  return value;
}
function cachedParameter(name) {
  let value = cache.get(name);
  if (value === void 0) {
    value = readParameter(name);
    cache.set(name, value);
    value.catch(() => cache.delete(name));
  }
  return value;
}
async function readParameter(name) {
  const path = parameterPath(name);
  try {
    const service = { name: "ssm", endpointVariable: "SSM", target: "AmazonSSM" };
    const answer = await callService(service, "GetParameter", { Name: path, WithDecryption: true });
    const { Parameter } = answer;
    if (typeof Parameter?.Value !== "string") {
      throw new Error("the answer holds no value");
    }
    return Parameter.Value;
  } catch (error) {
    throw new Error(`the secret "${name}" cannot be read: ${explain(error, path)}`, { cause: error });
  }
}
function parameterPath(name) {
  const { LUMO_PROJECT_NAME: project, LUMO_ENVIRONMENT: environment } = process.env;
  if (!project || !environment) {
    throw new Error(`the secret "${name}" cannot be read: LUMO_PROJECT_NAME and LUMO_ENVIRONMENT are not set`);
  }
  return `/${project}/${environment}/${name}`;
}
function explain(error, path) {
  const code = error instanceof ServiceError ? error.code : "";
  if (code === "ParameterNotFound") {
    return `there is no parameter ${path} in this region's Parameter Store. Create it as a SecureString.`;
  }
  if (code.startsWith("AccessDenied")) {
    return `the execution role may not read ${path}. Allow it ssm:GetParameter, and kms:Decrypt for a key of your own.`;
  }
  return error instanceof Error ? error.message : String(error);
}

// src/sdk/core/tasks.ts
var tasks_exports = {};

// src/sdk/core/unavailable.ts
function unavailable(name) {
  const refuse = () => {
    throw new Error(
      `${name} of @lumo-framework/core is not available in a task unless the package is installed: npm install @lumo-framework/core`
    );
  };
  const get = (_target, key) => typeof key === "symbol" || key === "then" ? void 0 : refuse();
  return new Proxy(() => void 0, { get, apply: refuse, construct: refuse });
}

// src/sdk/core/env.ts
function env(name, fallback = "") {
  return process.env[name] || fallback;
}

// src/sdk/core/index.ts
function defineConfig(config2) {
  return config2;
}
var http2 = unavailable("http");
var response = unavailable("response");
var loadConfig = unavailable("loadConfig");
var config = { defineConfig, loadConfig, configSchema: unavailable("config.configSchema") };
export {
  config,
  defineConfig,
  env,
  events_exports as events,
  env as fromEnv,
  http2 as http,
  loadConfig,
  response,
  secrets_exports as secrets,
  tasks_exports as tasks
};
/*! Bundled license information:

aws4fetch/dist/aws4fetch.esm.mjs:
  (**
   * @license MIT <https://opensource.org/licenses/MIT>
   * @copyright Michael Hart 2024
   *)
*/
