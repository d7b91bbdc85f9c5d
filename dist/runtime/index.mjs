// src/runtime/channel/claim.ts
import { setTimeout as pause } from "node:timers/promises";

// src/runtime/channel/transport.ts
var ANSWER_BYTES = 64 * 1024;
var Transport = class _Transport {
  request;
  agent;
  constructor(request, agent) {
    this.request = request;
    this.agent = agent;
  }
  /** Loads what speaks the protocol of `url`. */
  static async load(url) {
    const { request, Agent } = url.startsWith("http:") ? await import("node:http") : await import("node:https");
    return new _Transport(request, new Agent({ keepAlive: true }));
  }
  /** Ends everything that is under way. What is sent afterwards goes over a new connection. */
  disconnect() {
    this.agent.destroy();
  }
  /** Whatever is answered; rejects when nothing is. */
  send({ method, url, headers = {}, body, limitMs, background = false }) {
    const { request: send, agent } = this;
    const contents = body === void 0 ? {} : { "content-type": "application/json" };
    return new Promise((resolve, reject) => {
      const request = send(url, { method, headers: { ...contents, ...headers }, agent }, (response) => {
        read(response).then(resolve, reject);
      });
      const timer = setTimeout(() => request.destroy(tooLate(request)), limitMs);
      request.on("close", () => clearTimeout(timer));
      request.on("error", reject);
      if (background) {
        timer.unref();
        unrefSocket(request);
      }
      request.end(body);
    });
  }
};
function isPassing({ status }) {
  return status === 409 || status === 429 || status >= 500;
}
async function read(response) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES) {
      throw new Error(`the answer has more than ${ANSWER_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  const serverNow = Date.parse(response.headers.date ?? "");
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString(), serverNow };
}
function tooLate({ socket }) {
  return new Error(socket === null || socket.connecting ? "no connection in time" : "no answer in time");
}
function unrefSocket(request) {
  request.on("socket", (socket) => {
    socket.unref();
    if (socket.connecting) {
      socket.once("connect", () => socket.unref());
    }
  });
}

// src/runtime/channel/claim.ts
var TRY = 0.5;
var LOOK = 0.2;
var PAUSE_MS = 200;
async function claimAttempt(link, limitMs) {
  const end = performance.now() + limitMs;
  const latestTry = end - LOOK * limitMs;
  let inDoubt = false;
  for (; ; ) {
    const reply = await ask(link, putClaim(link, Math.min(TRY * limitMs, latestTry - performance.now())));
    if (reply.status === 200) {
      return { state: { state: "open" }, at: timeOf(reply) };
    }
    if (reply.status === 412) {
      const { ours = false, at } = await look(link, end);
      return { state: { state: ours ? "open" : "claimed" }, at };
    }
    const final = !mayPass(reply);
    inDoubt ||= !final;
    if (final || performance.now() + PAUSE_MS >= latestTry) {
      const { ours, at } = inDoubt ? await look(link, end) : { at: timeOf(reply) };
      return { state: lastWord(ours, reasonOf(reply)), at };
    }
    await pause(PAUSE_MS);
  }
}
function lastWord(ours, reason) {
  return ours === void 0 ? { state: "unreachable", reason } : { state: ours ? "open" : "claimed" };
}
async function look(link, end) {
  for (; ; ) {
    const limitMs = Math.max(1, end - performance.now());
    const reply = await ask(link, { method: "GET", url: link.address.urls.claimed, limitMs });
    if (reply.status === 200) {
      return { ours: isClaimOf(link, reply.body), at: timeOf(reply) };
    }
    if (!mayPass(reply) || performance.now() + PAUSE_MS >= end) {
      return { at: timeOf(reply) };
    }
    await pause(PAUSE_MS);
  }
}
function isClaimOf({ execution, address }, body) {
  try {
    const claim = JSON.parse(body);
    return claim?.nonce === address.nonce && claim.execution === execution;
  } catch {
    return false;
  }
}
function putClaim({ address, execution }, limitMs) {
  const { nonce, deadline, urls } = address;
  const claim = { lumo: 1, nonce, execution, claimedAt: (/* @__PURE__ */ new Date()).toISOString(), deadline };
  return {
    method: "PUT",
    url: urls.claim,
    headers: { "if-none-match": "*" },
    body: JSON.stringify(claim),
    limitMs: Math.max(1, limitMs)
  };
}
function timeOf(reply) {
  return reply.status === void 0 || Number.isNaN(reply.serverNow) ? Date.now() : reply.serverNow;
}
async function ask({ transport }, request) {
  try {
    return await transport.send(request);
  } catch (error) {
    const { message, code } = error;
    return { status: void 0, failure: message || code || "no connection" };
  }
}
function mayPass(reply) {
  return reply.status === void 0 || isPassing(reply);
}
function reasonOf(reply) {
  if (reply.status === void 0) {
    return reply.failure;
  }
  const code = /<Code>(\w{1,64})<\/Code>/.exec(reply.body)?.[1];
  return `S3 answered ${reply.status}${code === void 0 ? "" : ` ${code}`}`;
}

// src/runtime/channel/link.ts
function signature({ address, execution }) {
  return { lumo: 1, nonce: address.nonce, execution, at: (/* @__PURE__ */ new Date()).toISOString() };
}

// src/runtime/channel/polling.ts
var ROUND_MS = 1e3;
var SILENCE_MS = 5e3;
var REQUEST_MS = 3e3;
var LINES_BYTES = 64 * 1024;
function startPolling(link, lines, attempt2) {
  const tell = statusTeller(link, lines, attempt2);
  const ask2 = cancelAsker(link, attempt2);
  let stopped = false;
  let timer;
  const round = async () => {
    const start = performance.now();
    await Promise.allSettled([tell(), ask2()]);
    if (!stopped) {
      next(ROUND_MS - (performance.now() - start));
    }
  };
  const next = (milliseconds2) => {
    timer = setTimeout(round, milliseconds2).unref();
  };
  next(ROUND_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
function statusTeller(link, lines, attempt2) {
  let told = { line: 0, metadata: "{}", at: performance.now() };
  return async () => {
    const metadata = attempt2.metadata();
    const now = { line: lines.last, metadata: JSON.stringify(metadata), at: performance.now() };
    if (now.line === told.line && now.metadata === told.metadata && now.at - told.at < SILENCE_MS) {
      return;
    }
    const status = {
      ...signature(link),
      lines: lines.latest(LINES_BYTES),
      ...now.metadata === "{}" ? {} : { metadata }
    };
    const { address, transport } = link;
    const body = JSON.stringify(status);
    const answer = await transport.send({
      method: "PUT",
      url: address.urls.status,
      body,
      limitMs: REQUEST_MS,
      background: true
    });
    if (answer.status === 200) {
      told = now;
    }
  };
}
function cancelAsker({ address, transport }, attempt2) {
  let cancelled = false;
  return async () => {
    if (cancelled) {
      return;
    }
    const { status, body } = await transport.send({
      method: "GET",
      url: address.urls.cancel,
      limitMs: REQUEST_MS,
      background: true
    });
    const cancel = status === 200 ? JSON.parse(body) : void 0;
    if (cancel?.nonce === address.nonce && typeof cancel.reason === "string") {
      cancelled = true;
      attempt2.cancel(cancel.reason);
    }
  };
}

// src/runtime/channel/refusal.ts
function refusalOf({ state, at }, { deadline, required }, remainingMs) {
  if (state.state === "claimed") {
    const message = "another execution of the function has claimed this attempt: this one ran nothing";
    return { name: "AttemptClaimed", message };
  }
  if (state.state === "unreachable" && required) {
    return { name: "ChannelUnreachable", message: unreachable(state.reason) };
  }
  if (at + remainingMs > Date.parse(deadline)) {
    const message = `the attempt came too late: it could run for ${Math.round(remainingMs / 1e3)} s more, and at ${deadline} another deployment may begin. It ran nothing`;
    return { name: "AttemptTooLate", message };
  }
  return void 0;
}
function unreachable(reason) {
  const region = process.env.AWS_REGION ?? "<region>";
  return `the attempt could not be claimed in S3 (${reason}), and with \`channel: required\` nothing runs without a claim. A function in a VPC needs the gateway endpoint com.amazonaws.${region}.s3 in the route tables of its subnets, or a NAT gateway; a refusal (403) comes from the policy of the bucket or of the endpoint, or from credentials that have expired.`;
}

// src/runtime/channel/result.ts
async function writeResult(link, envelope, limitMs, tries) {
  const result = { ...signature(link), envelope };
  const body = JSON.stringify(result);
  const end = performance.now() + limitMs;
  for (let left = tries; left > 0; left -= 1) {
    const share = Math.max(1, (end - performance.now()) / left);
    if (await isWritten(link, body, share)) {
      return;
    }
  }
}
async function isWritten({ transport, address }, body, limitMs) {
  try {
    return !isPassing(await transport.send({ method: "PUT", url: address.urls.result, body, limitMs }));
  } catch {
    return false;
  }
}

// src/runtime/channel/index.ts
var CLAIM_MS = 3e3;
var RESULT_MS = 2e3;
var LAST_WORDS_MS = 800;
async function openChannel(address, around) {
  if (address === void 0) {
    return closedChannel(void 0, void 0);
  }
  const { randomUUID } = await import("node:crypto");
  const transport = await Transport.load(address.urls.claim);
  const link = { address, execution: randomUUID(), transport };
  const claim = await claimAttempt(link, Math.min(CLAIM_MS, around.remainingMs() / 2));
  const refusal = refusalOf(claim, address, around.remainingMs());
  if (claim.state.state === "open") {
    return new OpenChannel(link, around, refusal);
  }
  transport.disconnect();
  return closedChannel(claim.state, refusal);
}
function closedChannel(state, refusal) {
  return { state, refusal, attach: () => void 0, close: async () => void 0, lastWords: async () => void 0 };
}
var OpenChannel = class {
  state = { state: "open" };
  refusal;
  link;
  around;
  stopPolling = () => void 0;
  closing;
  constructor(link, around, refusal) {
    this.refusal = refusal;
    this.link = link;
    this.around = around;
  }
  attach(attempt2) {
    this.stopPolling = startPolling(this.link, this.around.lines, attempt2);
  }
  close(envelope) {
    this.closing ??= this.end(envelope, RESULT_MS, 2);
    return this.closing;
  }
  lastWords(envelope) {
    this.closing ??= this.end(envelope, LAST_WORDS_MS, 1);
    return this.closing;
  }
  /** Half of the remaining time at most: the answer itself has to come out, too. */
  async end(envelope, limitMs, tries) {
    this.stopPolling();
    this.link.transport.disconnect();
    await writeResult(this.link, envelope, Math.min(limitMs, this.around.remainingMs() / 2), tries);
    this.link.transport.disconnect();
  }
};

// src/runtime/context.ts
function contextOf(event, file, startedAt) {
  const { deployment, run, attempt: attempt2, machine, maxDuration } = event;
  const { id, isFirstDeploy, previousVersion, environment, version } = deployment;
  const git = gitOf(event);
  return deepFreeze({
    deployment: {
      isFirstDeploy,
      ...previousVersion === void 0 ? {} : { previousVersion },
      environment,
      id,
      version,
      git
    },
    config: event.config,
    workingDirectory: process.cwd(),
    task: { id: event.task, filePath: file },
    attempt: { number: attempt2.number, startedAt },
    run: {
      id: run.id,
      tags: [],
      isTest: false,
      isReplay: run.isReplay,
      createdAt: new Date(run.createdAt),
      startedAt: new Date(run.startedAt),
      maxAttempts: attempt2.maxAttempts,
      version,
      ...maxDuration === void 0 ? {} : { maxDuration }
    },
    queue: { name: event.queue.name },
    environment: { slug: environment, git },
    project: { slug: event.source.project, name: event.source.project },
    machine: {
      ...machine.name === void 0 ? {} : { name: machine.name },
      cpu: machine.cpu,
      memory: machine.memory
    }
  });
}
function taskContextOf(event) {
  const { isFirstDeploy, previousVersion, environment } = event.deployment;
  return {
    deployment: { isFirstDeploy, ...previousVersion === void 0 ? {} : { previousVersion }, environment },
    config: structuredClone(event.config),
    workingDirectory: process.cwd()
  };
}
function withDeployment(payload, event) {
  if (!isPlainObject(payload)) {
    return payload;
  }
  return { ...payload, ...taskContextOf(event) };
}
function isInvokeEvent(event) {
  const { lumo, task, deployment, config, ...parts } = event ?? {};
  const { payload, run, attempt: attempt2, retry, machine, queue, source } = parts;
  return lumo === 1 && typeof task === "string" && typeof deployment?.isFirstDeploy === "boolean" && typeof deployment.environment === "string" && Number.isInteger(attempt2?.number) && [config, payload, run, retry, machine, queue, source].every((part) => typeof part === "object" && part !== null);
}
function gitOf({ source }) {
  const { commit, ref, repository, pullRequest, actor } = source;
  return {
    ...commit === void 0 ? {} : { commitSha: commit },
    ...ref === void 0 ? {} : { commitRef: ref },
    ...repository === void 0 ? {} : { repository },
    ...pullRequest === void 0 ? {} : { pullRequestNumber: pullRequest },
    ...actor === void 0 ? {} : { ghUsername: actor }
  };
}
function isPlainObject(value) {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
function deepFreeze(value) {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member3 of Object.values(value)) {
      deepFreeze(member3);
    }
  }
  return value;
}

