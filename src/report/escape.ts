/**
 * Text of others on its way to a place that gives characters a meaning: one function per destination, and no other
 * place in the project that escapes.
 */

const ESC = '\u001b';
const BEL = '\u0007';
/** CSI, OSC, the other string sequences, and the short ones. An unterminated one ends with its line. */
const ANSI = new RegExp(
  `${ESC}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\)?|[PX^_][^${ESC}]*(?:${ESC}\\\\)?|[ -/]*[0-~])`,
  'g',
);
const LINE_BREAK = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/;
/** Every control character but the tab, and the ones that turn the direction of writing. */
const INVISIBLE_CONTROL = /[^\P{Cc}\t]|\p{Bidi_Control}/gu;

/** The lines of a text, without colours, cursor movements and other control characters. */
export function plainLines(text: string): string[] {
  return text.split(LINE_BREAK).map((line) => line.replace(ANSI, '').replace(INVISIBLE_CONTROL, ''));
}

/**
 * GitHub's runner takes `::name` at the start of a line and `##[name` anywhere in it for a command. It compares by the
 * rules of a language, which skip characters without width: so these may stand in between, and what is put between to
 * break the sequence must be a character that counts, a space.
 */
export function breakCommands(line: string): string {
  return line.replace(/#\p{DI}*#\p{DI}*\[/gu, '## [').replace(/^([\s\p{DI}]*):(\p{DI}*:)/u, '$1: $2');
}

/** One line of the log. `redact` sees the text as people would read it, before anything is put into it. */
export function logLine(text: string, redact: (text: string) => string = same): string {
  return breakCommands(redact(plainLines(text).join('\n')).replaceAll('\n', ' '));
}

/** Message of an annotation: keeps its lines. The runner cuts at 4,096 UTF-16 units without saying so. */
export function annotationText(text: string, redact: (text: string) => string = same, maxLength = 4_000): string {
  const lines = redact(plainLines(text).join('\n')).split('\n');
  const safe = lines.map(breakCommands).join('\n');
  return safe.length <= maxLength ? safe : `${safe.slice(0, maxLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\\': '&#92;',
  '`': '&#96;',
  '*': '&#42;',
  _: '&#95;',
  '~': '&#126;',
  '[': '&#91;',
  ']': '&#93;',
  '|': '&#124;',
  '#': '&#35;',
  // The way GitHub documents to show a dollar sign that opens no formula.
  $: '<span>$</span>',
};

/**
 * What GitHub turns into something after rendering: mentions, issue numbers, addresses, emoji names. A tag between its
 * parts keeps it apart for GitHub, and leaves nothing invisible in what people copy.
 */
const REFERENCE = /(@(?=[\w-])|#(?=\d)|:(?=\/\/|(?:[a-z][\w+-]*|[+-]1|100):)|(?<=\bwww)\.)/gi;

/**
 * Inline text in Markdown and in HTML inside it: a table cell, a list item, a `<summary>`. Character references never
 * form syntax, so nothing is emphasis, a link, a cell border or a tag. It must not stand at the start of a block, where
 * a digit or a dash opens a list.
 */
export function markdown(text: string): string {
  return plainLines(text.trim())
    .map((line) => line.split(REFERENCE).map(escapePiece).join(''))
    .join('<br>');
}

/** `split` with a group puts what it found at every second place. */
function escapePiece(piece: string, index: number): string {
  const escaped = piece.replace(/[&<>\\`*_~[\]|#$]/g, (character) => ENTITIES[character] ?? character);
  return index % 2 === 1 ? `<span>${escaped}</span>` : escaped;
}

/** As `markdown`, for sentences of ours that quote names in backticks: these are shown in the type of code. */
export function markdownProse(text: string): string {
  return markdown(text).replace(/&#96;([^<]+?)&#96;/g, '<code>$1</code>');
}

/** Inline text in the type of code. */
export function markdownInlineCode(text: string): string {
  return `<code>${markdown(text)}</code>`;
}

/** A fenced block that its content cannot close. */
export function markdownCode(text: string, language = ''): string {
  const content = plainLines(text).join('\n');
  const longest = Math.max(0, ...Array.from(content.matchAll(/`+/g), (run) => run[0].length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}${language}\n${content}\n${fence}`;
}

/** At most `maxBytes` of UTF-8, never half a character; what was cut ends with an ellipsis. */
export function cutText(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text.slice(0, maxBytes));
  let end = Math.max(0, maxBytes - Buffer.byteLength('…'));
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.subarray(0, end).toString()}…`;
}

function same(text: string): string {
  return text;
}
