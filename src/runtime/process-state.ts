/** What of the process a task may change, as it is once the task's file has been loaded. */
export interface ProcessState {
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** Set by Lambda's runtime for each invocation. */
const PER_INVOCATION = /^_X_AMZN_/;

export function processState(): ProcessState {
  return { cwd: process.cwd(), env: { ...process.env } };
}

/** Takes back what an earlier attempt has changed: sandboxes are used again. */
export function restoreProcess({ cwd, env }: ProcessState): void {
  if (process.cwd() !== cwd) process.chdir(cwd);
  const names = new Set([...Object.keys(env), ...Object.keys(process.env)]);
  for (const name of names) {
    if (PER_INVOCATION.test(name) || process.env[name] === env[name]) continue;
    if (env[name] === undefined) delete process.env[name];
    else process.env[name] = env[name];
  }
}

type Listeners = ReadonlyMap<string | symbol, readonly Listener[]>;
type Listener = (...args: unknown[]) => void;

export function processListeners(): Listeners {
  return new Map(process.eventNames().map((event) => [event, listenersOf(event)]));
}

/** Takes off what has been added since: an attempt's listeners would hear of the next ones, and become more with each. */
export function removeListenersSince(before: Listeners): void {
  for (const event of process.eventNames()) {
    const added = [...listenersOf(event)];
    for (const listener of before.get(event) ?? []) {
      const at = added.indexOf(listener);
      if (at !== -1) added.splice(at, 1);
    }
    for (const listener of added) process.removeListener(event, listener);
  }
}

/** Not unwrapped: the same function may be there with `on` and with `once`. */
function listenersOf(event: string | symbol): Listener[] {
  return process.rawListeners(event as NodeJS.Signals) as Listener[];
}