// src/runtime/crash.ts
import { setTimeout as delay } from "node:timers/promises";

// src/runtime/protocol.ts
var UNCAUGHT = "TASK_RUN_UNCAUGHT_EXCEPTION: the error comes from a callback or a promise that nothing awaited, and ended the process";
var UNSTOPPED = "the task did not stop when its signal aborted, so its process was ended";
var CRASH_LINE_PREFIX = "LUMO-ENVELOPE ";
var CRASH_LINE_BYTES = 2048;

// src/runtime/crash.ts
var LAST_WORDS_MS2 = 1e3;
async function die(envelope, { write, exit: exit2, lastWords }) {
  try {
    write(`
${crashLine(envelope)}
`);
    if (lastWords !== void 0) await Promise.race([lastWords(envelope), delay(LAST_WORDS_MS2)]);
  } catch {
  }
  try {
    exit2(1);
  } finally {
    exit2(1);
  }
}
function crashLine(envelope) {
  const lineFor = (length) => lineOf(envelope, length);
  const lines = [Number.POSITIVE_INFINITY, 1e3, 400, 150, 50].map(lineFor);
  return lines.find((line) => Buffer.byteLength(line) <= CRASH_LINE_BYTES) ?? lineFor(0);
}
function lineOf({ lumo, task, status, error, retry, outOfMemory, warnings = [] }, length) {
  const short = {
    lumo,
    task,
    status,
    ...error === void 0 ? {} : { error: shorten(error, length) },
    ...retry === void 0 ? {} : { retry },
    ...outOfMemory === void 0 ? {} : { outOfMemory },
    warnings: warnings.filter((warning) => warning === UNCAUGHT || warning === UNSTOPPED),
    logs: [],
    droppedLines: 0
  };
  return `${CRASH_LINE_PREFIX}${JSON.stringify(short)}`;
}
function shorten(error, length, depth = 0) {
  const { name, message, stack, cause } = error;
  const keepsCause = cause !== void 0 && (length > 1e3 || depth === 0 && length > 0);
  return {
    name: cut(name, Math.max(length, 32)),
    message: cut(message, Math.max(length, 32)),
    ...stack === void 0 || length === 0 ? {} : { stack: cut(stack, length) },
    ...keepsCause ? { cause: shorten(cause, length, depth + 1) } : {}
  };
}
function cut(text, length) {
  return text.length > length ? `${text.slice(0, length)}\u2026` : text;
}

// src/runtime/scope.ts
import { AsyncLocalStorage } from "node:async_hooks";
var LONGEST_PAUSE_MS = 5e3;
var SLOT = /* @__PURE__ */ Symbol.for("lumo.tasks.scope");
function storage() {
  const holder = globalThis;
  holder[SLOT] ??= new AsyncLocalStorage();
  return holder[SLOT];
}
function callerScope() {
  return storage().getStore();
}
function attemptScope() {
  const scope = callerScope();
  if (scope?.life.ended === true) {
    throw new AttemptEndedError();
  }
  return scope;
}
var AttemptEndedError = class extends Error {
  constructor() {
    super(
      "the attempt this code belongs to is over: await whatever `run` starts, and use promises, not callbacks, with a connection that outlives an attempt"
    );
    this.name = "AttemptEndedError";
  }
};
function runInScope(scope, body) {
  return storage().run(scope, body);
}

// src/runtime/registry.ts
var HOOK_KINDS = [
  "middleware",
  "init",
  "onStart",
  "onStartAttempt",
  "onWait",
  "onResume",
  "onSuccess",
  "onFailure",
  "onComplete",
  "onCancel",
  "catchError",
  "cleanup"
];
var SLOT2 = /* @__PURE__ */ Symbol.for("lumo.tasks.registry");
function registry() {
  const holder = globalThis;
  holder[SLOT2] ??= { tasks: /* @__PURE__ */ new Map(), hooks: {}, queues: /* @__PURE__ */ new Map(), collisions: [] };
  return holder[SLOT2];
}
function registerHook(kind, hook) {
  const table = attemptScope()?.hooks ?? registry().hooks;
  table[kind] = withHook(table[kind] ?? [], hook);
}
function globalHooks(kind) {
  const own = attemptScope()?.hooks[kind] ?? [];
  return own.reduce(withHook, registry().hooks[kind] ?? []);
}
function ownHook(definition, kind) {
  const own = definition[kind] ?? (kind === "catchError" ? definition.handleError : void 0);
  return typeof own === "function" ? own : void 0;
}
function withHook(hooks, hook) {
  const known2 = hooks.findIndex(({ key }) => key === hook.key);
  return known2 === -1 ? [...hooks, hook] : hooks.with(known2, hook);
}

// src/runtime/find-task.ts
function findTask(id, module, { file, lumoId }) {
  const definition = registry().tasks.get(id)?.definition;
  if (definition !== void 0) {
    return {
      id,
      file,
      dialect: "lifecycle",
      run: definition.run,
      schema: definition.schema,
      hook: (kind) => ownHook(definition, kind),
      retry: definition.retry
    };
  }
  const run = id === lumoId ? findRun(module) : void 0;
  return run && { id, file, dialect: "lumo", run, schema: void 0, hook: () => void 0, retry: void 0 };
}
function findRun(module) {
  const fallback = module.default;
  const run = module.run ?? fallback?.run;
  return typeof run === "function" ? run : void 0;
}

// src/runtime/idle.ts
var LOOK_MS = 50;
var IdleGuard = class {
  waiting = [];
  listener = () => this.wake();
  mayWake = () => false;
  alive;
  /** `mayWake`: something may yet settle it that does not keep the process alive by itself. */
  start(mayWake2) {
    this.mayWake = mayWake2;
    process.prependListener("beforeExit", this.listener);
  }
  stop() {
    process.off("beforeExit", this.listener);
    clearTimeout(this.alive);
  }
  async settled(work, what) {
    let entry;
    const never = new Promise((_, reject) => {
      entry = { what, reject };
      this.waiting.push(entry);
    });
    try {
      return await Promise.race([work, never]);
    } finally {
      this.waiting.splice(this.waiting.indexOf(entry), 1);
    }
  }
  wake() {
    const latest = this.waiting.at(-1);
    if (latest === void 0) {
      return;
    }
    if (this.mayWake()) {
      this.alive = setTimeout(() => void 0, LOOK_MS);
      return;
    }
    latest.reject(neverSettled(latest.what));
    setImmediate(() => void 0);
  }
};
function neverSettled(what) {
  const error = new Error(`${what} never settled: nothing is left that could resolve what it waits for`);
  return Object.assign(error, { name: "NeverSettled", stack: void 0 });
}

