import { type Position, positionAt } from './locate.ts';

/** Where a text is written as a string literal in a source; `undefined` when it is put together some other way. */
export function mentionOf(text: string, source: string | undefined): Position | undefined {
  const offsets = ["'", '"', '`'].map((quote) => source?.indexOf(quote + text + quote) ?? -1).filter((at) => at >= 0);
  return source === undefined || offsets.length === 0 ? undefined : positionAt(source, Math.min(...offsets));
}
