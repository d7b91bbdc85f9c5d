import { type AttemptScope, attemptScope } from '../../runtime/scope.ts';

/** The attempt that calls; throws outside of one. */
export function running(what: string): AttemptScope {
  const scope = attemptScope();
  if (scope === undefined) {
    throw new Error(`${what} is available inside a run only`);
  }
  return scope;
}
