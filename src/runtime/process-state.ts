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
