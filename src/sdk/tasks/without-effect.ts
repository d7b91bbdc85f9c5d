import { attemptScope } from '../../runtime/scope.ts';

/** A call that a task can do without: it is taken, and a warning of the run says that it had no effect. */
export function withoutEffect(what: string): (...args: unknown[]) => Promise<void> {
  return async () => attemptScope()?.warn(`${what}() has no effect in a deployment`);
}