// src/runtime/json.ts
import { types as types2 } from "node:util";

// src/json-depth.ts
var MAX_JSON_DEPTH = 500;
function isTooDeep(json, limit = MAX_JSON_DEPTH) {
  let depth = 0;
  for (let at = 0; at < json.length && depth <= limit; at += 1) {
    const character = json[at];
    if (character === '"') at = endOfString(json, at);
    else if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth -= 1;
  }
  return depth > limit;
}
function endOfString(json, start) {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at;
}

// src/runtime/serialize-error.ts
import { inspect, types } from "node:util";

// src/runtime/secret-values.ts
var REDACTED = "***";
var SLOT3 = /* @__PURE__ */ Symbol.for("@lumo-framework/tasks:secret-values");
function secretTexts() {
  const holder = globalThis;
  holder[SLOT3] ??= /* @__PURE__ */ new Set();
  return holder[SLOT3];
}
function redact(text) {
  const found = [...secretTexts()].filter((secret) => text.includes(secret));
  found.sort((a, b) => b.length - a.length);
  return found.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
}
function redactJson(value) {
  return secretTexts().size === 0 ? value : redactValue(value);
}
function redactValue(value) {
  if (typeof value === "string") {
    return redact(value);
  }
  if (typeof value === "number") {
    const text = String(value);
    const redacted = redact(text);
    return redacted === text ? value : redacted;
  }
  if (Array.isArray(value)) {
    return value.map(redactValue);
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member3]) => [redact(key), redactValue(member3)]));
  }
  return value;
}

