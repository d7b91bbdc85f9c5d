import type { Log } from '../../src/runner/types.ts';

/** A log that keeps its lines, each with its level in front. */
export class MemoryLog implements Log {
  readonly lines: string[] = [];

  info(line: string): void {
    this.lines.push(`info: ${line}`);
  }

  warning(message: string): void {
    this.lines.push(`warning: ${message}`);
  }

  debug(line: string): void {
    this.lines.push(`debug: ${line}`);
  }
}
