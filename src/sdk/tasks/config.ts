import type { FailureHook, InitHook, StartHook, SuccessHook } from './hooks.ts';
import type { LogLevel } from './logger.ts';
import type { MachineOption, TaskRetryOptions } from './retry-options.ts';

/** Default export of `trigger.config`, beside the configuration of Lumo. Other members are accepted without effect. */
export interface TriggerConfig {
  project?: string | undefined;
  retries?: { enabledInDev?: boolean | undefined; default?: TaskRetryOptions | undefined } | undefined;
  machine?: MachineOption | undefined;
  /** Seconds of compute time. */
  maxDuration?: number | undefined;
  logLevel?: LogLevel | undefined;
  init?: InitHook | undefined;
  onStart?: StartHook | undefined;
  onSuccess?: SuccessHook | undefined;
  onFailure?: FailureHook | undefined;
  [other: string]: unknown;
}

/** Returns its argument: there for the types. */
export function defineConfig(config: TriggerConfig): TriggerConfig {
  return config;
}
