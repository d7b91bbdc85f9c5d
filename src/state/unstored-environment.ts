import type { EnvironmentState } from './environment.ts';

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
  async attemptStarting(_task: string, deadline: Date): Promise<Date> {
    return deadline;
  }
  attemptEnded(): void {}
  async close(): Promise<void> {}
  async remove(): Promise<void> {}
}
