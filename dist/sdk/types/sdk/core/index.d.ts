/**
 * Stands in for `@lumo-framework/core` where it is not installed: what tasks and configurations use of it. The other
 * names exist, so that shared code still bundles, and say what is missing when they are used.
 */
import * as events from './events.js';
import * as secrets from './secrets.js';
import * as tasks from './tasks.js';
export { env, env as fromEnv } from './env.js';
export { events, secrets, tasks };
/** Returns its argument: there for the types. */
export declare function defineConfig<T>(config: T): T;
export declare const http: unknown;
export declare const response: unknown;
export declare const loadConfig: unknown;
export declare const config: {
    defineConfig: typeof defineConfig;
    loadConfig: unknown;
    configSchema: unknown;
};
