import { describe, expect, it } from 'vitest';
import { count, formatBytes, formatDuration, formatPosition } from '../../src/report/format.ts';

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [999.6, '1.0 s'],
    [12_345, '12.3 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min 00 s'],
    [245_000, '4 min 05 s'],
    [3_599_600, '1 h 00 min'],
    [3_720_000, '1 h 02 min'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});

describe('other figures', () => {
  it('are said in words', () => {
    expect([formatBytes(1), formatBytes(12_595), formatBytes(4_194_304)]).toEqual(['1 byte', '12.3 KB', '4.0 MB']);
    expect([count(1, 'task'), count(1_200, 'task')]).toEqual(['1 task', '1,200 tasks']);
    expect(formatPosition({ file: 'a.ts', line: 3, column: 7 })).toBe('a.ts:3:7');
    expect(formatPosition({ file: 'a.ts', column: 7 })).toBe('a.ts');
    expect(formatPosition({ line: 3 })).toBeUndefined();
  });
});
