import { findRun } from './find-task.ts';
import type { RetryOptions } from './protocol.ts';
import { globalHooks, HOOK_KINDS, type HookKind, ownHook, type RegisteredTask, registry } from './registry.ts';

/** `retry` as its author wrote it: any part of it. */
export type WrittenRetry = Partial<RetryOptions> & { outOfMemory?: { machine?: unknown } };

/** One task of a file as its code describes it: JSON, unchecked, nothing filled in. */
export interface TaskDescription {
  id: string;
  dialect: 'lumo' | 'lifecycle';
  description?: string;
  retry?: WrittenRetry;
  queue?: { name?: string; concurrencyLimit?: number };
  /** A preset's name, `{preset}` or `{cpu, memory}`. */
  machine?: unknown;
  /** Seconds. */
  maxDuration?: number;
  /** The payload is checked by a schema. */
  schema: boolean;
  /** Kinds of hooks that concern the task: its own, and those registered for all tasks. */
  hooks: { own: HookKind[]; global: HookKind[] };
  /** Members of the definition that have no effect here. */
  ignored: string[];
  /** Position among all registrations of the process. */
  order: number;
}

/** What `trigger.config` says for all tasks. */
export interface ConfigDescription {
  /** `retries.default` */
  retry?: WrittenRetry;
  machine?: unknown;
  maxDuration?: number;
  /** Keys that have no effect here. */
  ignored: string[];
}

/** Everything that was registered while a task's file and what it imports were loaded. */
export interface FileDescription {
  /** In the order they were registered; a file's plain Lumo task comes first. */
  tasks: TaskDescription[];
  /** Undefined without a `trigger.config`. */
  config?: ConfigDescription;
  /** Ids registered more than once with different definitions. */
  collisions: string[];
}

/** Members of a definition that are read here, besides its hooks. */
const KNOWN_MEMBERS = ['id', 'run', 'description', 'retry', 'queue', 'machine', 'maxDuration', 'schema', 'handleError'];
const KNOWN_CONFIG = [
  'project',
  'init',
  'onStart',
  'onSuccess',
  'onFailure',
  'retries',
  'machine',
  'maxDuration',
  'logLevel',
];

/**
 * What the modules that are loaded now have registered. `lumoId`: the id of the file's plain Lumo task, when it exports
 * a function `run`.
 */
export function describeTasks(
  module: Record<string, unknown>,
  { lumoId }: { file: string; lumoId: string },
): FileDescription {
  const { tasks, config, collisions } = registry();
  const global = HOOK_KINDS.filter((kind) => globalHooks(kind).length > 0);
  const registered = [...tasks.values()].sort((a, b) => a.order - b.order).map((task) => describe(task, global));
  const lumo: TaskDescription = {
    id: lumoId,
    dialect: 'lumo',
    schema: false,
    hooks: { own: [], global },
    ignored: [],
    order: -1,
  };
  return jsonOf({
    tasks: findRun(module) === undefined ? registered : [lumo, ...registered],
    ...(config === undefined ? {} : { config: describeConfig(config) }),
    collisions,
  });
}

function describe({ id, definition, order }: RegisteredTask, global: HookKind[]): TaskDescription {
  const { description, retry, queue, machine, maxDuration, schema } = definition;
  const known: readonly string[] = [...KNOWN_MEMBERS, ...HOOK_KINDS];
  return {
    id,
    dialect: 'lifecycle',
    ...present({ description, retry, queue, machine, maxDuration }),
    schema: schema !== undefined,
    hooks: { own: HOOK_KINDS.filter((kind) => ownHook(definition, kind) !== undefined), global },
    ignored: Object.keys(definition).filter((key) => !known.includes(key) && definition[key] !== undefined),
    order,
  };
}

function describeConfig(config: Record<string, unknown>): ConfigDescription {
  const { retries, machine, maxDuration } = config;
  const retry = (retries as { default?: unknown } | undefined)?.default;
  const ignored = Object.keys(config).filter((key) => !KNOWN_CONFIG.includes(key));
  return { ...present({ retry, machine, maxDuration }), ignored };
}

/** The members that are there: `undefined` and "absent" are the same to authors. */
function present(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function jsonOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
