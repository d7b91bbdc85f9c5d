import { attemptScope } from '../../runtime/scope.ts';

declare const valueType: unique symbol;

/** Names a value of type `T`. */
export interface LocalsKey<T> {
  readonly id: string;
  /** There for the types alone. */
  readonly [valueType]?: T;
}

/**
 * Values that middleware, hooks, `run` and everything they call share within one attempt. They end with it: nothing
 * survives a retry. Outside of an attempt nothing is kept.
 */
export const locals = {
  /** The same id names the same value everywhere. */
  create<T>(id: string): LocalsKey<T> {
    return { id };
  },
  /** Returns the value. */
  set<T>(key: LocalsKey<T>, value: T): T {
    attemptScope()?.locals.set(key.id, value);
    return value;
  },
  get<T>(key: LocalsKey<T>): T | undefined {
    return attemptScope()?.locals.get(key.id) as T | undefined;
  },
  /** Throws when nothing was set; `0`, `''`, `false` and `undefined` are values like others. */
  getOrThrow<T>(key: LocalsKey<T>): T {
    const values = attemptScope()?.locals;
    if (values?.has(key.id) !== true) {
      const where = values === undefined ? 'outside of a run' : 'in this attempt';
      throw new Error(`locals: "${key.id}" was not found: nothing was set ${where}`);
    }
    return values.get(key.id) as T;
  },
};
