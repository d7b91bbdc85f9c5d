/** `850 ms`, `12.3 s`, `4 min 05 s`, `1 h 02 min`. */
export function formatDuration(milliseconds: number): string {
  const rounded = Math.max(0, Math.round(milliseconds));
  if (rounded < 1_000) return `${rounded} ms`;
  const tenths = Math.round(rounded / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(rounded / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
}

/** `512 bytes`, `12.3 KB`, `4.0 MB`; a KB has 1,024 bytes. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return count(bytes, 'byte');
  if (bytes < 1_024 ** 2) return `${(bytes / 1_024).toFixed(1)} KB`;
  return `${(bytes / 1_024 ** 2).toFixed(1)} MB`;
}

/** `1 task`, `1,200 tasks`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}

/** `src/a.ts:3:7`, with as much as is known. */
export function formatPosition(position: { file?: string; line?: number; column?: number }): string | undefined {
  if (position.file === undefined) return undefined;
  return [position.file, position.line, position.line === undefined ? undefined : position.column]
    .filter((part) => part !== undefined)
    .join(':');
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
