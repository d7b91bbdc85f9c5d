import { attemptScope } from '../../runtime/scope.ts';

export const timeout = {
  /** For `maxDuration`: no limit but that of the function. */
  None: 2_147_483_647,
  /** The signal of the attempt that is running: aborts when it is cancelled or exceeds its `maxDuration`. */
  get signal(): AbortSignal | undefined {
    return attemptScope()?.signal;
  },
};
