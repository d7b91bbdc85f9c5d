import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Position } from './locate.ts';

/**
 * Where in the user's own sources an error of the bundled configuration was thrown: the first stack frame in the bundle,
 * translated by the bundle's inline source map.
 */
export async function originalPosition(
  thrown: unknown,
  bundle: string,
): Promise<(Position & { file: string }) | undefined> {
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  const frames = [...(stack ?? '').matchAll(new RegExp(`${path.basename(bundle)}:(\\d+)(?::(\\d+))?`, 'g'))];
  if (frames.length === 0) return undefined;
  const inline = /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(await readFile(bundle, 'utf8'));
  if (!inline?.[1]) return undefined;
  const { LEAST_UPPER_BOUND, originalPositionFor, TraceMap } = await import('@jridgewell/trace-mapping');
  const map = new TraceMap(Buffer.from(inline[1], 'base64').toString('utf8'));
  for (const [, line, column] of frames) {
    const original = originalPositionFor(map, {
      line: Number(line),
      column: column === undefined ? 0 : Number(column) - 1,
      ...(column === undefined && { bias: LEAST_UPPER_BOUND }),
    });
    if (original.source !== null) {
      const file = path.resolve(path.dirname(bundle), original.source);
      return { file, line: original.line, column: original.column + 1 };
    }
  }
  return undefined;
}
