import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  annotationText,
  breakCommands,
  cutText,
  logLine,
  markdown,
  markdownCode,
  plainLines,
} from '../../src/report/escape.ts';

/** Finds commands as the runner does: characters without width do not count. */
function runnerSeesCommand(line: string): boolean {
  const seen = line.replace(/\p{DI}/gu, '');
  return seen.trimStart().startsWith('::') || seen.includes('##[');
}

const pieces = fc.constantFrom(
  '#',
  '##[',
  '::',
  ':',
  ' ',
  '\u200b',
  '\ufe0f',
  '\u00ad',
  '\u00a0',
  '[',
  ']',
  'a',
  '\t',
  '\ufeff',
);
const nasty = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''));

describe('breakCommands', () => {
  it('leaves no command, however it is written', () => {
    fc.assert(
      fc.property(nasty, (line) => {
        expect(runnerSeesCommand(breakCommands(line))).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });

  it('leaves other text as it is', () => {
    expect(breakCommands('std::vector ## [x] a:b #1')).toBe('std::vector ## [x] a:b #1');
  });
});

describe('plainLines', () => {
  it('splits at every kind of line break', () => {
    expect(plainLines('a\r\nb\nc\rd\u2028e\u2029f')).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('removes colours, links, titles, cursor movements and other control characters, but no tab', () => {
    const text =
      '\u001b[1;31mred\u001b[0m\u001b]0;title\u0007 \u001b]8;;https://x\u001b\\link\u001b]8;;\u001b\\\t\u0000\u001b[2Kend\u202e';
    expect(plainLines(text)).toEqual(['red link\tend']);
  });

  it('joins what an escape sequence had split', () => {
    expect(logLine(':\u001b[0m:error::x')).toBe(': :error::x');
  });
});

describe('logLine', () => {
  it('is one line, masked as one reads it', () => {
    const redact = (text: string): string => text.replaceAll('s3cret-v4lue', '***');
    expect(logLine('a\nb s3cret-\u001b[1mv4lue', redact)).toBe('a b ***');
  });
});

describe('annotationText', () => {
  it('keeps lines and never exceeds its length', () => {
    expect(annotationText('a\r\n##[error]b')).toBe('a\n## [error]b');
    const cut = annotationText('😀'.repeat(3_000));
    expect(cut.length).toBeLessThanOrEqual(4_000);
    expect(cut.endsWith('😀…')).toBe(true);
  });
});

describe('markdown', () => {
  it('shows text as text', () => {
    expect(markdown('<b> & | `x` **y**\nnext')).toBe(
      '&lt;b&gt; &amp; &#124; &#96;x&#96; &#42;&#42;y&#42;&#42;<br>next',
    );
  });

  it('makes mentions, addresses and issue numbers inert', () => {
    expect(markdown('@octocat https://x.example me@x.example #12')).not.toMatch(/@\w|:\/\/|(?<!&)#\d/);
  });
});

describe('markdownCode', () => {
  it('cannot be closed by its content', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('`', '```', '````', '\n', 'a', '~~~'), { maxLength: 20 }), (parts) => {
        const lines = markdownCode(parts.join(''), 'json').split('\n');
        const fence = /^`+/.exec(lines[0] ?? '')?.[0] ?? '';
        const closing = lines.findIndex((line, index) => index > 0 && line.startsWith(fence));
        expect(closing).toBe(lines.length - 1);
      }),
    );
  });
});

describe('cutText', () => {
  it('stays under the limit and cuts no character in half', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 3, max: 40 }), (text, limit) => {
        const cut = cutText(text, limit);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(limit);
        expect(cut).not.toContain('\ufffd');
        expect(cut === text || (cut.endsWith('…') && text.startsWith(cut.slice(0, -1)))).toBe(true);
      }),
    );
  });
});