// src/runtime/serialize-error.ts
var LONGEST_CHAIN = 10;
var MESSAGE_LENGTH = 1e3;
var STACK_LINE_LENGTH = 1024;
var TOP_FRAMES = 5;
var BOTTOM_FRAMES = 45;
var MOST_ERRORS = 10;
function serializeError(thrown) {
  return serialize(thrown, /* @__PURE__ */ new Set());
}
function serialize(thrown, seen) {
  try {
    seen.add(thrown);
    return isErrorLike(thrown) ? serializeErrorLike(thrown, seen) : serializeOther(thrown);
  } catch (error) {
    return { name: "Error", message: `the error that was thrown cannot be read: ${safeText(error)}` };
  }
}
function isErrorLike(thrown) {
  return types.isNativeError(thrown) || thrown instanceof Error;
}
function serializeErrorLike(error, seen) {
  const parts = Array.isArray(error.errors) ? error.errors : [];
  const cause = error.cause ?? parts[0];
  const stack = typeof error.stack === "string" ? { stack: cleanStack(error.stack) } : {};
  const chained = cause !== void 0 && !seen.has(cause) && seen.size < LONGEST_CHAIN;
  return {
    name: typeof error.name === "string" && error.name !== "" ? clean(error.name, 256) : "Error",
    message: clean(messageOf(error, parts), MESSAGE_LENGTH),
    ...stack,
    ...chained ? { cause: serialize(cause, seen) } : {}
  };
}
function messageOf(error, parts) {
  const own = typeof error.message === "string" ? error.message : safeText(error.message);
  if (parts.length === 0) {
    return own;
  }
  const listed = parts.slice(0, MOST_ERRORS).map((part) => isErrorLike(part) ? safeText(part.message) : safeText(part));
  const more = parts.length > MOST_ERRORS ? ` and ${parts.length - MOST_ERRORS} more` : "";
  return `${own === "" ? `${parts.length} errors` : own}: ${listed.join("; ")}${more}`;
}
function serializeOther(thrown) {
  const kind = describeKind(thrown);
  const text = typeof thrown === "string" ? thrown : inspect(thrown, { depth: 3, breakLength: 120 });
  return { name: "NonErrorThrown", message: clean(`${kind} was thrown instead of an Error: ${text}`, MESSAGE_LENGTH) };
}
function describeKind(value) {
  if (value === null || value === void 0) {
    return String(value);
  }
  if (Array.isArray(value)) {
    return "an array";
  }
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
function safeText(value) {
  try {
    return typeof value === "string" ? value : inspect(value, { depth: 0 });
  } catch {
    return "(unreadable)";
  }
}
function clean(text, length) {
  const redacted = redact(text).replaceAll("\0", "");
  return redacted.length > length ? `${redacted.slice(0, length)}\u2026` : redacted;
}
function cleanStack(stack) {
  const lines = clean(stack, Number.POSITIVE_INFINITY).split("\n");
  const start = lines.findIndex((line) => /^\s+at /.test(line));
  const frames = start === -1 ? [] : lines.slice(start);
  const head = clean((start === -1 ? lines : lines.slice(0, start)).join("\n"), MESSAGE_LENGTH);
  const left = frames.length - TOP_FRAMES - BOTTOM_FRAMES;
  const kept = left <= 0 ? frames : [...frames.slice(0, TOP_FRAMES), `    ... ${left} more frames ...`, ...frames.slice(-BOTTOM_FRAMES)];
  return [head, ...kept.map((line) => clean(line, STACK_LINE_LENGTH))].join("\n");
}

// src/runtime/json.ts
function toJson(value, name) {
  try {
    const text = JSON.stringify(value);
    if (typeof text !== "string") {
      return value === void 0 ? { value } : { problem: `${name} is ${describeKind(value)}` };
    }
    if (isTooDeep(text)) return { problem: tooDeep(name) };
    const change = changeOf(value, name);
    return { value: JSON.parse(text), ...change === void 0 ? {} : { change } };
  } catch (error) {
    return { problem: isStackOverflow(error) ? tooDeep(name) : findProblem(value, name, [], error) };
  }
}
function isStackOverflow(error) {
  return error instanceof RangeError && /call stack/i.test(error.message);
}
function tooDeep(name) {
  return `${name} is nested in more than ${MAX_JSON_DEPTH} levels`;
}
function jsonBytes(value) {
  return Buffer.byteLength(JSON.stringify(value));
}
function findProblem(value, path, parents, thrown) {
  if (typeof value === "bigint") {
    return `${path} is a BigInt (${value})`;
  }
  if (parents.includes(value)) {
    return `${path} refers back to an object that contains it`;
  }
  for (const [key, child] of members(value)) {
    try {
      JSON.stringify(child);
    } catch (error) {
      return findProblem(child, below(path, value, key), [...parents, value], error);
    }
  }
  return `${path}: ${serializeError(thrown).message}`;
}
function changeOf(value, name) {
  try {
    return firstChange(value, name);
  } catch {
    return void 0;
  }
}
function firstChange(value, path, inArray = true) {
  if (typeof value === "number" && !Number.isFinite(value)) {
    return `${path} is ${value}, which JSON turns into null`;
  }
  if (typeof value === "function" || typeof value === "symbol") {
    return `${path} is ${describeKind(value)}, which JSON ${inArray ? "turns into null" : "leaves out"}`;
  }
  if (isOpaque(value)) {
    return `${path} is of the class ${value.constructor.name}, and JSON keeps nothing of its contents`;
  }
  for (const [key, child] of members(value)) {
    const change = firstChange(child, below(path, value, key), Array.isArray(value));
    if (change !== void 0) {
      return change;
    }
  }
  return void 0;
}
var OPAQUE = [
  types2.isMap,
  types2.isSet,
  types2.isWeakMap,
  types2.isWeakSet,
  types2.isPromise,
  types2.isRegExp,
  types2.isNativeError,
  types2.isAnyArrayBuffer
];
function isOpaque(value) {
  return typeof value === "object" && value !== null && OPAQUE.some((is) => is(value)) && !hasToJson(value);
}
function members(value) {
  return typeof value === "object" && value !== null && !hasToJson(value) ? Object.entries(value) : [];
}
function hasToJson(value) {
  return "toJSON" in value && typeof value.toJSON === "function";
}
function below(path, holder, key) {
  if (Array.isArray(holder)) {
    return `${path}[${key}]`;
  }
  return /^[\w$]+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

// src/clock.ts
import { setTimeout as delay2 } from "node:timers/promises";
var systemClock = {
  now: () => Date.now(),
  sleep: async (milliseconds2, signal) => {
    try {
      await delay2(milliseconds2, void 0, signal ? { signal } : {});
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
  random: () => Math.random()
};

// src/runtime/wakers.ts
import { getEventListeners } from "node:events";
var known = /* @__PURE__ */ new WeakMap();
var timeoutPrototype = prototypeOfTimers();
var { unref } = timeoutPrototype;
function watchWakers() {
  timeoutPrototype.unref = function unrefAndNote() {
    const scope = callerScope();
    if (scope !== void 0) {
      wakersOf(scope).timers.push(new WeakRef(this));
    }
    return unref.call(this);
  };
  const { any } = AbortSignal;
  AbortSignal.any = (signals) => {
    const sources = [...signals];
    const signal = any.call(AbortSignal, sources);
    const scope = callerScope();
    if (scope !== void 0 && sources.some((source) => signalsOf(scope).includes(source))) {
      wakersOf(scope).derived.push(signal);
    }
    return signal;
  };
}
function quietTimer(milliseconds2, callback) {
  return unref.call(setTimeout(callback, milliseconds2));
}
function mayWake(scope, canAbort) {
  return wakersOf(scope).timers.some(isPending) || canAbort && signalsOf(scope).some((signal) => !signal.aborted && getEventListeners(signal, "abort").length > 0);
}
function wakersOf({ life }) {
  const wakers = known.get(life) ?? { timers: [], derived: [] };
  known.set(life, wakers);
  return wakers;
}
function signalsOf(scope) {
  return [scope.signal, ...wakersOf(scope).derived];
}
function isPending(timer) {
  const alive = timer.deref();
  return alive?._destroyed === false;
}
function prototypeOfTimers() {
  const timer = setTimeout(() => void 0);
  clearTimeout(timer);
  return Object.getPrototypeOf(timer);
}

// src/runtime/lambda-host.ts
function lambdaHost(context, idle2) {
  const { getRemainingTimeInMillis } = context ?? {};
  return {
    now: systemClock.now,
    random: systemClock.random,
    sleep: systemClock.sleep,
    remainingMs: () => getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY,
    alarm(milliseconds2, callback) {
      const timer = quietTimer(milliseconds2, callback);
      return () => clearTimeout(timer);
    },
    settled: (work, what) => idle2.settled(work, what)
  };
}

// src/runtime/errors.ts
var ABORT = "AbortTaskRunError";
var COMPLETE = "CompleteTaskWithOutput";
var OUT_OF_MEMORY = "OutOfMemoryError";
var WAIT_DOES_NOT_FIT = "WaitDoesNotFitError";
var FINAL_NAMES = [ABORT, "TaskPayloadParsedError", WAIT_DOES_NOT_FIT];
function isFinalError(error) {
  return FINAL_NAMES.includes(nameOf(error)) || isRefusedRequest(error);
}
function isOutOfMemory(error) {
  return nameOf(error) === OUT_OF_MEMORY || /ffmpeg was killed with signal SIGKILL/.test(String(member(error, "message")));
}
function nameOf(error) {
  return String(member(error, "name"));
}
function rateLimitReset(error) {
  const headers = member(error, "headers");
  const reset = Number(member(headers, "x-ratelimit-reset"));
  return isApiError(error) && member(error, "status") === 429 && reset > 0 ? reset : void 0;
}
function isRefusedRequest(error) {
  const status = Number(member(error, "status"));
  return isApiError(error) && status >= 400 && status < 500 && status !== 408 && status !== 429;
}
function isApiError(error) {
  return nameOf(error) === "TriggerApiError";
}
function member(value, key) {
  try {
    return value?.[key];
  } catch {
    return void 0;
  }
}

// src/runtime/result.ts
import { inspect as inspect2 } from "node:util";
function outputOf(dialect, returned) {
  if (dialect === "lifecycle") {
    return anyOutput(returned);
  }
  try {
    return taskResult(returned);
  } catch (cause) {
    return noTaskResult("what run returned cannot be read", cause);
  }
}
function anyOutput(returned) {
  const json = toJson(returned, "output");
  if ("problem" in json) {
    const message = redact(`what run returned cannot be written as JSON: ${json.problem}`);
    return { kind: "unwritable", answer: { error: { name: "TASK_OUTPUT_ERROR", message } } };
  }
  const answer = json.value === void 0 ? {} : { result: redactJson(json.value) };
  return { kind: "success", answer, ...warningOf(json) };
}
function warningOf(json) {
  return "change" in json && json.change !== void 0 ? { warning: redact(json.change) } : {};
}
function taskResult(returned) {
  const fault = faultOf(returned);
  if (fault !== void 0) {
    return noTaskResult(fault);
  }
  const { success, message, data } = returned;
  const head = { success, message: redact(message) };
  const json = toJson(data, "data");
  const value = "problem" in json ? void 0 : json.value;
  const problem = "problem" in json ? json.problem : problemOfData(value);
  if (problem !== void 0) {
    const text = `run returned success: ${success} with the message ${brief(message)}, but its data cannot be written as JSON: ${problem}. Return plain JSON values only.`;
    return {
      kind: "unwritable",
      answer: { result: head, error: { name: "ResultNotSerializable", message: redact(text) } }
    };
  }
  const result = value === void 0 ? head : { ...head, data: redactJson(value) };
  if (success) {
    return { kind: "success", answer: { result }, ...warningOf(json) };
  }
  const reason = Object.assign(new Error(message), { name: "TaskFailed" });
  return { kind: "failed", answer: { result }, reason, ...warningOf(json) };
}
function noTaskResult(fault, cause) {
  const reason = Object.assign(new TypeError(redact(fault), { cause }), { name: "NoTaskResult" });
  const { name, message } = reason;
  const chain = cause === void 0 ? {} : { cause: serializeError(cause) };
  return { kind: "failed", answer: { error: { name, message, ...chain } }, reason };
}
function problemOfData(value) {
  return value === void 0 || describeKind(value) === "an object" ? void 0 : "data turns into something else than an object";
}
function faultOf(returned) {
  const expected = "expected {success: boolean, message: string, data?: object}";
  if (typeof returned !== "object" || returned === null || Array.isArray(returned)) {
    const shown = typeof returned === "object" || returned === void 0 ? "" : `: ${brief(returned)}`;
    return `run returned no TaskResult but ${describeKind(returned)}${shown}; ${expected}`;
  }
  const { success, message, data } = returned;
  const faults = [
    typeof success === "boolean" ? [] : [`success is ${member2(success)}`],
    typeof message === "string" ? [] : [`message is ${member2(message)}`],
    data === void 0 || describeKind(data) === "an object" ? [] : [`data is ${member2(data)}`]
  ].flat();
  return faults.length === 0 ? void 0 : `run returned no TaskResult: ${faults.join(", ")}; ${expected}`;
}
function member2(value) {
  if (value === void 0) {
    return "missing";
  }
  return typeof value === "object" ? describeKind(value) : `${describeKind(value)} (${brief(value)})`;
}
function brief(value) {
  const text = inspect2(value, { depth: 0 });
  return text.length > 200 ? `${text.slice(0, 200)}\u2026` : text;
}
function fitting(result, limit) {
  const bytes = jsonBytes(result);
  if (bytes <= limit) {
    return { result };
  }
  const warning = `The result was cut: it has ${bytes} bytes as JSON, and an answer of Lambda holds 6 MB.`;
  if (faultOf(result) !== void 0) {
    return { warning };
  }
  const { success, message } = result;
  const head = { success, message };
  return {
    result: jsonBytes(head) <= limit ? head : { ...head, message: `${message.slice(0, limit / 6 - 1024)}\u2026` },
    warning
  };
}

// src/runtime/retry.ts
var DEFAULT_RETRY = {
  maxAttempts: 3,
  factor: 2,
  minTimeoutInMs: 1e3,
  maxTimeoutInMs: 6e4,
  randomize: true
};
function withDefaults(written = {}) {
  const { maxAttempts, factor, minTimeoutInMs, maxTimeoutInMs, randomize } = written;
  return {
    maxAttempts: maxAttempts ?? DEFAULT_RETRY.maxAttempts,
    factor: factor ?? DEFAULT_RETRY.factor,
    minTimeoutInMs: minTimeoutInMs ?? DEFAULT_RETRY.minTimeoutInMs,
    maxTimeoutInMs: maxTimeoutInMs ?? DEFAULT_RETRY.maxTimeoutInMs,
    randomize: randomize ?? DEFAULT_RETRY.randomize
  };
}
function retryDelay(options, failedAttempt, random) {
  const { maxAttempts, factor, minTimeoutInMs, maxTimeoutInMs, randomize } = options;
  if (failedAttempt >= maxAttempts) return void 0;
  const jitter = randomize ? 1 + random() : 1;
  const growth = Math.min(factor ** (failedAttempt - 1), Number.MAX_VALUE);
  return Math.round(Math.min(maxTimeoutInMs, jitter * minTimeoutInMs * growth));
}

// src/runtime/lifecycle/hooks.ts
function hooksOf(state, kind) {
  const global = globalHooks(kind).map(({ fn }) => ({ kind, scope: "global", fn }));
  const own = state.task.hook(kind);
  return own === void 0 ? global : [...global, { kind, scope: "task", fn: own }];
}
function callHook(state, hook, more = {}) {
  const { payload, ctx, task, signal } = state;
  const args = argumentsOf(hook, { payload, ctx, task: task.id, signal, ...more });
  return state.call(hook.kind, () => hook.fn(...args));
}
var OLDER = {
  middleware: [],
  init: [],
  onStart: [],
  cleanup: [],
  onSuccess: ["output"],
  onFailure: ["error"],
  catchError: ["error"]
};
function argumentsOf({ kind, fn }, params) {
  const between = OLDER[kind];
  if (fn.length < 2 || between === void 0) {
    return [params];
  }
  return [params.payload, ...between.map((name) => params[name]), params];
}
async function runUntilFault(state, kind, more = {}, onReturn = () => void 0) {
  for (const hook of hooksOf(state, kind)) {
    try {
      onReturn(await callHook(state, hook, more));
    } catch (thrown) {
      return { scope: hook.scope, thrown };
    }
  }
  return void 0;
}
async function runIsolated(state, kind, more) {
  for (const hook of hooksOf(state, kind)) {
    try {
      await callHook(state, hook, { init: state.init, ...more });
    } catch (thrown) {
      state.report(kind, hook.scope, thrown);
    }
  }
}

// src/runtime/lifecycle/failure.ts
async function failAttempt(state, thrown, { askCatchError = true } = {}) {
  const standard = { error: thrown, delayMs: defaultDelay(state, thrown) };
  if (state.cancelReason !== void 0) {
    return { status: "FAILED", error: serializeError(thrown) };
  }
  let decision = standard;
  if (askCatchError && !isFinalError(thrown)) {
    try {
      decision = bounded(state, apply(state, await catchError(state, standard), standard));
    } catch (error) {
      return crash(error, thrown);
    }
  }
  if (decision.delayMs === void 0) {
    await reportFailure(state, decision.error);
  }
  return failed(decision);
}
function failUncaught(state, thrown) {
  state.warnings.add(UNCAUGHT);
  return failed({ error: thrown, delayMs: defaultDelay(state, thrown) });
}
function failed({ error, delayMs }) {
  return {
    status: "FAILED",
    error: serializeError(error),
    ...delayMs === void 0 ? {} : { retry: { delayMs } },
    ...isOutOfMemory(error) ? { outOfMemory: true } : {}
  };
}
async function reportFailure(state, error) {
  await runIsolated(state, "onFailure", { error });
  await runIsolated(state, "onComplete", { result: { ok: false, error } });
}
function defaultDelay({ event, host, task }, thrown) {
  const { number, maxAttempts } = event.attempt;
  if (number >= maxAttempts || isFinalError(thrown) || isOutOfMemory(thrown) && !hasLargerMachine(task, event)) {
    return void 0;
  }
  const delay3 = retryDelay({ ...event.retry, maxAttempts }, number, host.random);
  const reset = rateLimitReset(thrown);
  return reset === void 0 ? delay3 : Math.max(0, reset - host.now()) + Math.floor(host.random() * 2e3);
}
async function catchError(state, { error, delayMs }) {
  const { event, host, init } = state;
  const params = {
    error,
    init,
    retry: event.retry,
    retryAt: delayMs === void 0 ? void 0 : new Date(host.now() + delayMs),
    retryDelayInMs: delayMs
  };
  const hooks = hooksOf(state, "catchError");
  const ownFirst = [
    ...hooks.filter(({ scope }) => scope === "task"),
    ...hooks.filter(({ scope }) => scope === "global")
  ];
  for (const hook of ownFirst) {
    const answer = await callHook(state, hook, params);
    if (answer) {
      return answer;
    }
  }
  return void 0;
}
function apply(state, answer, standard) {
  if (answer === void 0) {
    return standard;
  }
  const { skipRetrying, retryAt, retryDelayInMs, retry } = answer;
  const error = answer.error ?? standard.error;
  if (skipRetrying) {
    return { error, delayMs: void 0 };
  }
  if (retryAt !== void 0) {
    return { error, delayMs: milliseconds(Number(retryAt) - state.host.now(), "retryAt") };
  }
  if (retryDelayInMs !== void 0) {
    return { error, delayMs: milliseconds(Number(retryDelayInMs), "retryDelayInMs") };
  }
  if (retry) {
    return { error, delayMs: retryDelay(withDefaults(retry), state.event.attempt.number, state.host.random) };
  }
  return { error, delayMs: standard.delayMs };
}
function milliseconds(value, name) {
  if (Number.isNaN(value)) {
    throw new TypeError(`catchError returned a ${name} that is no time`);
  }
  return Math.max(0, Math.round(value));
}
function bounded({ event, task, warnings }, { error, delayMs }) {
  const { number, maxAttempts } = event.attempt;
  if (delayMs === void 0) {
    return { error, delayMs };
  }
  if (number >= maxAttempts) {
    warnings.add(`catchError asked for another attempt after the last one (${number} of ${maxAttempts}): refused`);
    return { error, delayMs: void 0 };
  }
  return { error, delayMs: isOutOfMemory(error) && !hasLargerMachine(task, event) ? void 0 : delayMs };
}
function hasLargerMachine(task, event) {
  const defaults = registry().config?.retries?.default;
  const machines = [task.retry, event.config.retry, defaults].map(outOfMemoryMachine);
  const machine = machines.find((name) => name !== void 0);
  return machine !== void 0 && machine !== event.machine.name;
}
function outOfMemoryMachine(retry) {
  const machine = retry?.outOfMemory?.machine;
  const name = typeof machine === "object" && machine !== null && "preset" in machine ? machine.preset : machine;
  return typeof name === "string" ? name : void 0;
}
function crash(error, asked) {
  const thrown = serializeError(error);
  const original = serializeError(asked);
  return {
    status: "CRASHED",
    error: {
      name: "HANDLE_ERROR_ERROR",
      message: `catchError threw: ${thrown.message}; it was asked about: ${original.message}`,
      cause: thrown.cause === void 0 && error !== asked ? { ...thrown, cause: original } : thrown
    }
  };
}

// src/runtime/lifecycle/host.ts
async function settlesWithin(host, work, milliseconds2) {
  const done = new AbortController();
  const inTime = work.then(
    () => true,
    () => true
  );
  const late = host.sleep(milliseconds2, done.signal).then(
    () => false,
    () => false
  );
  try {
    return await Promise.race([inTime, late]);
  } finally {
    done.abort();
  }
}

// src/runtime/metadata.ts
import { isDeepStrictEqual } from "node:util";
var LIMIT_BYTES = 256 * 1024;
var Metadata = class {
  data = {};
  refused;
  constructor(refused) {
    this.refused = refused;
  }
  /** A copy. */
  current() {
    return structuredClone(this.data);
  }
  get(key) {
    return structuredClone(stepsOf(key).reduce(memberOf, this.data));
  }
  set(key, value) {
    this.change(key, () => jsonOf(value));
  }
  del(key) {
    this.change(key, () => void 0);
  }
  /** Adds to the list at `key`; what is no list yet becomes the first member of one. */
  append(key, value) {
    this.change(key, (old) => [...old === void 0 ? [] : [old].flat(), jsonOf(value)]);
  }
  /** Takes every member that equals `value` out of the list at `key`. */
  remove(key, value) {
    const unwanted = jsonOf(value);
    this.change(
      key,
      (old) => Array.isArray(old) ? old.filter((member3) => !isDeepStrictEqual(member3, unwanted)) : old
    );
  }
  /** Adds to the number at `key`; anything else counts as 0. */
  increment(key, by) {
    this.change(key, (old) => (typeof old === "number" ? old : 0) + by);
  }
  replace(data) {
    this.keep(asRecord(jsonOf(data)));
  }
  change(key, change) {
    const steps = stepsOf(key);
    if (steps.some((step, at) => !isReachable(steps.slice(0, at).reduce(memberOf, this.data), step))) {
      this.refused(`metadata: ${JSON.stringify(key)} leaves a gap in a list`);
      return;
    }
    this.keep(asRecord(changed(this.data, steps, change)));
  }
  keep(data) {
    const json = JSON.stringify(data);
    if (isTooDeep(json)) {
      this.refused(`metadata: a change was refused, it would have made more than ${MAX_JSON_DEPTH} levels`);
      return;
    }
    const bytes = Buffer.byteLength(json);
    if (bytes > LIMIT_BYTES) {
      this.refused(`metadata: a change was refused, it would have made ${bytes} bytes of at most ${LIMIT_BYTES}`);
      return;
    }
    this.data = data;
  }
};
function stepsOf(key) {
  if (!key.startsWith("$.")) {
    return [key];
  }
  const found = key.slice(1).matchAll(/\.([^.[\]]+)|\[(\d+)\]|\[(["'])(.*?)\3\]/g);
  return [...found].map(([, name, index, , quoted]) => index === void 0 ? name ?? quoted ?? "" : Number(index));
}
function memberOf(container, step) {
  return typeof container === "object" && container !== null && Object.hasOwn(container, step) ? container[step] : void 0;
}
function isReachable(container, step) {
  return typeof step === "string" || step <= (Array.isArray(container) ? container.length : 0);
}
function changed(container, steps, change) {
  const [step, ...rest] = steps;
  if (step === void 0) {
    return change(container);
  }
  const value = changed(memberOf(container, step), rest, change);
  if (value === void 0 && container === void 0) {
    return void 0;
  }
  if (typeof step === "number") {
    const list = Array.isArray(container) ? container : [];
    return value === void 0 ? list.toSpliced(step, 1) : list.toSpliced(step, 1, value);
  }
  const entries = Object.entries(asRecord(container));
  const at = entries.findIndex(([name]) => name === step);
  const replacement = value === void 0 ? [] : [[step, value]];
  return Object.fromEntries(entries.toSpliced(at === -1 ? entries.length : at, 1, ...replacement));
}
function asRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
function jsonOf(value) {
  return value === void 0 ? void 0 : JSON.parse(JSON.stringify(value) ?? "null");
}

// src/runtime/lifecycle/state.ts
var MOST_PROBLEMS = 50;
var AttemptState = class {
  task;
  event;
  host;
  ctx;
  abort = new AbortController();
  metadata;
  problems = [];
  warnings = /* @__PURE__ */ new Set();
  /** What `run` comes to: `runPromise` of `onCancel`. */
  run = new Deferred();
  pending = [];
  payload;
  /** What the `init` hooks returned; undefined until they have run. */
  init;
  /** Middleware has let the attempt through. */
  reachedRun = false;
  /** Why it is cancelled, once it is. */
  cancelReason;
  /** The answer is decided: nothing more of the author's is called. */
  ended = false;
  /** What of the author's was called last. */
  current = Promise.resolve();
  /** Ends the attempt when its time of work is over, in case the event loop was too busy for the alarm. */
  checkLimit = () => void 0;
  problemCount = 0;
  constructor(task, event, host) {
    this.task = task;
    this.event = event;
    this.host = host;
    this.ctx = contextOf(event, task.file, new Date(host.now()));
    this.metadata = new Metadata((reason) => this.warnings.add(reason));
  }
  get signal() {
    return this.abort.signal;
  }
  /** Notes a hook that threw without failing the attempt. */
  report(hook, scope, thrown) {
    this.problemCount += 1;
    if (this.problemCount <= MOST_PROBLEMS) {
      this.problems.push({ hook, scope, error: serializeError(thrown) });
    } else {
      this.warnings.add(`more than ${MOST_PROBLEMS} errors in hooks: only the first are listed`);
    }
  }
  /** Calls code of the author's, unless the answer is decided by then. `what` names it. */
  async call(what, fn) {
    await this.gate();
    const work = this.host.settled((async () => fn())(), what);
    this.current = work;
    return work;
  }
  /** Never settles once the answer is decided, so that what would have followed does not happen. */
  async gate() {
    if (this.ended) {
      await new Promise(() => void 0);
    }
  }
};
var Deferred = class {
  promise;
  resolve = () => void 0;
  reject = () => void 0;
  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => void 0);
  }
};

// src/runtime/lifecycle/interruption.ts
var GRACE_MS = 1e3;
var CANCEL_HOOKS_MS = 3e4;
var Interruption = class {
  state;
  ending = new Deferred();
  executed = this.ending.promise;
  /** The outcome is decided, whatever the task does now. */
  begun = false;
  /** What was interrupted went on after its time to react. */
  isStuck = false;
  constructor(state) {
    this.state = state;
  }
  /** What the attempt comes to: what was executed, or what interrupted it. */
  over(executed) {
    this.executed = executed;
    const undisturbed = executed.then((ending) => this.begun ? this.ending.promise : ending);
    return Promise.race([undisturbed, this.ending.promise]);
  }
  /** No hook runs from now on; what is running may still react to the signal. */
  timeOut() {
    if (this.begin()) {
      this.state.ended = true;
      this.afterTimeOut().then(this.ending.resolve, this.ending.reject);
    }
  }
  /** `run` and what follows it go on as long as the hooks for it, and a moment more. */
  cancel(reason = "Canceled by user") {
    if (this.begin()) {
      this.state.cancelReason = reason;
      this.afterCancel(reason).then(this.ending.resolve, this.ending.reject);
    }
  }
  begin() {
    const first = !this.begun && !this.state.ended;
    this.begun ||= first;
    return first;
  }
  async afterTimeOut() {
    const { host, event, abort, current, warnings } = this.state;
    const message = `the attempt exceeded its maxDuration of ${event.maxDuration} s`;
    abort.abort(Object.assign(new Error(message), { name: "TaskRunExceededMaxDuration" }));
    if (!await settlesWithin(host, current, GRACE_MS)) {
      this.isStuck = true;
      warnings.add(UNSTOPPED);
    }
    return { status: "TIMED_OUT", error: { name: "MAX_DURATION_EXCEEDED", message } };
  }
  async afterCancel(reason) {
    const { host, abort, run, warnings } = this.state;
    if (!this.state.reachedRun) {
      run.reject(new Error(`run was not started: ${reason}`));
    }
    abort.abort("run cancelled");
    const hooks = runIsolated(this.state, "onCancel", { runPromise: run.promise });
    if (!await settlesWithin(host, hooks, CANCEL_HOOKS_MS)) {
      warnings.add(`onCancel had not ended after ${CANCEL_HOOKS_MS / 1e3} s`);
    }
    if (!await settlesWithin(host, this.executed, GRACE_MS)) {
      this.isStuck = true;
      warnings.add(UNSTOPPED);
    }
    this.state.ended = true;
    return { status: "CANCELED", error: { name: "TASK_RUN_CANCELLED", message: reason } };
  }
};

// src/runtime/lifecycle/middleware.ts
var MiddlewareError = class extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
};
async function throughMiddleware(state, inside) {
  const layers = hooksOf(state, "middleware");
  let fault;
  const run = async (index) => {
    const hook = layers[index];
    if (hook === void 0) {
      return inside();
    }
    const next = new Next(() => run(index + 1).then(() => state.gate()));
    try {
      await callHook(state, hook, { next: () => next.call() });
    } catch (thrown) {
      fault = { scope: hook.scope, thrown };
    }
    const misuse = await next.close();
    if (misuse !== void 0 && fault === void 0) {
      fault = { scope: hook.scope, thrown: misuse };
    }
    if (fault !== void 0) {
      throw fault.thrown;
    }
  };
  try {
    await run(0);
  } catch (thrown) {
    return fault ?? { scope: "global", thrown };
  }
  return void 0;
}
var Next = class {
  inside;
  running;
  misuse;
  constructor(inside) {
    this.inside = inside;
  }
  call() {
    if (this.running === void 0 && this.misuse === void 0) {
      this.running = quiet(this.inside());
      return this.running;
    }
    this.misuse ??= new MiddlewareError("NextCalledTwiceError", "the middleware called next() twice");
    return quiet(Promise.reject(this.misuse));
  }
  /** After the middleware has returned: waits for what it did not, and answers what it did wrong. */
  async close() {
    if (this.running === void 0) {
      this.misuse ??= new MiddlewareError(
        "NextNotCalledError",
        "the middleware returned without calling next(), so the task did not run"
      );
    }
    await this.running?.catch(() => void 0);
    return this.misuse;
  }
};
function quiet(promise) {
  promise.catch(() => void 0);
  return promise;
}

// src/runtime/lifecycle/payload.ts
async function payloadOf({ task, event }) {
  const checked = task.schema === void 0 ? event.payload : await checkOf(task.schema)(event.payload);
  return withDeployment(checked, event);
}
function inputError(thrown) {
  const cause = serializeError(thrown);
  return { name: "TASK_INPUT_ERROR", message: `the payload was refused: ${cause.message}`, cause };
}
function checkOf(schema) {
  const { "~standard": standard, ...methods } = membersOf(schema);
  if (typeof standard?.validate === "function") {
    return (value) => checkByStandard(standard, value);
  }
  const { assert } = methods;
  if (typeof schema === "function" && typeof assert !== "function") {
    return (value) => schema(value);
  }
  const converter = [methods.parseAsync, methods.parse, methods.validateSync, methods.create].find(
    (method) => typeof method === "function"
  );
  if (typeof converter === "function") {
    return (value) => converter.call(schema, value);
  }
  if (typeof assert === "function") {
    return (value) => assert.call(schema, value) ?? value;
  }
  throw new TypeError("schema is nothing that checks a payload");
}
async function checkByStandard(standard, value) {
  const { issues, value: checked } = await standard.validate(value);
  if (issues !== void 0) {
    throw new TypeError(issues.map(sentence).join("; ") || "no reason was given");
  }
  return checked;
}
function sentence({ message, path = [] }) {
  const steps = path.map(
    (step) => String(typeof step === "object" && step !== null ? step.key : step)
  );
  return steps.length === 0 ? message : `${steps.join(".")}: ${message}`;
}
function membersOf(schema) {
  const names = ["~standard", "assert", "parseAsync", "parse", "validateSync", "create"];
  return Object.fromEntries(names.map((name) => [name, schema?.[name]]));
}

// src/runtime/lifecycle/stopwatch.ts
var Stopwatch = class {
  /** Milliseconds spent in waits so far, of those that have ended. */
  waitedMs = 0;
  host;
  onLimit;
  workedMs = 0;
  since;
  waits = 0;
  limitMs;
  stopAlarm = () => void 0;
  /** Calls `onLimit` once when the time of work exceeds the limit; without a limit never. */
  constructor(host, limitMs, onLimit) {
    this.host = host;
    this.limitMs = limitMs ?? Number.POSITIVE_INFINITY;
    this.onLimit = onLimit;
    this.since = host.now();
    this.setAlarm();
  }
  /** Does not count the time that `wait` takes. */
  async pausedDuring(wait) {
    this.waits += 1;
    if (this.waits === 1) {
      this.lap((ms) => {
        this.workedMs += ms;
      });
      this.stopAlarm();
    }
    try {
      await wait();
    } finally {
      this.waits -= 1;
      if (this.waits === 0) {
        this.lap((ms) => {
          this.waitedMs += ms;
        });
        this.setAlarm();
      }
    }
  }
  /** True when the limit has passed, also when the event loop was too busy for the alarm. */
  get exceeded() {
    const running = this.waits === 0 ? this.host.now() - this.since : 0;
    return this.workedMs + running > this.limitMs;
  }
  stop() {
    this.stopAlarm();
    this.stopAlarm = () => void 0;
  }
  lap(add) {
    const now = this.host.now();
    add(now - this.since);
    this.since = now;
  }
  setAlarm() {
    if (Number.isFinite(this.limitMs)) {
      this.stopAlarm = this.host.alarm(Math.max(0, this.limitMs - this.workedMs), this.onLimit);
    }
  }
};

// src/runtime/lifecycle/waits.ts
var MARGIN_MS = 1e3;
var WaitDoesNotFitError = class extends Error {
  constructor(waitMs, remainingMs) {
    super(
      `a wait of ${seconds(waitMs)} does not fit: the function ends in ${seconds(remainingMs)}. A deploy-time task runs for 15 minutes at most: split it, or wait outside of it.`
    );
    this.name = WAIT_DOES_NOT_FIT;
  }
};
async function waitUntil(state, stopwatch, date) {
  const milliseconds2 = assertFits(state, date);
  if (milliseconds2 > LONGEST_PAUSE_MS) {
    const wait = { type: "duration", date };
    await runWithoutHooks(state, () => runIsolated(state, "onWait", { wait }));
    await stopwatch.pausedDuring(() => pause2(state, date));
    await runWithoutHooks(state, () => runIsolated(state, "onResume", { wait }));
  } else if (milliseconds2 > 0) {
    await pause2(state, date);
  }
}
function runWithoutHooks(state, body) {
  const scope = attemptScope();
  const plain = async (date) => {
    assertFits(state, date);
    await pause2(state, date);
  };
  return scope === void 0 ? body() : runInScope({ ...scope, waitUntil: plain }, body);
}
function assertFits({ host }, date) {
  const milliseconds2 = date.getTime() - host.now();
  const remaining = host.remainingMs();
  if (milliseconds2 > remaining - MARGIN_MS) {
    throw new WaitDoesNotFitError(milliseconds2, remaining);
  }
  return milliseconds2;
}
function pause2({ host, signal }, date) {
  return host.sleep(Math.max(0, date.getTime() - host.now()), signal);
}
function seconds(milliseconds2) {
  return `${Math.round(milliseconds2 / 1e3)} s`;
}

// src/runtime/lifecycle/attempt.ts
var PENDING_MS = 6e4;
function startAttempt(task, event, host) {
  const state = new AttemptState(task, event, host);
  const interruption = new Interruption(state);
  const limit = event.maxDuration === void 0 ? void 0 : event.maxDuration * 1e3;
  const stopwatch = new Stopwatch(host, limit, () => interruption.timeOut());
  state.checkLimit = () => {
    if (stopwatch.exceeded) interruption.timeOut();
  };
  const scope = scopeOf(state, stopwatch);
  const executed = runInScope(scope, () => execute(state));
  const ended = interruption.over(executed).finally(() => {
    state.ended = true;
    stopwatch.stop();
  });
  return {
    outcome: ended.then((ending) => outcomeOf(state, ending, stopwatch)),
    cancel: (reason) => runInScope(scope, () => interruption.cancel(reason)),
    metadata: () => metadataOf(state),
    uncaught(thrown) {
      if (interruption.begun) {
        state.warnings.add(`an error that nothing caught, after the signal had aborted: ${textOf(thrown)}`);
        return void 0;
      }
      state.ended = true;
      return outcomeOf(state, failUncaught(state, thrown), stopwatch);
    },
    isStuck: () => interruption.isStuck,
    scope
  };
}
function textOf(thrown) {
  const { name, message } = serializeError(thrown);
  return `${name}: ${message}`;
}
function scopeOf(state, stopwatch) {
  return {
    life: { ended: false },
    signal: state.signal,
    locals: /* @__PURE__ */ new Map(),
    metadata: state.metadata,
    hooks: {},
    waitAtEnd(work) {
      state.pending.push(Promise.resolve(work).catch((thrown) => state.report("waitUntil", "task", thrown)));
    },
    warn: (reason) => state.warnings.add(reason),
    now: state.host.now,
    random: state.host.random,
    waitUntil: (date) => waitUntil(state, stopwatch, date)
  };
}
function outcomeOf(state, ending, { waitedMs }) {
  const { problems, warnings } = state;
  const metadata = metadataOf(state);
  return {
    ...ending,
    ...problems.length === 0 ? {} : { hooks: [...problems] },
    ...Object.keys(metadata).length === 0 ? {} : { metadata },
    ...waitedMs === 0 ? {} : { waitedMs },
    ...warnings.size === 0 ? {} : { warnings: [...warnings] }
  };
}
function metadataOf(state) {
  return redactJson(state.metadata.current());
}
async function execute(state) {
  try {
    state.payload = await state.call("the schema", () => payloadOf(state));
  } catch (thrown) {
    state.run.reject(thrown);
    return { status: "FAILED", error: inputError(thrown) };
  }
  let ending;
  const fault = await throughMiddleware(state, async () => {
    ending = await insideMiddleware(state);
  });
  return fault === void 0 && ending !== void 0 ? ending : failedMiddleware(state, ending, fault);
}
async function insideMiddleware(state) {
  state.reachedRun = true;
  const tried = await tryRun(state);
  const ending = "thrown" in tried ? await failAttempt(state, tried.thrown) : await succeed(state, tried.returned);
  const cleaned = ending.status === "CRASHED" ? ending : await cleanUp(state, ending);
  if (state.pending.length > 0 && !await settlesWithin(state.host, Promise.all(state.pending), PENDING_MS)) {
    state.warnings.add(`work handed to waitUntil() had not ended after ${PENDING_MS / 1e3} s`);
  }
  return cleaned;
}
async function tryRun(state) {
  try {
    await prepare(state);
    const returned = await callRun(state);
    state.run.resolve(returned);
    return { returned };
  } catch (thrown) {
    state.run.reject(thrown);
    return { thrown };
  }
}
async function prepare(state) {
  assertNotCancelled(state);
  const init = {};
  const initFault = await runUntilFault(state, "init", {}, (value) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      Object.assign(init, value);
    }
  });
  state.init = init;
  tolerate(state, "init", initFault);
  if (state.event.attempt.number === 1) {
    tolerate(state, "onStart", await runUntilFault(state, "onStart", { init }));
  }
  const fault = await runUntilFault(state, "onStartAttempt");
  if (fault !== void 0) {
    throw fault.thrown;
  }
}
function tolerate(state, kind, fault) {
  if (fault === void 0) {
    return;
  }
  if (state.event.strictHooks) {
    throw fault.thrown;
  }
  state.report(kind, fault.scope, fault.thrown);
}
function assertNotCancelled({ cancelReason }) {
  if (cancelReason !== void 0) {
    throw new Error(`run was not started: ${cancelReason}`);
  }
}
async function callRun(state) {
  assertNotCancelled(state);
  const { event, payload, ctx, signal, init } = state;
  const { dialect, run } = state.task;
  try {
    return await state.call(
      "run",
      () => dialect === "lumo" ? run(taskContextOf(event)) : run(payload, { ctx, init, signal })
    );
  } catch (thrown) {
    if (nameOf(thrown) === COMPLETE) {
      return thrown.output;
    }
    throw thrown;
  } finally {
    await new Promise((resolve) => setImmediate(resolve));
    state.checkLimit();
  }
}
async function succeed(state, returned) {
  const output2 = outputOf(state.task.dialect, returned);
  if ("warning" in output2) {
    state.warnings.add(output2.warning);
  }
  switch (output2.kind) {
    case "unwritable":
      return { status: "FAILED", ...output2.answer };
    case "failed":
      await reportFailure(state, output2.reason);
      return { status: "FAILED", ...output2.answer };
    case "success":
      await runIsolated(state, "onSuccess", { output: returned });
      await runIsolated(state, "onComplete", { result: { ok: true, data: returned }, output: returned });
      return { status: "COMPLETED", ...output2.answer };
  }
}
async function cleanUp(state, ending) {
  const fault = await runUntilFault(state, "cleanup", { init: state.init });
  if (fault === void 0) {
    return ending;
  }
  if (ending.status === "COMPLETED") {
    return failAttempt(state, fault.thrown, { askCatchError: false });
  }
  state.report("cleanup", fault.scope, fault.thrown);
  return ending;
}
async function failedMiddleware(state, ending, fault = { scope: "global", thrown: new Error("the middleware ended without an outcome") }) {
  state.run.reject(fault.thrown);
  if (ending === void 0 || ending.status === "COMPLETED") {
    return failAttempt(state, fault.thrown);
  }
  state.report("middleware", fault.scope, fault.thrown);
  return ending;
}

// src/runtime/output.ts
import { AsyncLocalStorage as AsyncLocalStorage2 } from "node:async_hooks";
import { format } from "node:util";

// src/runtime/line-buffer.ts
import { StringDecoder } from "node:string_decoder";
var KEPT_BYTES = 256 * 1024;
var LINE_LENGTH = 16 * 1024;
var PENDING_LENGTH = 4 * LINE_LENGTH;
var LINE_OVERHEAD = 48;
var newPending = () => ({ decoder: new StringDecoder("utf8"), text: "", lost: 0 });
var LineBuffer = class {
  pending = { stdout: newPending(), stderr: newPending() };
  lines = [];
  /** Index of the first line that is still kept. */
  first = 0;
  bytes = 0;
  count = 0;
  /** Takes what was written to a stream, in chunks as they come: a line or a character may be spread over several. */
  write(stream, chunk) {
    const pending = this.pending[stream];
    const text = typeof chunk === "string" ? chunk : pending.decoder.write(Buffer.from(chunk));
    const parts = text.split("\n");
    const rest = parts.pop() ?? "";
    for (const part of parts) {
      this.append(pending, part);
      this.endLine(stream);
    }
    this.append(pending, rest);
  }
  /** Takes one whole message, e.g. of `console.log`. */
  message(stream, text) {
    for (const line of text.split(/\r?\n/)) {
      this.add(stream, line, 0);
    }
  }
  /** Number of the latest line that has ended. */
  get last() {
    return this.count;
  }
  /** The latest lines that have ended, about `limit` bytes of them as JSON. */
  latest(limit) {
    let bytes = 0;
    const before = this.lines.findLastIndex((entry, index) => {
      bytes += entry.bytes;
      return index < this.first || bytes > limit;
    });
    return this.lines.slice(before + 1).map(({ line }) => line);
  }
  /** The lines that are kept, unfinished ones included. */
  take() {
    for (const stream of ["stdout", "stderr"]) {
      const pending = this.pending[stream];
      this.append(pending, pending.decoder.end());
      if (pending.text !== "") {
        this.endLine(stream);
      }
    }
    const logs = this.lines.slice(this.first).map(({ line }) => line);
    return { logs, droppedLines: this.count - logs.length };
  }
  append(pending, text) {
    const room = Math.max(0, PENDING_LENGTH - pending.text.length);
    pending.text += text.slice(0, room);
    pending.lost += Math.max(0, text.length - room);
  }
  endLine(stream) {
    const { text, lost } = this.pending[stream];
    this.pending[stream].text = "";
    this.pending[stream].lost = 0;
    this.add(stream, text.endsWith("\r") ? text.slice(0, -1) : text, lost);
  }
  add(stream, raw, lost) {
    const redacted = redact(raw);
    const cut2 = Math.max(0, redacted.length - LINE_LENGTH) + lost;
    const text = cut2 === 0 ? redacted : `${redacted.slice(0, LINE_LENGTH)}\u2026 (${cut2} more characters)`;
    this.count += 1;
    const entry = { line: { number: this.count, stream, text }, bytes: Buffer.byteLength(text) + LINE_OVERHEAD };
    this.lines.push(entry);
    this.bytes += entry.bytes;
    this.dropOldest();
  }
  dropOldest() {
    while (this.bytes > KEPT_BYTES) {
      this.bytes -= this.lines[this.first]?.bytes ?? 0;
      this.first += 1;
    }
    if (this.first > 4096 && this.first * 2 > this.lines.length) {
      this.lines = this.lines.slice(this.first);
      this.first = 0;
    }
  }
};

// src/runtime/output.ts
var CONSOLE_METHODS = {
  debug: "stdout",
  info: "stdout",
  log: "stdout",
  trace: "stderr",
  warn: "stderr",
  error: "stderr"
};
var Output = class {
  current = new LineBuffer();
  owner = new AsyncLocalStorage2();
  insideConsole = false;
  writeStdout;
  constructor() {
    this.writeStdout = process.stdout.write.bind(process.stdout);
    this.hookStream("stdout");
    this.hookStream("stderr");
    for (const [method, stream] of Object.entries(CONSOLE_METHODS)) {
      this.hookConsole(method, stream);
    }
  }
  /**
   * Runs `body` as one attempt and collects what is written meanwhile, along with what was written before the first
   * attempt, while the task's file was loaded. What an earlier attempt left running writes to the logs of the function only.
   */
  collect(body) {
    const lines = this.current;
    return this.owner.run(lines, () => body(lines)).finally(() => {
      this.current = new LineBuffer();
    });
  }
  /** Writes to the logs of the function without being listened to. */
  writeUnheard(text) {
    this.writeStdout(text);
  }
  get lines() {
    return this.owner.getStore() ?? this.current;
  }
  hookStream(stream) {
    const target = process[stream];
    const write = target.write.bind(target);
    const hooked = (chunk, encoding, callback) => {
      const bytes = toBytes(chunk, encoding);
      if (bytes === void 0 || this.insideConsole) {
        return write(chunk, encoding, callback);
      }
      this.lines.write(stream, bytes);
      const text = typeof bytes === "string" ? bytes : Buffer.from(bytes).toString();
      const redacted = redact(text);
      const done = typeof encoding === "function" ? encoding : callback;
      return redacted === text ? write(chunk, encoding, callback) : write(redacted, "utf8", done);
    };
    target.write = hooked;
  }
  hookConsole(method, stream) {
    const original = console[method].bind(console);
    console[method] = (...args) => {
      if (this.insideConsole) {
        original(...args);
        return;
      }
      const text = format(...args);
      const redacted = redact(text);
      this.lines.message(stream, redacted);
      this.insideConsole = true;
      try {
        original(...redacted === text ? args : [redacted]);
      } finally {
        this.insideConsole = false;
      }
    };
  }
};
function toBytes(chunk, encoding) {
  if (chunk instanceof Uint8Array) {
    return chunk;
  }
  if (typeof chunk !== "string") {
    return void 0;
  }
  const known2 = typeof encoding === "string" && Buffer.isEncoding(encoding) ? encoding : "utf8";
  return /^utf-?8$/i.test(known2) ? chunk : Buffer.from(chunk, known2);
}

// src/runtime/process-state.ts
var PER_INVOCATION = /^_X_AMZN_/;
function processState() {
  return { cwd: process.cwd(), env: { ...process.env } };
}
function restoreProcess({ cwd, env }) {
  if (process.cwd() !== cwd) process.chdir(cwd);
  const names = /* @__PURE__ */ new Set([...Object.keys(env), ...Object.keys(process.env)]);
  for (const name of names) {
    if (PER_INVOCATION.test(name) || process.env[name] === env[name]) continue;
    if (env[name] === void 0) delete process.env[name];
    else process.env[name] = env[name];
  }
}
function processListeners() {
  return new Map(process.eventNames().map((event) => [event, listenersOf(event)]));
}
function removeListenersSince(before) {
  for (const event of process.eventNames()) {
    const added = [...listenersOf(event)];
    for (const listener of before.get(event) ?? []) {
      const at = added.indexOf(listener);
      if (at !== -1) added.splice(at, 1);
    }
    for (const listener of added) process.removeListener(event, listener);
  }
}
function listenersOf(event) {
  return process.rawListeners(event);
}

// src/runtime/uncaught.ts
var EVENTS = ["uncaughtException", "unhandledRejection"];
var UncaughtGuard = class {
  onStray;
  onUncaught;
  /** `onStray` is told of errors in what an attempt that is over has left running: they are nobody's any more. */
  constructor(onStray) {
    this.onStray = onStray;
    const emit = process.emit;
    process.emit = ((event, ...args) => EVENTS.includes(event) && this.takes(args[0]) ? true : Reflect.apply(emit, process, [event, ...args]));
  }
  /** From now on `onUncaught` is told of errors of the present attempt, and of those that belong to none. */
  start(onUncaught) {
    this.onUncaught = onUncaught;
  }
  stop() {
    this.onUncaught = void 0;
  }
  takes(error) {
    const listener = callerScope()?.life.ended === true ? this.onStray : this.onUncaught;
    listener?.(error);
    return listener !== void 0;
  }
};

// src/runtime/config.ts
var KEY = "trigger.config";
function setConfig(config, exports = {}) {
  const known2 = typeof config === "object" && config !== null ? config : {};
  registry().config = known2;
  const { handleError } = exports;
  for (const kind of HOOK_KINDS) {
    const fn = ownHook({ handleError, ...known2 }, kind);
    if (fn !== void 0) {
      registerHook(kind, { key: KEY, fn });
    }
  }
}

// src/runtime/written-values.ts
var TAG = "lumo:value";
function writableValues(value) {
  return JSON.parse(
    JSON.stringify(value, (_key, each) => isLost(each) ? { [TAG]: [typeof each, String(each)] } : each)
  );
}
function isLost(value) {
  return ["bigint", "function", "symbol"].includes(typeof value) || typeof value === "number" && !Number.isFinite(value);
}

// src/runtime/describe.ts
var HOOK_NAMES = [...HOOK_KINDS, "handleError"];
var KNOWN_MEMBERS = ["id", "run", "description", "retry", "queue", "machine", "maxDuration", "schema"];
var KNOWN_CONFIG = ["retries", "machine", "maxDuration", "logLevel"];
var ELSEWHERE = [
  "project",
  "dirs",
  "triggerDirectories",
  "ignorePatterns",
  "runtime",
  "tsconfig",
  "tsconfigPath",
  "build",
  "deploy",
  "additionalFiles",
  "additionalPackages",
  "dependenciesToBundle",
  "postInstall",
  "enableConsoleLogging",
  "disableConsoleInterceptor",
  "legacyDevProcessCwdBehaviour",
  "compatibilityFlags",
  "features"
];
function describeTasks(module, { lumoId }) {
  const { tasks, config, collisions } = registry();
  const global = HOOK_KINDS.filter((kind) => globalHooks(kind).length > 0);
  const registered = [...tasks.values()].sort((a, b) => a.order - b.order).map((task) => describe(task, global));
  const lumo = {
    id: lumoId,
    dialect: "lumo",
    schema: false,
    hooks: { own: [], global },
    noHooks: [],
    ignored: [],
    order: -1
  };
  return writableValues({
    tasks: findRun(module) === void 0 ? registered : [lumo, ...registered],
    ...config === void 0 ? {} : { config: describeConfig(config) },
    collisions
  });
}
function describe({ id, definition, order }, global) {
  const { description, retry, queue, machine, maxDuration, schema } = definition;
  return {
    id,
    dialect: "lifecycle",
    ...present({ description, retry, queue, machine, maxDuration }),
    schema: schema !== void 0,
    hooks: { own: HOOK_KINDS.filter((kind) => ownHook(definition, kind) !== void 0), global },
    noHooks: noHooksOf(definition),
    ignored: unread(definition, KNOWN_MEMBERS),
    order
  };
}
function describeConfig(config) {
  const { retries, machine, maxDuration } = config;
  const retry = retries?.default;
  return {
    ...present({ retry, machine, maxDuration }),
    noHooks: noHooksOf(config),
    ignored: unread(config, [...KNOWN_CONFIG, ...ELSEWHERE])
  };
}
function noHooksOf(members2) {
  return HOOK_NAMES.flatMap((name) => {
    const hook = members2[name] ?? false;
    return hook === false || typeof hook === "function" ? [] : [{ name, kind: describeKind(hook) }];
  });
}
function unread(members2, known2) {
  return Object.keys(present(members2)).filter((key) => !known2.includes(key) && !HOOK_NAMES.includes(key));
}
function present(members2) {
  return Object.fromEntries(Object.entries(members2).filter(([, value]) => value !== void 0));
}

// src/runtime/index.ts
var ANSWER_BYTES2 = 6291556 - 1024;
var ANSWER_MS = 2e3;
var output = new Output();
var idle = new IdleGuard();
var uncaught = new UncaughtGuard(reportStray);
watchWakers();
var exit = process.exit.bind(process);
function createHandler(module, taskFile) {
  const loaded = processState();
  return async (event, context) => output.collect(async (lines) => {
    restoreProcess(loaded);
    if (!isInvokeEvent(event)) {
      const message = `the tasks of ${taskFile.file} were invoked with an event that does not come from a deployment`;
      return envelopeOf(taskFile.lumoId, systemFailure(new TypeError(message)), lines);
    }
    const host = lambdaHost(context, idle);
    const channel = await openChannel(event.channel, { lines, remainingMs: host.remainingMs });
    const { refusal, state } = channel;
    const envelope = (outcome) => envelopeOf(event.task, { ...outcome, ...state && { channel: state } }, lines);
    const task = findTask(event.task, module, taskFile);
    if (refusal === void 0 && task !== void 0) {
      return attempt({ task, event, host, channel, envelope });
    }
    const unknown = `${taskFile.file} holds no task "${event.task}": it exports no function "run" and defines no task() of this id`;
    const answer = envelope({ status: "SYSTEM_FAILURE", error: refusal ?? serializeError(new TypeError(unknown)) });
    await channel.close(answer);
    return answer;
  });
}
async function attempt({ task, event, host, channel, envelope }) {
  const listeners = processListeners();
  const running = startAttempt(task, event, host);
  const canAbort = event.maxDuration !== void 0 || channel.state?.state === "open";
  let end;
  const dieOf = (outcome) => {
    uncaught.start(reportStray);
    const lastWords = (last) => channel.lastWords(last);
    end ??= die(envelope(outcome), { write: (text) => output.writeUnheard(text), exit, lastWords });
  };
  uncaught.start((error) => {
    const last = running.uncaught(error);
    if (last !== void 0) dieOf(last);
  });
  channel.attach(running);
  idle.start(() => host.remainingMs() > ANSWER_MS && mayWake(running.scope, canAbort));
  try {
    const outcome = await running.outcome.catch(systemFailure);
    await new Promise((resolve) => setImmediate(resolve));
    if (running.isStuck()) dieOf(outcome);
    await end;
    uncaught.start(reportStray);
    const answer = envelope(outcome);
    await channel.close(answer);
    return answer;
  } finally {
    idle.stop();
    uncaught.stop();
    removeListenersSince(listeners);
    running.scope.life.ended = true;
  }
}
function systemFailure(error) {
  return { status: "SYSTEM_FAILURE", error: serializeError(error) };
}
function fitted(envelope) {
  const { result, ...rest } = envelope;
  if (result === void 0) {
    return envelope;
  }
  const { result: kept, warning } = fitting(result, ANSWER_BYTES2 - jsonBytes(rest));
  const warnings = warning === void 0 ? {} : { warnings: [...rest.warnings ?? [], warning] };
  return { ...rest, ...kept === void 0 ? {} : { result: kept }, ...warnings };
}
function envelopeOf(task, outcome, lines) {
  return fitted({ lumo: 1, task, ...outcome, ...lines.take() });
}
function reportStray(error) {
  const { name, message, stack } = serializeError(error);
  output.writeUnheard(`
From an attempt that is over: ${stack ?? `${name}: ${message}`}
`);
}
export {
  createHandler,
  describeTasks,
  setConfig
};
