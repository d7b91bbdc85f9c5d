import { attemptScope } from './scope.ts';

/** The kinds of hooks, named as authors write them; `handleError` is an older name of `catchError`. */
export const HOOK_KINDS = [
  'middleware',
  'init',
  'onStart',
  'onStartAttempt',
  'onWait',
  'onResume',
  'onSuccess',
  'onFailure',
  'onComplete',
  'onCancel',
  'catchError',
  'cleanup',
] as const;

export type HookKind = (typeof HOOK_KINDS)[number];

/** A hook as its author wrote it: see `argumentsOf` for what it is given. What it returns means something for some kinds only. */
export type HookFunction = (...args: unknown[]) => unknown;

export interface GlobalHook {
  /** Registering the same key again replaces the function and keeps its place. */
  key: string;
  fn: HookFunction;
}

export type HookTable = Partial<Record<HookKind, readonly GlobalHook[]>>;

/** What was given to `task()` or `schemaTask()`: unchecked, since JavaScript authors may write anything. */
export type TaskDefinition = { id: string; run: (payload: unknown, params: unknown) => unknown } & Record<
  string,
  unknown
>;

export interface RegisteredTask {
  id: string;
  definition: TaskDefinition;
  /** Counts up with every registration in this process. */
  order: number;
}

export interface RegisteredQueue {
  name: string;
  concurrencyLimit?: number;
}

export interface Registry {
  tasks: Map<string, RegisteredTask>;
  hooks: HookTable;
  /** Default export of `trigger.config`. */
  config?: Record<string, unknown>;
  queues: Map<string, RegisteredQueue>;
  /** Ids registered more than once with different definitions. */
  collisions: string[];
}

/**
 * What authors register while their modules are loaded. Shared by every copy of this module in one process: the runtime
 * and the SDK are bundled apart, and a task's bundle holds both.
 */
const SLOT = Symbol.for('lumo.tasks.registry');

export function registry(): Registry {
  const holder = globalThis as { [SLOT]?: Registry };
  holder[SLOT] ??= { tasks: new Map(), hooks: {}, queues: new Map(), collisions: [] };
  return holder[SLOT];
}

/** Registrations made during an attempt are not kept: nothing of one attempt may reach the next. */
export function registerTask(definition: TaskDefinition): void {
  if (attemptScope() !== undefined) {
    return;
  }
  const { tasks, collisions } = registry();
  const { id } = definition;
  const known = tasks.get(id);
  if (known !== undefined && known.definition !== definition && !collisions.includes(id)) {
    collisions.push(id);
  }
  tasks.set(id, { id, definition, order: known?.order ?? tasks.size });
}

export function registerQueue(queue: RegisteredQueue): void {
  if (attemptScope() === undefined) {
    registry().queues.set(queue.name, queue);
  }
}

/** Registers a hook for all tasks; one that is registered during an attempt ends with it. */
export function registerHook(kind: HookKind, hook: GlobalHook): void {
  const table = attemptScope()?.hooks ?? registry().hooks;
  table[kind] = withHook(table[kind] ?? [], hook);
}

/** The global hooks of a kind in the order they were registered, those of the attempt that is running included. */
export function globalHooks(kind: HookKind): readonly GlobalHook[] {
  const own = attemptScope()?.hooks[kind] ?? [];
  return own.reduce(withHook, registry().hooks[kind] ?? []);
}

/** The task's own hook of a kind. */
export function ownHook(definition: Record<string, unknown>, kind: HookKind): HookFunction | undefined {
  const own = definition[kind] ?? (kind === 'catchError' ? definition.handleError : undefined);
  return typeof own === 'function' ? (own as HookFunction) : undefined;
}

function withHook(hooks: readonly GlobalHook[], hook: GlobalHook): readonly GlobalHook[] {
  const known = hooks.findIndex(({ key }) => key === hook.key);
  return known === -1 ? [...hooks, hook] : hooks.with(known, hook);
}
