import type { Span } from './presigned.ts';

/** What everything that cuts a text, here and in the Lambda, puts in the place of what it took away. */
const CUT = '…';
/** Fewer characters of a secret tell nobody anything. */
const FEWEST = 4;

/** The beginnings and ends of the forms of a secret that a cut has left, for a text may be cut before it comes here. */
export function cutSpans(text: string, forms: Iterable<string>): Span[] {
  const spans: Span[] = [];
  if (!text.includes(CUT)) return spans;
  const known = [...forms];
  let start = 0;
  let isFirst = true;
  for (const piece of text.split(CUT)) {
    const end = start + piece.length;
    for (const form of known) {
      const begun = end === text.length ? 0 : begunLength(piece, form);
      const ended = isFirst ? 0 : endedLength(piece, form);
      if (begun > 0) spans.push({ start: end - begun, end });
      if (ended > 0) spans.push({ start, end: start + ended });
    }
    isFirst = false;
    start = end + CUT.length;
  }
  return spans;
}

/** Characters at the end of `text` with which `form` begins. */
function begunLength(text: string, form: string): number {
  const window = text.slice(-(form.length - 1));
  const head = form.slice(0, FEWEST);
  for (let at = window.indexOf(head); at >= 0; at = window.indexOf(head, at + 1)) {
    if (form.startsWith(window.slice(at))) return window.length - at;
  }
  return 0;
}

/** Characters at the start of `text` with which `form` ends. */
function endedLength(text: string, form: string): number {
  const window = text.slice(0, form.length - 1);
  const tail = form.slice(-FEWEST);
  for (let at = window.lastIndexOf(tail); at >= 0; at = at === 0 ? -1 : window.lastIndexOf(tail, at - 1)) {
    const length = at + FEWEST;
    if (form.endsWith(window.slice(0, length))) return length;
  }
  return 0;
}
