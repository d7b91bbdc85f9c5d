/**
 * Stands in for `@lumo-framework/core` where it is not installed: what tasks and configurations use of it. The other
 * names exist, so that shared code still bundles, and say what is missing when they are used.
 */
import * as events from './events.ts';
import * as secrets from './secrets.ts';
import * as tasks from './tasks.ts';
import { unavailable } from './unavailable.ts';

export { env, env as fromEnv } from './env.ts';
export { events, secrets, tasks };

/** Returns its argument: there for the types. */
export function defineConfig<T>(config: T): T {
  return config;
}

export const http = unavailable('http');
export const response = unavailable('response');
export const loadConfig = unavailable('loadConfig');
export const config = { defineConfig, loadConfig, configSchema: unavailable('config.configSchema') };
