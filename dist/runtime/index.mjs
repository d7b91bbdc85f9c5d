// src/runtime/context.ts
function contextOf(event) {
  const { isFirstDeploy, previousVersion, environment } = event.deployment;
  return {
    deployment: { isFirstDeploy, ...previousVersion === void 0 ? {} : { previousVersion }, environment },
    config: event.config,
    workingDirectory: process.cwd()
  };
}
function isInvokeEvent(event) {
  const { lumo, deployment, config } = event ?? {};
  return lumo === 1 && typeof deployment?.isFirstDeploy === "boolean" && typeof deployment.environment === "string" && typeof config === "object";
}

// src/runtime/protocol.ts
var CRASH_LINE_PREFIX = "LUMO-ENVELOPE ";
var CRASH_LINE_BYTES = 2048;

// src/runtime/crash.ts
function guardProcess(onCrash) {
  process.prependListener("uncaughtException", onCrash);
  process.prependListener("unhandledRejection", onCrash);
  return () => {
    process.off("uncaughtException", onCrash);
    process.off("unhandledRejection", onCrash);
  };
}
function crashLine(task, error) {
  const lines = [Number.POSITIVE_INFINITY, 1e3, 400, 150, 50].map((length) => lineOf(task, shorten(error, length)));
  return lines.find((line) => Buffer.byteLength(line) <= CRASH_LINE_BYTES) ?? lineOf(task, shorten(error, 0));
}
function lineOf(task, error) {
  const envelope = { lumo: 1, task, status: "FAILED", error, logs: [], droppedLines: 0 };
  return `${CRASH_LINE_PREFIX}${JSON.stringify(envelope)}`;
}
function shorten(error, length, depth = 0) {
  const { name, message, stack, cause } = error;
  const keepsCause = cause !== void 0 && (length > 1e3 || depth === 0 && length > 0);
  return {
    name: name.slice(0, Math.max(length, 32)),
    message: message.slice(0, Math.max(length, 32)),
    ...stack === void 0 || length === 0 ? {} : { stack: stack.slice(0, length) },
    ...keepsCause ? { cause: shorten(cause, length, depth + 1) } : {}
  };
}

// src/runtime/output.ts
import { AsyncLocalStorage } from "node:async_hooks";
import { format } from "node:util";

// src/runtime/line-buffer.ts
import { StringDecoder } from "node:string_decoder";

// src/runtime/secret-values.ts
var REDACTED = "***";
var SLOT = /* @__PURE__ */ Symbol.for("@lumo-framework/tasks:secret-values");
function secretTexts() {
  const holder = globalThis;
  holder[SLOT] ??= /* @__PURE__ */ new Set();
  return holder[SLOT];
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
    return Object.fromEntries(Object.entries(value).map(([key, member2]) => [redact(key), redactValue(member2)]));
  }
  return value;
}

// src/runtime/line-buffer.ts
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
    const cut = Math.max(0, redacted.length - LINE_LENGTH) + lost;
    const text = cut === 0 ? redacted : `${redacted.slice(0, LINE_LENGTH)}\u2026 (${cut} more characters)`;
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
  owner = new AsyncLocalStorage();
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
  const known = typeof encoding === "string" && Buffer.isEncoding(encoding) ? encoding : "utf8";
  return /^utf-?8$/i.test(known) ? chunk : Buffer.from(chunk, known);
}

// src/runtime/result.ts
import { inspect as inspect2 } from "node:util";

// src/runtime/serialize-error.ts
import { inspect, types } from "node:util";
var LONGEST_CHAIN = 10;
var MESSAGE_LENGTH = 16 * 1024;
var STACK_LENGTH = 32 * 1024;
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
  const stack = typeof error.stack === "string" ? { stack: clean(error.stack, STACK_LENGTH) } : {};
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
  const redacted = redact(text);
  return redacted.length > length ? `${redacted.slice(0, length)}\u2026` : redacted;
}

