/** A part of a text, by offsets of UTF-16 units; `end` is the first one that is not in it. */
export interface Span {
  start: number;
  end: number;
}

/** What makes a URL of S3 valid without credentials, also inside another URL, where `=` is encoded, even twice. */
const SIGNED = /X-Amz-(?:Signature|Security-Token|Credential)(?:=|%(?:25)*3D)/gi;
/** What ends a URL in running text, in JSON and in markup. */
const DELIMITER = /[\s"'`<>()]/;
/** The start of a query, also inside another URL. */
const QUERY = /\?|%(?:25)*3F/gi;

/**
 * The queries of presigned URLs: whoever has one may do what it was signed for until it expires. What comes before the
 * query stays, it only says which object. Takes time in proportion to the text.
 */
export function presignedSpans(text: string): Span[] {
  const spans: Span[] = [];
  let end = 0;
  for (const { index } of text.matchAll(SIGNED)) {
    if (index < end) continue;
    const start = queryStart(text, wordStart(text, index, end), index);
    end = wordEnd(text, index);
    spans.push({ start, end });
  }
  return spans;
}

function wordStart(text: string, from: number, least: number): number {
  let start = from;
  while (start > least && !DELIMITER.test(text.charAt(start - 1))) start -= 1;
  return start;
}

function wordEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && !DELIMITER.test(text.charAt(end))) end += 1;
  return end;
}

/** After the last question mark before the signature, else at the signature itself. */
function queryStart(text: string, start: number, signature: number): number {
  const marks = [...text.slice(start, signature).matchAll(QUERY)];
  const last = marks.at(-1);
  return last === undefined ? signature : start + last.index + last[0].length;
}
