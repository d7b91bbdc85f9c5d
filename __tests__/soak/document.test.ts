import { expect, test } from 'vitest';
import { RULES } from '../../scripts/soak/records.ts';
import { readPage } from '../docs/pages.ts';

test('docs/reliability.md explains every rule, and has a place for the last run', () => {
  const page = readPage('docs/reliability.md');
  const explained = page
    .table('rule', 'broken when')
    .map(({ rule }) => rule)
    .join(', ');
  expect(RULES.filter((rule) => !explained.includes(rule))).toEqual([]);
  expect(explained.split(', ').filter((rule) => !RULES.join(', ').includes(rule))).toEqual([]);
  expect(page.text).toMatch(/<!-- soak:start -->\n[\s\S]*<!-- soak:end -->/);
});
