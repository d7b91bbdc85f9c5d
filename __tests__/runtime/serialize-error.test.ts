import { describe, expect, test } from 'vitest';
import { serializeError } from '../../src/runtime/serialize-error.ts';

describe('2.6 Error shapes and limits', () => {
  test('an error: name, message, stack', () => {
    expect(serializeError(new RangeError('too far'))).toEqual({
      name: 'RangeError',
      message: 'too far',
      stack: expect.stringContaining('serialize-error.test.ts'),
    });
  });

  test('a text, and any other value', () => {
    expect(serializeError('boom')).toEqual({ name: 'NonErrorThrown', message: expect.stringContaining('boom') });
    expect(serializeError({ code: 7 })).toEqual({
      name: 'NonErrorThrown',
      message: expect.stringContaining('{ code: 7 }'),
    });
  });

  test('the message has at most 1000 characters', () => {
    expect(serializeError(new Error('x'.repeat(1000))).message).toBe('x'.repeat(1000));
    expect(serializeError(new Error('x'.repeat(1001))).message).toBe(`${'x'.repeat(1000)}…`);
  });

  test('the stack has at most 50 frames: the top 5 and the bottom 45', () => {
    const error = new Error('deep');
    const frames = Array.from({ length: 80 }, (_, index) => `    at frame${index} (file.js:${index}:1)`);
    error.stack = ['Error: deep', ...frames].join('\n');
    const lines = serializeError(error).stack?.split('\n') ?? [];
    expect(lines).toHaveLength(1 + 5 + 1 + 45);
    expect(lines.slice(5, 8)).toEqual([frames[4], '    ... 30 more frames ...', frames[35]]);
    expect(lines.at(-1)).toBe(frames[79]);
  });

  test('a line of the stack has at most 1024 characters, NUL is taken out', () => {
    const error = new Error('a\0b');
    error.stack = `Error: a\0b\n    at ${'y'.repeat(2000)}`;
    const { message, stack } = serializeError(error);
    expect(message).toBe('ab');
    expect(stack?.split('\n')[0]).toBe('Error: ab');
    expect(stack?.split('\n')[1]).toHaveLength(1025);
  });
});
