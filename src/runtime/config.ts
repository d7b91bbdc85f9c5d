import { HOOK_KINDS, ownHook, registerHook, registry } from './registry.ts';

/** No name that an author gives to a hook of their own. */
const KEY = 'trigger.config';

/**
 * Makes the default export of `trigger.config` known, before any module that registers something is loaded: so its hooks
 * run before those of `init` files and of the task's own modules. `exports`: the module itself, of which `handleError`
 * is a hook too.
 */
export function setConfig(config: unknown, exports: Record<string, unknown> = {}): void {
  const known = typeof config === 'object' && config !== null ? (config as Record<string, unknown>) : {};
  registry().config = known;
  const { handleError } = exports;
  for (const kind of HOOK_KINDS) {
    const fn = ownHook({ handleError, ...known }, kind);
    if (fn !== undefined) {
      registerHook(kind, { key: KEY, fn });
    }
  }
}
