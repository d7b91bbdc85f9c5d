import type { ErrorLocation } from '../errors.ts';

/** The log as the phases see it: one line per call, text of ours (text of others goes through `report/escape.ts` first). */
export interface Log {
  info(line: string): void;
  /** A line in the log, an annotation on GitHub. */
  warning(message: string): void;
  /** Shown only when the runner's step debug is on. */
  debug(line: string): void;
}

export interface Annotation {
  level: 'error' | 'warning' | 'notice';
  title: string;
  message: string;
  location?: ErrorLocation;
}

/**
 * The place the action runs in: GitHub's runner or a terminal. Everything that is printed or handed back goes through
 * it, nothing else writes to stdout.
 */
export interface Runner extends Log {
  readonly onActions: boolean;
  /** One group of the log; ends also when `body` throws. */
  group<T>(title: string, body: () => Promise<T>): Promise<T>;
  /** Lines of somebody else's text: nothing in them is executed by the runner, long ones are cut. */
  untrusted(lines: readonly string[]): void;
  annotate(annotation: Annotation): void;
  /** From now on `value` is `***` in everything that is printed, summarised or handed back. */
  mask(value: string): void;
  /** `text` with every masked value replaced. */
  redact(text: string): string;
  setOutput(name: string, value: string): void;
  /** What the post step finds again as `STATE_<name>`; written at once. A no-op where there is no post step. */
  saveState(name: string, value: string): void;
  /** Appends to the step's job summary; a no-op where there is none. */
  appendSummary(markdown: string): void;
}
