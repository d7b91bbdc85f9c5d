import { readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '..', '..');

/** A page of the documentation, taken apart. */
export interface Page {
  text: string;
  /** Every fenced block: its language and content. */
  blocks: { language: string; content: string }[];
  /** Blocks of code with the file that their first line names, in the order of the page. */
  samples: { file: string; content: string }[];
  /** Those files as the page leaves them. */
  files: Record<string, string>;
  /** Anchors of its headings, as GitHub makes them. */
  anchors: string[];
  /** Rows of the first table whose head has these columns, with the head's names as keys. */
  table<Column extends string>(...columns: Column[]): Record<Column, string>[];
}

const CODE = ['ts', 'js'];

export function readPage(file: string): Page {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', content = '']) => ({
    language,
    content,
  }));
  const samples = blocks
    .filter(({ language }) => CODE.includes(language))
    .map(({ content }) => ({ file: /^\/\/ (\S+)\n/.exec(content)?.[1] ?? content, content }));
  return {
    text,
    blocks,
    samples,
    files: Object.fromEntries(samples.map(({ file, content }) => [file, content])),
    anchors: [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading)),
    table: (...columns) => tableOf(text, columns),
  };
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function tableOf<Column extends string>(text: string, columns: readonly Column[]): Record<Column, string>[] {
  const tables = text.split(/\n{2,}/).filter((part) => part.startsWith('|'));
  const rows = tables.map((table) => table.split('\n').map(cellsOf));
  const found = rows.find(([head = []]) => columns.every((column, index) => head[index] === column));
  if (found === undefined) throw new Error(`no table has the columns ${columns.join(', ')}`);
  return found
    .slice(2)
    .map(
      (cells) =>
        Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ''])) as Record<Column, string>,
    );
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}
