import { plainLines } from '../report/escape.ts';
import { cutSpans } from './cut-secrets.ts';
import { presignedSpans, type Span } from './presigned.ts';

const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const REGION = /^[a-z]{2,4}(?:-[a-z]+)+-\d+$/;
const PLAIN_NAME = /^\p{L}+(?:[-_./]+\p{L}+)*$/u;

/**
 * Whether a value may be masked. Masking what is short or occurs everywhere (numbers, booleans, regions, account ids,
 * plain names) would make logs unreadable, and GitHub drops every job output that contains a masked value.
 */
export function isMaskable(value: string): boolean {
  const text = value.trim();
  if (text.length < 8) return false;
  return !NUMBER.test(text) && !REGION.test(text) && !PLAIN_NAME.test(text);
}

/** The values that must not be seen, in every form they can take in a text. */
export interface Mask {
  /**
   * Returns the single lines to register with GitHub's runner as well. Never the whole of a value with several lines:
   * the runner would mask each of its lines, also one that is a lone bracket.
   */
  add(value: string): string[];
  redact(text: string): string;
}

export function createMask(): Mask {
  const forms = new Set<string>();
  return {
    add: (value) => {
      if (!isMaskable(value)) return [];
      const lines = plainLines(value)
        .map((line) => line.trim())
        .filter(isMaskable);
      for (const form of [value, value.trim(), plainLines(value).join('\n').trim(), ...lines].flatMap(formsOf)) {
        forms.add(form);
      }
      return lines;
    },
    redact: (text) =>
      replaceSpans(text, [...findSpans(text, forms), ...cutSpans(text, forms), ...presignedSpans(text)]),
  };
}

/** As it is, inside a JSON string, in a URL. */
function formsOf(value: string): string[] {
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(Buffer.from(value).toString())];
}

/** Where any form occurs. */
function findSpans(text: string, forms: ReadonlySet<string>): Span[] {
  const spans: Span[] = [];
  for (const form of forms) {
    for (let start = text.indexOf(form); start >= 0; start = text.indexOf(form, start + form.length)) {
      spans.push({ start, end: start + form.length });
    }
  }
  return spans;
}

/** Spans may overlap: two secrets that share characters both disappear as a whole. */
function replaceSpans(text: string, spans: Span[]): string {
  let result = '';
  let position = 0;
  for (const { start, end } of spans.sort((a, b) => a.start - b.start)) {
    if (start >= position) result += `${text.slice(position, start)}***`;
    position = Math.max(position, end);
  }
  return result + text.slice(position);
}
