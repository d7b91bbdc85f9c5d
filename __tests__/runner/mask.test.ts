import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMask, isMaskable } from '../../src/runner/mask.ts';

describe('isMaskable', () => {
  it.each([
    'hunter2!!',
    'postgres://u:p@db/shop',
    'AKIAIOSFODNN7EXAMPLE',
    'wJalrXUtnFEMI/K7MDENG',
    '0xdeadbeefcafe0123',
    '{"user":"shop"}',
    '1234-5678',
  ])('%s is', (value) => {
    expect(isMaskable(value)).toBe(true);
  });

  it.each([
    '',
    '       a       ',
    'short1!',
    '123456789012',
    '-12345678.25',
    '1234567e10',
    'true',
    'eu-central-1',
    'us-gov-west-1',
    'eusc-de-east-1',
    'production',
    'my-app.internal/service_name',
    'Überraschung',
  ])('%j is not', (value) => {
    expect(isMaskable(value)).toBe(false);
  });
});

describe('createMask', () => {
  it('replaces a value in each form it takes in texts', () => {
    const mask = createMask();
    const secret = 'pa"ss/w\\örd 1';
    mask.add(secret);
    const texts = [secret, JSON.stringify({ secret }), `https://x/?q=${encodeURIComponent(secret)}&r=1`];
    expect(texts.map(mask.redact)).toEqual(['***', '{"secret":"***"}', 'https://x/?q=***&r=1']);
  });

  it('replaces every maskable line of a value with several, and tells GitHub about those only', () => {
    const mask = createMask();
    const key = '-----BEGIN KEY-----\nMIIBVgIBADANBgkq1\n}\nproduction\n-----END KEY-----\n';
    expect(mask.add(key)).toEqual(['-----BEGIN KEY-----', 'MIIBVgIBADANBgkq1', '-----END KEY-----']);
    expect(mask.redact('a MIIBVgIBADANBgkq1 } production')).toBe('a *** } production');
    expect(mask.redact(JSON.stringify({ key }))).toBe('{"key":"***"}');
  });

  it('ignores what may not be masked', () => {
    const mask = createMask();
    expect(mask.add('production')).toEqual([]);
    expect(mask.redact('in production')).toBe('in production');
  });

  it('hides both of two values that overlap', () => {
    const mask = createMask();
    mask.add('abcdefg1');
    mask.add('efg1hijklmno');
    expect(mask.redact('x abcdefg1hijklmno y')).toBe('x *** y');
  });

  it('knows what a cut has left of a value', () => {
    const mask = createMask();
    mask.add('hunter2-and-more');
    expect(mask.redact('begins with hunter2-a… (7 more)')).toBe('begins with ***… (7 more)');
    expect(mask.redact('…d-more is its end')).toBe('…*** is its end');
    expect(mask.redact('hunter2…hunter…d-more…')).toBe('***…***…***…');
    expect(mask.redact('…2-and… he said … hunt')).toBe('…2-and… he said … hunt');
    expect(mask.redact('…hunter2-and-more…')).toBe('…***…');
  });

  it('leaves no part of a value beside a cut, wherever it was cut', () => {
    const mask = createMask();
    const secret = 'aabaaab-caab1';
    mask.add(secret);
    const around = fc.string({ unit: fc.constantFrom('a', 'b', '-', '…'), maxLength: 6 });
    fc.assert(
      fc.property(around, around, fc.integer({ min: 4, max: secret.length - 1 }), (before, after, length) => {
        expect(mask.redact(`${before}${secret.slice(0, length)}…${after}`)).not.toContain(
          `${secret.slice(0, length)}…`,
        );
        const end = secret.slice(-length);
        expect(mask.redact(`${before}…${end}${after}`)).not.toContain(`…${end}`);
      }),
    );
  });

  it('leaves no registered value in any text', () => {
    const secret = fc.string({ minLength: 8, maxLength: 12, unit: fc.constantFrom('a', 'b', '1', '"', '/', '\\') });
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(3)), (secrets, order) => {
        const mask = createMask();
        for (const value of secrets) mask.add(value);
        const text = order.map((index) => secrets[index % secrets.length]).join('');
        const redacted = mask.redact(text);
        for (const value of secrets.filter(isMaskable)) expect(redacted).not.toContain(value);
      }),
    );
  });
});
