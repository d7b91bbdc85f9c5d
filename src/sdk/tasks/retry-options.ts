/** How a task is tried again. What is left out has the default. */
export interface RetryOptions {
  /** Attempts in total, the first included; 1 = never again. Default 3. */
  maxAttempts?: number | undefined;
  /** Each delay is the one before times this. Default 2. */
  factor?: number | undefined;
  /** Milliseconds before the first retry. Default 1000. */
  minTimeoutInMs?: number | undefined;
  /** Longest delay in milliseconds. Default 60000. */
  maxTimeoutInMs?: number | undefined;
  /** Lengthens each delay by a random amount, up to the double. Default true. */
  randomize?: boolean | undefined;
}

export type MachinePreset = 'micro' | 'small-1x' | 'small-2x' | 'medium-1x' | 'medium-2x' | 'large-1x' | 'large-2x';

export interface TaskRetryOptions extends RetryOptions {
  /** The machine for the retry after the task ran out of memory; without it running out of memory is final. */
  outOfMemory?: { machine?: MachinePreset | undefined } | undefined;
}

/** A preset; or the smallest one that has so many vCPU and GB. */
export type MachineOption =
  | MachinePreset
  | {
      preset?: MachinePreset | undefined;
      /** vCPU. */
      cpu?: number | undefined;
      /** GB. */
      memory?: number | undefined;
    };
