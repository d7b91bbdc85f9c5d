import { breakCommands, cutText, plainLines } from '../report/escape.ts';
import { count, formatBytes } from '../report/format.ts';

/** A longer line tells nobody more; the live view of GitHub cuts at 1,024 characters anyway. */
export const MAX_LINE_BYTES = 8 * 1024;
/** Per call: twice what one attempt of a task can hand over. */
export const MAX_TOTAL_BYTES = 512 * 1024;

/**
 * Somebody else's lines, fit for a log: one entry per line, without control characters, masked, with nothing in them
 * that a runner executes. Of too many the last are kept, for errors come last; the first entry then says what is missing.
 */
export function untrustedLines(lines: readonly string[], redact: (text: string) => string): string[] {
  const kept: string[] = [];
  const omitted = { lines: 0, bytes: 0 };
  let total = 0;
  for (const text of lines.toReversed()) {
    for (const line of plainLines(text).reverse()) {
      const size = Math.min(Buffer.byteLength(line), MAX_LINE_BYTES) + 1;
      if (omitted.lines > 0 || total + size > MAX_TOTAL_BYTES) {
        omitted.lines += 1;
        omitted.bytes += Buffer.byteLength(line);
        continue;
      }
      total += size;
      kept.push(breakCommands(cutLine(redact(line))));
    }
  }
  if (omitted.lines > 0) {
    kept.push(`… ${count(omitted.lines, 'earlier line')} left out (${formatBytes(omitted.bytes)})`);
  }
  return kept.reverse();
}

function cutLine(line: string): string {
  const missing = Buffer.byteLength(line) - MAX_LINE_BYTES;
  return missing <= 0 ? line : `${cutText(line, MAX_LINE_BYTES)} (${formatBytes(missing)} more)`;
}
