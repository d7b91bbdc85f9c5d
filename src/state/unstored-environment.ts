import type { AttemptInFlight } from '../runs/types.ts';
import type { EnvironmentState } from './environment.ts';
import type { SentAttempt } from './types.ts';

/** `bucket: none`: nothing is known, nothing is kept. */
export class UnstoredEnvironment implements EnvironmentState {
  readonly marker = undefined;
  readonly progress = undefined;
  readonly functions: readonly string[] = [];
  readonly generation = 0;
  async saveProgress(): Promise<void> {}
  async rememberFunctions(): Promise<void> {}
  async keepFunctions(): Promise<void> {}
  async record(): Promise<void> {}
  readonly lockOwner = undefined;
  readonly leftovers: readonly SentAttempt[] = [];
  readonly isClosed = true;
  async leftoversHaveEnded(): Promise<boolean> {
    return true;
  }
  settle(): void {}
  async attemptStarting({ deadline }: AttemptInFlight): Promise<Date> {
    return deadline;
  }
  attemptEnded(): void {}
  async close(): Promise<void> {}
  async remove(): Promise<void> {}
}
