/**
 * JSON that is nested deeper is nobody's data, and whatever walks through it, ours and others', would run out of stack:
 * what comes from outside is refused where it is read.
 */
export const MAX_JSON_DEPTH = 500;

/** Whether arrays and objects in a JSON text are nested in more than `limit` levels; one pass, no recursion. */
export function isTooDeep(json: string, limit = MAX_JSON_DEPTH): boolean {
  let depth = 0;
  for (let at = 0; at < json.length && depth <= limit; at += 1) {
    const character = json[at];
    if (character === '"') at = endOfString(json, at);
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
  }
  return depth > limit;
}

/** Offset of the quote that ends the string which begins at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}
