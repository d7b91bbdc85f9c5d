import { type HookFunction, type HookKind, ownHook, registry } from './registry.ts';

/** A task as the executor runs it, of either dialect. */
export interface ExecutableTask {
  id: string;
  /** Path of its file relative to the project. */
  file: string;
  dialect: 'lumo' | 'lifecycle';
  /** A Lumo task takes its context alone, a lifecycle task its payload and what goes with it. */
  run: (...args: unknown[]) => unknown;
  /** Checks and converts the payload. */
  schema: unknown;
  hook(kind: HookKind): HookFunction | undefined;
  /** `retry` of its definition, as written. */
  retry: unknown;
}

/** The task with this id: a registered one, or the plain Lumo task of the file. */
export function findTask(
  id: string,
  module: Record<string, unknown>,
  { file, lumoId }: { file: string; lumoId: string },
): ExecutableTask | undefined {
  const definition = registry().tasks.get(id)?.definition;
  if (definition !== undefined) {
    return {
      id,
      file,
      dialect: 'lifecycle',
      run: definition.run as ExecutableTask['run'],
      schema: definition.schema,
      hook: (kind) => ownHook(definition, kind),
      retry: definition.retry,
    };
  }
  const run = id === lumoId ? findRun(module) : undefined;
  return run && { id, file, dialect: 'lumo', run, schema: undefined, hook: () => undefined, retry: undefined };
}

/** The exported `run`, of an ES module or of what CommonJS assigned to `module.exports`. */
export function findRun(module: Record<string, unknown>): ExecutableTask['run'] | undefined {
  const fallback = module.default as { run?: unknown } | null | undefined;
  const run = module.run ?? fallback?.run;
  return typeof run === 'function' ? (run as ExecutableTask['run']) : undefined;
}
