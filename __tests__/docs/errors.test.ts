import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/errors.ts';
import { COMMANDS, INPUTS } from '../../src/input-table.ts';
import { ROOT, readPage } from './pages.ts';

const page = readPage('docs/errors.md');
const rows = [...page.text.matchAll(/^\| `([A-Z_]+)` +\|([^|]+)\|([^|]+)\|$/gm)].map(
  ([, code = '', what = '', todo = '']) => ({
    code,
    what: what.trim(),
    todo: todo.trim(),
  }),
);

const sources = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(path.join(ROOT, 'src', file), 'utf8') }));

test('docs/errors.md lists every error code once, and no other', () => {
  expect(rows.map(({ code }) => code).sort()).toEqual([...ERROR_CODES].sort());
});

describe.each(rows)('$code', ({ code, what, todo }) => {
  test('says what happened and what to do, in sentences', () => {
    for (const cell of [what, todo]) expect(cell).toMatch(/^[`A-Z][\s\S]*\.$/);
  });

  test('is raised somewhere', () => {
    expect(sources.filter(({ file, text }) => file !== 'errors.ts' && text.includes(`'${code}'`))).not.toEqual([]);
  });
});

test('an input that an advice names exists, in the page and in the code', () => {
  const known = [...Object.keys(INPUTS), ...Object.keys(COMMANDS)];
  const advice = [page.text, ...sources.map(({ text }) => text)].join('\n');
  const named = [
    ...advice.matchAll(/\b[Ii]nputs? `([^`$]+)`/g),
    ...advice.matchAll(/`(?:command|format|bucket|history): ?(\w+)`/g),
  ];
  const values = ['cloudformation', 'json', 'none', 'marker', 'tags', 'auto'];
  const names = [...new Set(named.map(([, name = '']) => name))];
  expect(names.length).toBeGreaterThan(8);
  expect(names.filter((name) => !known.includes(name) && !values.includes(name))).toEqual([]);
});
