import { findRun } from './find-task.ts';
import type { RetryOptions } from './protocol.ts';
import { globalHooks, HOOK_KINDS, type HookKind, ownHook, type RegisteredTask, registry } from './registry.ts';
import { describeKind } from './serialize-error.ts';
import { writableValues } from './written-values.ts';

/** `retry` as its author wrote it: any part of it. */
export type WrittenRetry = Partial<RetryOptions> & { outOfMemory?: { machine?: unknown } };

/** A member that should be a hook and is none, with what it is: `{name: 'middleware', kind: 'an array'}`. */
export interface NoHook {
  name: string;
  kind: string;
}

/** One task of a file as its code describes it: data as `writableValues` makes it, unchecked, nothing filled in. */
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
  noHooks: NoHook[];
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
  noHooks: NoHook[];
  /** Keys that have no effect here, without those that nobody would expect to have one. */
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

const HOOK_NAMES: readonly string[] = [...HOOK_KINDS, 'handleError'];
/** Members of a definition that are read here, besides its hooks. */
const KNOWN_MEMBERS = ['id', 'run', 'description', 'retry', 'queue', 'machine', 'maxDuration', 'schema'];
/** Members of `trigger.config` that are read here, besides its hooks; */
const KNOWN_CONFIG = ['retries', 'machine', 'maxDuration', 'logLevel'];
/** and those that belong to the project, the build and the development server of another system. */
const ELSEWHERE = [
  'project',
  'dirs',
  'triggerDirectories',
  'ignorePatterns',
  'runtime',
  'tsconfig',
  'tsconfigPath',
  'build',
  'deploy',
  'additionalFiles',
  'additionalPackages',
  'dependenciesToBundle',
  'postInstall',
  'enableConsoleLogging',
  'disableConsoleInterceptor',
  'legacyDevProcessCwdBehaviour',
  'compatibilityFlags',
  'features',
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
    noHooks: [],
    ignored: [],
    order: -1,
  };
  return writableValues({
    tasks: findRun(module) === undefined ? registered : [lumo, ...registered],
    ...(config === undefined ? {} : { config: describeConfig(config) }),
    collisions,
  }) as FileDescription;
}

function describe({ id, definition, order }: RegisteredTask, global: HookKind[]): TaskDescription {
  const { description, retry, queue, machine, maxDuration, schema } = definition;
  return {
    id,
    dialect: 'lifecycle',
    ...present({ description, retry, queue, machine, maxDuration }),
    schema: schema !== undefined,
    hooks: { own: HOOK_KINDS.filter((kind) => ownHook(definition, kind) !== undefined), global },
    noHooks: noHooksOf(definition),
    ignored: unread(definition, KNOWN_MEMBERS),
    order,
  };
}

function describeConfig(config: Record<string, unknown>): ConfigDescription {
  const { retries, machine, maxDuration } = config;
  const retry = (retries as { default?: unknown } | undefined)?.default;
  return {
    ...present({ retry, machine, maxDuration }),
    noHooks: noHooksOf(config),
    ignored: unread(config, [...KNOWN_CONFIG, ...ELSEWHERE]),
  };
}

/** What authors write for "none", as in `onStart: slack && notify`, is none. */
function noHooksOf(members: Record<string, unknown>): NoHook[] {
  return HOOK_NAMES.flatMap((name) => {
    const hook = members[name] ?? false;
    return hook === false || typeof hook === 'function' ? [] : [{ name, kind: describeKind(hook) }];
  });
}

function unread(members: Record<string, unknown>, known: readonly string[]): string[] {
  return Object.keys(present(members)).filter((key) => !known.includes(key) && !HOOK_NAMES.includes(key));
}

/** The members that are there: `undefined` and "absent" are the same to authors. */
function present(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