// src/runtime/result.ts
function failed(error) {
  return { status: "FAILED", error: serializeError(error) };
}
function outcomeOf(returned, limit) {
  try {
    return judge(returned, limit);
  } catch (error) {
    return failed(new TypeError("what run returned cannot be read", { cause: error }));
  }
}
function judge(returned, limit) {
  const fault = faultOf(returned);
  if (fault !== void 0) {
    return { status: "FAILED", error: { name: "NoTaskResult", message: redact(fault) } };
  }
  const { success, message, data } = returned;
  const head = { success, message: redact(message) };
  const status = success ? "COMPLETED" : "FAILED";
  if (data === void 0) {
    return fitting(status, head, void 0, limit);
  }
  const json = toJson(data);
  if ("problem" in json) {
    return {
      status: "FAILED",
      result: head,
      error: {
        name: "ResultNotSerializable",
        message: redact(
          `run returned success: ${success} with the message ${brief(message)}, but its data cannot be written as JSON: ${json.problem}. Return plain JSON values only.`
        )
      }
    };
  }
  return fitting(status, head, redactJson(JSON.parse(json.text)), limit);
}
function faultOf(returned) {
  const expected = "expected {success: boolean, message: string, data?: object}";
  if (typeof returned !== "object" || returned === null || Array.isArray(returned)) {
    const shown = typeof returned === "object" || returned === void 0 ? "" : `: ${brief(returned)}`;
    return `run returned no TaskResult but ${describeKind(returned)}${shown}; ${expected}`;
  }
  const { success, message, data } = returned;
  const faults = [
    typeof success === "boolean" ? [] : [`success is ${member(success)}`],
    typeof message === "string" ? [] : [`message is ${member(message)}`],
    data === void 0 || describeKind(data) === "an object" ? [] : [`data is ${member(data)}`]
  ].flat();
  return faults.length === 0 ? void 0 : `run returned no TaskResult: ${faults.join(", ")}; ${expected}`;
}
function member(value) {
  if (value === void 0) {
    return "missing";
  }
  return typeof value === "object" ? describeKind(value) : `${describeKind(value)} (${brief(value)})`;
}
function brief(value) {
  const text = inspect2(value, { depth: 0 });
  return text.length > 200 ? `${text.slice(0, 200)}\u2026` : text;
}
function toJson(value) {
  try {
    const text = JSON.stringify(value);
    return typeof text === "string" && text.startsWith("{") ? { text } : { problem: "data turns into something else than an object" };
  } catch (error) {
    return { problem: findProblem(value, "data", [], error) };
  }
}
function findProblem(value, path, parents, thrown) {
  if (typeof value === "bigint") {
    return `${path} is a BigInt (${value})`;
  }
  if (parents.includes(value)) {
    return `${path} refers back to an object that contains it`;
  }
  const own = typeof value === "object" && value !== null && !("toJSON" in value) ? Object.entries(value) : [];
  for (const [key, child] of own) {
    try {
      JSON.stringify(child);
    } catch (error) {
      return findProblem(child, `${path}.${key}`, [...parents, value], error);
    }
  }
  return `${path}: ${serializeError(thrown).message}`;
}
function fitting(status, head, data, limit) {
  const whole = data === void 0 ? head : { ...head, data };
  if (jsonBytes(whole) <= limit) {
    return { status, result: whole };
  }
  const note = `The result was cut: it has ${jsonBytes(whole)} bytes as JSON, and an answer of Lambda holds 6 MB.`;
  const cut = jsonBytes(head) <= limit ? head : { ...head, message: `${head.message.slice(0, limit / 6 - 1024)}\u2026` };
  return { status, result: cut, warnings: [note] };
}
function jsonBytes(value) {
  return Buffer.byteLength(JSON.stringify(value));
}

// src/runtime/index.ts
var RESULT_BYTES = 6291556 - 64 * 1024;
var output = new Output();
var exit = process.exit.bind(process);
function createHandler(module, options) {
  const { name } = options;
  return async (event, _context) => output.collect(async (lines) => {
    const settled = await attempt(name, module, event);
    const { logs, droppedLines } = lines.take();
    const outcome = "returned" in settled ? outcomeOf(settled.returned, RESULT_BYTES - jsonBytes(logs)) : settled;
    return { lumo: 1, task: name, ...outcome, logs, droppedLines };
  });
}
async function attempt(name, module, event) {
  const run = findRun(module);
  if (run === void 0) {
    return failed(new TypeError(`the task ${name} exports no function "run"`));
  }
  if (!isInvokeEvent(event)) {
    return failed(new TypeError(`the task ${name} was invoked with an event that does not come from a deployment`));
  }
  const unguard = guardProcess((error) => die(name, error));
  const idle = onEmptyEventLoop();
  try {
    const returned = await Promise.race([call(run, contextOf(event)), idle.reached]);
    await turnOfEventLoop();
    return { returned };
  } catch (error) {
    await turnOfEventLoop();
    return failed(error);
  } finally {
    idle.cancel();
    unguard();
  }
}
function findRun(module) {
  const fallback = module.default;
  const run = module.run ?? fallback?.run;
  return typeof run === "function" ? run : void 0;
}
async function call(run, context) {
  return run(context);
}
function onEmptyEventLoop() {
  let listener = () => void 0;
  const reached = new Promise((_, reject) => {
    listener = () => reject(neverSettled());
  });
  process.prependListener("beforeExit", listener);
  return { reached, cancel: () => process.off("beforeExit", listener) };
}
function neverSettled() {
  const error = new Error("run never settled: nothing is left that could resolve what it waits for");
  return Object.assign(error, { name: "NeverSettled", stack: void 0 });
}
async function turnOfEventLoop() {
  await new Promise((resolve) => setImmediate(resolve));
}
function die(name, error) {
  output.writeUnheard(`
${crashLine(name, serializeError(error))}
`);
  exit(1);
}
export {
  createHandler
};
