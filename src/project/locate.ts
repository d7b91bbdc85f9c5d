import type { KeyPath } from './check.ts';

/** 1-based. */
export interface Position {
  line: number;
  column: number;
}

interface Frame {
  /** Key whose value is being read, in an object; `undefined` in brackets and before the first key. */
  key: string | undefined;
  /** Element that is being read, in an array. */
  index: number | undefined;
}

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|[\p{ID_Start}$_][\p{ID_Continue}$]*|=>|==+|[{}[\]():,;=]/gu;

/**
 * Where a key of the configuration is written, by walking the nested literals of the source text; for a key that is put
 * together elsewhere, where the nearest enclosing one is. Best effort: it does not run or fully parse the source.
 */
export function locateKey(source: string, path: KeyPath): Position | undefined {
  const keys = writtenKeys(source);
  for (let length = path.length; length > 0; length--) {
    const offset = keys.get(JSON.stringify(path.slice(0, length)));
    if (offset !== undefined) return positionAt(source, offset);
  }
  return undefined;
}

export function positionAt(source: string, offset: number): Position {
  const before = source.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** Key path (as JSON) to the offset at which it is first written. */
function writtenKeys(source: string): Map<string, number> {
  const found = new Map<string, number>();
  const top: Frame = { key: undefined, index: undefined };
  const frames = [top];
  let word: { name: string; offset: number } | undefined;

  const record = (frame: Frame) => {
    if (word === undefined) return;
    frame.key = word.name;
    const path = frames.map((each) => each.index ?? each.key).filter((each) => each !== undefined);
    const id = JSON.stringify(path);
    if (!found.has(id)) found.set(id, word.offset);
  };

  for (const match of source.matchAll(TOKEN)) {
    const token = match[0];
    const frame = frames.at(-1) ?? top;
    if (token.startsWith('//') || token.startsWith('/*')) continue;
    if (/^['"`\p{ID_Start}$_]/u.test(token)) {
      word = frame.key === undefined ? { name: unquote(token), offset: match.index } : undefined;
      continue;
    }
    if (token === ':') {
      record(frame);
    } else if (token === '{' || token === '(') {
      frames.push({ key: undefined, index: undefined });
    } else if (token === '[') {
      frames.push({ key: undefined, index: 0 });
    } else if (token === '}' || token === ')' || token === ']') {
      if (token === '}') record(frame);
      if (frames.length > 1) frames.pop();
    } else if (token === ',') {
      if (frame.index === undefined) record(frame);
      else frame.index += 1;
      frame.key = undefined;
    } else {
      frame.key = undefined;
    }
    word = undefined;
  }
  return found;
}

function unquote(token: string): string {
  return /^['"`]/.test(token) ? token.slice(1, -1).replace(/\\(.)/gsu, '$1') : token;
}
