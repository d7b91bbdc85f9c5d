import { type HookFunction, type HookKind, registerHook, registry } from './registry.ts';

/** The hooks a `trigger.config` may hold. They run before those of `init` files and of the task's own modules. */
const CONFIG_HOOKS: readonly HookKind[] = ['init', 'onStart', 'onSuccess', 'onFailure'];
/** No name that an author gives to a hook of their own. */
const KEY = 'trigger.config';

/**
 * Makes the default export of `trigger.config` known, before any module that registers something is loaded.
 * `exports`: the module itself, of which `handleError` is a hook too.
 */
export function setConfig(config: unknown, exports: Record<string, unknown> = {}): void {
  const known = typeof config === 'object' && config !== null ? (config as Record<string, unknown>) : {};
  registry().config = known;
  const hooks = CONFIG_HOOKS.map((kind) => [kind, known[kind]] as const);
  for (const [kind, fn] of [...hooks, ['catchError', exports.handleError] as const]) {
    if (typeof fn === 'function') {
      registerHook(kind, { key: KEY, fn: fn as HookFunction });
    }
  }
}
