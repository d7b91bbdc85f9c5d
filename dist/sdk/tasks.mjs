// src/sdk/tasks/not-available.ts
var NotAvailableError = class extends Error {
  name = "NotAvailableError";
  constructor(what) {
    super(`${what} is not available in deploy-time tasks`);
  }
};
function notAvailable(path) {
  const refuse = () => {
    throw new NotAvailableError(`${path}()`);
  };
  const get = (_target, key) => typeof key === "symbol" || key === "then" ? void 0 : notAvailable(`${path}.${key}`);
  const target = function unavailable() {
  };
  return new Proxy(target, { get, apply: refuse, construct: refuse });
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

// src/sdk/tasks/without-effect.ts
function withoutEffect(what) {
  return async () => attemptScope()?.warn(`${what}() has no effect in a deployment`);
}

// src/sdk/tasks/config.ts
function defineConfig(config) {
  return config;
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
function nameOf(error) {
  return String(member(error, "name"));
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

// src/sdk/tasks/errors.ts
var AbortTaskRunError = class extends Error {
  constructor(message) {
    super(message);
    this.name = ABORT;
  }
};
var OutOfMemoryError = class extends Error {
  constructor() {
    super("the task ran out of memory");
    this.name = OUT_OF_MEMORY;
  }
};
var CompleteTaskWithOutput = class extends Error {
  output;
  constructor(output) {
    super("the task is complete");
    this.name = COMPLETE;
    this.output = output;
  }
};

// src/runtime/registry.ts
var SLOT2 = /* @__PURE__ */ Symbol.for("lumo.tasks.registry");
function registry() {
  const holder = globalThis;
  holder[SLOT2] ??= { tasks: /* @__PURE__ */ new Map(), hooks: {}, queues: /* @__PURE__ */ new Map(), collisions: [] };
  return holder[SLOT2];
}
function registerTask(definition) {
  if (attemptScope() !== void 0) {
    return;
  }
  const { tasks: tasks2, collisions } = registry();
  const { id } = definition;
  const known = tasks2.get(id);
  if (known !== void 0 && known.definition !== definition && !collisions.includes(id)) {
    collisions.push(id);
  }
  tasks2.set(id, { id, definition, order: known?.order ?? tasks2.size });
}
function registerQueue(queue2) {
  if (attemptScope() === void 0) {
    registry().queues.set(queue2.name, queue2);
  }
}
function registerHook(kind, hook) {
  const table = attemptScope()?.hooks ?? registry().hooks;
  table[kind] = withHook(table[kind] ?? [], hook);
}
function withHook(hooks, hook) {
  const known = hooks.findIndex(({ key }) => key === hook.key);
  return known === -1 ? [...hooks, hook] : hooks.with(known, hook);
}

// src/sdk/tasks/global-hooks.ts
function register(kind) {
  return (...args) => {
    const [name, hook] = args.length === 1 ? [void 0, args[0]] : args;
    if (typeof hook !== "function") {
      throw new TypeError(`tasks.${kind}() needs a function`);
    }
    registerHook(kind, { key: name ?? (hook.name || String(hook)), fn: hook });
  };
}
var tasks = {
  onStart: register("onStart"),
  onStartAttempt: register("onStartAttempt"),
  onWait: register("onWait"),
  onResume: register("onResume"),
  onSuccess: register("onSuccess"),
  onFailure: register("onFailure"),
  onComplete: register("onComplete"),
  onCancel: register("onCancel"),
  /** The task's own is asked first. */
  catchError: register("catchError"),
  /** Older name of `catchError`. */
  handleError: register("catchError"),
  /** In the order they are registered, the first is outermost; the task's own is innermost. */
  middleware: register("middleware"),
  trigger: notAvailable("tasks.trigger"),
  triggerAndWait: notAvailable("tasks.triggerAndWait"),
  triggerAndPoll: notAvailable("tasks.triggerAndPoll"),
  triggerAndSubscribe: notAvailable("tasks.triggerAndSubscribe"),
  batchTrigger: notAvailable("tasks.batchTrigger"),
  batchTriggerAndWait: notAvailable("tasks.batchTriggerAndWait")
};

// src/sdk/tasks/locals.ts
var locals = {
  /** The same id names the same value everywhere. */
  create(id) {
    return { id };
  },
  /** Returns the value. */
  set(key, value) {
    attemptScope()?.locals.set(key.id, value);
    return value;
  },
  get(key) {
    return attemptScope()?.locals.get(key.id);
  },
  /** Throws when nothing was set; `0`, `''`, `false` and `undefined` are values like others. */
  getOrThrow(key) {
    const values = attemptScope()?.locals;
    if (values?.has(key.id) !== true) {
      const where = values === void 0 ? "outside of a run" : "in this attempt";
      throw new Error(`locals: "${key.id}" was not found: nothing was set ${where}`);
    }
    return values.get(key.id);
  }
};

// src/sdk/tasks/logger.ts
import { inspect } from "node:util";
var LEVELS = ["none", "error", "warn", "log", "info", "debug"];
var span = {
  setAttribute: () => span,
  setAttributes: () => span,
  addEvent: () => span,
  end: () => void 0
};
function write(level, message, properties) {
  const wanted = registry().config?.logLevel;
  if (LEVELS.indexOf(level) <= LEVELS.indexOf(LEVELS.includes(wanted) ? wanted : "info")) {
    console[level](properties === void 0 ? message : `${message} ${inspect(properties, { breakLength: 120 })}`);
  }
}
var method = (level) => (message, properties) => write(level, message, properties);
var logger = {
  debug: method("debug"),
  log: method("log"),
  info: method("info"),
  warn: method("warn"),
  error: method("error"),
  /** Calls `fn`, returns what it returns, and logs how long it took. */
  async trace(name, fn, _options) {
    const start = performance.now();
    const took = () => `${Math.round(performance.now() - start)} ms`;
    try {
      const result = await fn(span);
      write("info", `${name}: ${took()}`);
      return result;
    } catch (error) {
      write("error", `${name}: failed after ${took()}`);
      throw error;
    }
  },
  /** A span to end by hand; it has no effect. */
  startSpan: (_name, _options) => span
};

// src/sdk/tasks/metadata.ts
var metadata = {
  current: () => attemptScope()?.metadata.current(),
  get: (key) => attemptScope()?.metadata.get(key),
  set: (key, value) => change((data) => data.set(key, value)),
  del: (key) => change((data) => data.del(key)),
  append: (key, value) => change((data) => data.append(key, value)),
  remove: (key, value) => change((data) => data.remove(key, value)),
  increment: (key, by = 1) => change((data) => data.increment(key, by)),
  decrement: (key, by = 1) => change((data) => data.increment(key, -by)),
  replace: (data) => change((current) => current.replace(data)),
  flush: async () => void 0,
  refresh: async () => void 0,
  stream: notAvailable("metadata.stream"),
  fetchStream: notAvailable("metadata.fetchStream"),
  parent: notAvailable("metadata.parent"),
  root: notAvailable("metadata.root")
};
function change(make) {
  const data = attemptScope()?.metadata;
  if (data !== void 0) {
    make(data);
  }
  return metadata;
}

// src/sdk/tasks/queue.ts
function queue(options) {
  const { name, concurrencyLimit } = options;
  registerQueue({ name, ...typeof concurrencyLimit === "number" ? { concurrencyLimit } : {} });
  return options;
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

// src/sdk/tasks/running.ts
function running(what) {
  const scope = attemptScope();
  if (scope === void 0) {
    throw new Error(`${what} is available inside a run only`);
  }
  return scope;
}

// src/sdk/tasks/retry.ts
var retry = {
  /**
   * Calls `fn` until it does not throw, with the delays of a task's retries; at last throws what it threw last. An
   * `AbortTaskRunError` is thrown on at once. A delay of more than 5 seconds is a wait like any other.
   */
  async onThrow(fn, options = {}) {
    const scope = running("retry.onThrow");
    const settings = withDefaults(options);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await fn({ attempt, maxAttempts: settings.maxAttempts });
      } catch (error) {
        const delay = isFinalError(error) ? void 0 : retryDelay(settings, attempt, scope.random);
        if (delay === void 0) {
          throw error;
        }
        await scope.waitUntil(new Date(scope.now() + delay));
      }
    }
  },
  fetch: notAvailable("retry.fetch"),
  interceptFetch: notAvailable("retry.interceptFetch")
};

// src/sdk/tasks/triggers.ts
function triggers(id) {
  const refuse = (name) => () => {
    throw new NotAvailableError(`${name}() of the task "${id}"`);
  };
  return {
    trigger: refuse("trigger"),
    triggerAndWait: refuse("triggerAndWait"),
    batchTrigger: refuse("batchTrigger"),
    batchTriggerAndWait: refuse("batchTriggerAndWait")
  };
}

// src/sdk/tasks/task.ts
function task(options) {
  return define(options, options.id);
}
function schemaTask(options) {
  return define(options, options.id);
}
function define(definition, id) {
  if (typeof id !== "string" || typeof definition.run !== "function") {
    throw new TypeError('task() needs an id and a function "run"');
  }
  registerTask(definition);
  return { id, ...triggers(id) };
}

// src/sdk/tasks/timeout.ts
var timeout = {
  /** For `maxDuration`: no limit but that of the function. */
  None: 2147483647,
  /** The signal of the attempt that is running: aborts when it is cancelled or exceeds its `maxDuration`. */
  get signal() {
    return attemptScope()?.signal;
  }
};

// src/sdk/tasks/wait.ts
var LAST_DATE = 864e13;
var DAY = 86400;
var SECONDS = {
  seconds: 1,
  minutes: 60,
  hours: 3600,
  days: DAY,
  weeks: 7 * DAY,
  months: 30 * DAY,
  years: 365 * DAY
};
var wait = {
  /** Zero or less returns at once. */
  async for(options) {
    const scope = running("wait.for");
    const given = Object.entries(options).filter(([unit, value]) => unit in SECONDS && typeof value === "number");
    if (given.length === 0) {
      throw new TypeError(`wait.for needs one of ${Object.keys(SECONDS).join(", ")} with a number`);
    }
    const seconds = given.reduce((sum, [unit, value]) => sum + Number(value) * (SECONDS[unit] ?? 0), 0);
    warnOfPause(scope, seconds * 1e3);
    await scope.waitUntil(new Date(Math.min(LAST_DATE, scope.now() + seconds * 1e3)));
  },
  /** A date in the past returns at once, unless it is to throw. */
  async until(options) {
    const scope = running("wait.until");
    if (options.throwIfInThePast === true && options.date.getTime() < scope.now()) {
      throw new Error(`wait.until: ${options.date.toISOString()} is in the past`);
    }
    if (Number.isNaN(options.date.getTime())) {
      throw new TypeError("wait.until needs a valid date");
    }
    await scope.waitUntil(options.date);
  },
  forToken: notAvailable("wait.forToken"),
  createToken: notAvailable("wait.createToken"),
  completeToken: notAvailable("wait.completeToken"),
  retrieveToken: notAvailable("wait.retrieveToken"),
  listTokens: notAvailable("wait.listTokens"),
  forRequest: notAvailable("wait.forRequest"),
  forEvent: notAvailable("wait.forEvent")
};
var warned = /* @__PURE__ */ new WeakSet();
function warnOfPause(scope, milliseconds) {
  if (milliseconds > 0 && milliseconds <= LONGEST_PAUSE_MS && !warned.has(scope)) {
    warned.add(scope);
    logger.warn("wait.for: up to 5 seconds it is a plain pause, without hooks and counted by maxDuration");
  }
}
function waitUntil(promise) {
  running("waitUntil").waitAtEnd(promise);
}

// src/sdk/tasks/index.ts
var ApiError = notAvailable("ApiError");
var AuthenticationError = notAvailable("AuthenticationError");
var BadRequestError = notAvailable("BadRequestError");
var BatchTriggerError = notAvailable("BatchTriggerError");
var ConflictError = notAvailable("ConflictError");
var InternalServerError = notAvailable("InternalServerError");
var NotFoundError = notAvailable("NotFoundError");
var PermissionDeniedError = notAvailable("PermissionDeniedError");
var RateLimitError = notAvailable("RateLimitError");
var SubtaskUnwrapError = notAvailable("SubtaskUnwrapError");
var TriggerClient = notAvailable("TriggerClient");
var UnprocessableEntityError = notAvailable("UnprocessableEntityError");
var auth = notAvailable("auth");
var batch = notAvailable("batch");
var configure = notAvailable("configure");
var deployments = notAvailable("deployments");
var envvars = notAvailable("envvars");
var heartbeats = { yield: withoutEffect("heartbeats.yield") };
var idempotencyKeys = notAvailable("idempotencyKeys");
var otel = notAvailable("otel");
var prompts = notAvailable("prompts");
var query = notAvailable("query");
var queues = notAvailable("queues");
var runs = notAvailable("runs");
var schedules = notAvailable("schedules");
var sessions = notAvailable("sessions");
var skills = notAvailable("skills");
var streams = notAvailable("streams");
var tags = { add: withoutEffect("tags.add") };
var toolTask = notAvailable("toolTask");
var usage = notAvailable("usage");
var webhooks = notAvailable("webhooks");
export {
  AbortTaskRunError,
  ApiError,
  AuthenticationError,
  BadRequestError,
  BatchTriggerError,
  CompleteTaskWithOutput,
  ConflictError,
  InternalServerError,
  NotAvailableError,
  NotFoundError,
  OutOfMemoryError,
  PermissionDeniedError,
  RateLimitError,
  SubtaskUnwrapError,
  TriggerClient,
  UnprocessableEntityError,
  auth,
  batch,
  configure,
  defineConfig,
  deployments,
  envvars,
  heartbeats,
  idempotencyKeys,
  locals,
  logger,
  metadata,
  otel,
  prompts,
  query,
  queue,
  queues,
  retry,
  runs,
  schedules,
  schemaTask,
  sessions,
  skills,
  streams,
  tags,
  task,
  tasks,
  timeout,
  toolTask,
  usage,
  wait,
  waitUntil,
  webhooks
};
