import { describe, expect, it } from 'vitest';
import { MAX_LINE_BYTES, MAX_TOTAL_BYTES, untrustedLines } from '../../src/runner/untrusted.ts';

const same = (text: string): string => text;

describe('untrustedLines', () => {
  it('gives one safe entry per line', () => {
    const lines = untrustedLines(['a\r\n::error::b\rc\u2028##[group]d', '\u001b[31me\u001b[0m'], same);
    expect(lines).toEqual(['a', ': :error::b', 'c', '## [group]d', 'e']);
  });

  it('masks before it cuts', () => {
    const secret = 'x'.repeat(100);
    const lines = untrustedLines([`${'a'.repeat(MAX_LINE_BYTES - 50)}${secret}`], (text) => {
      return text.replaceAll(secret, '***');
    });
    expect(lines[0]).toMatch(/a\*\*\*$/);
  });

  it('cuts a long line and says by how much', () => {
    const [line = ''] = untrustedLines(['ü'.repeat(10_000)], same);
    expect(line).toMatch(/^ü+… \(11\.5 KB more\)$/);
    expect(Buffer.byteLength(line)).toBeLessThan(MAX_LINE_BYTES + 50);
  });

  it('keeps the last lines of too many and counts the others', () => {
    const all = Array.from({ length: 100_000 }, (_, index) => `line ${index}`.padEnd(1_000, '.'));
    const lines = untrustedLines(all, same);
    const bytes = Buffer.byteLength(lines.join('\n'));
    expect(bytes).toBeLessThan(MAX_TOTAL_BYTES + 100);
    expect(lines.at(-1)).toMatch(/^line 99999/);
    expect(lines[0]).toBe(
      `… ${(100_000 - (lines.length - 1)).toLocaleString('en-US')} earlier lines left out (94.9 MB)`,
    );
    expect(lines[1]).toMatch(new RegExp(`^line ${100_000 - (lines.length - 1)}\\.`));
  });
});
