import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMask } from '../../src/runner/mask.ts';

const QUERY =
  'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIA12345678EXAMPLE%2F20260101%2Feu-central-1%2Fs3%2Faws4_request' +
  '&X-Amz-Date=20260101T000000Z&X-Amz-Expires=960&X-Amz-Security-Token=IQoJb3JpZ2luX2VjEXAMPLE%2B%2F%3D%3D' +
  '&X-Amz-Signature=0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0&X-Amz-SignedHeaders=host&x-id=PutObject';
const PLACE = 'https://bucket.s3.eu-central-1.amazonaws.com/lumo-tasks/runs/shop/dev/1/seed/1/claim.json';
const URL_TEXT = `${PLACE}?${QUERY}`;
const SECRET = /IQoJb3|0f1e2d3c|ASIA1234/;

const { redact } = createMask();

describe('the query of a presigned URL', () => {
  it.each([
    ['alone', URL_TEXT, `${PLACE}?***`],
    ['in a sentence', `PUT ${URL_TEXT} failed (see ${URL_TEXT}).`, `PUT ${PLACE}?*** failed (see ${PLACE}?***).`],
    ['in JSON', JSON.stringify({ url: URL_TEXT, next: 1 }), `{"url":"${PLACE}?***","next":1}`],
    ['in JSON inside JSON', JSON.stringify(JSON.stringify({ url: URL_TEXT })), `"{\\"url\\":\\"${PLACE}?***"}"`],
    ['in a URL', `https://x/?to=${encodeURIComponent(URL_TEXT)}`, `https://x/?to=${encodeURIComponent(PLACE)}%3F***`],
    ['in HTML', `<a href="${URL_TEXT.replaceAll('&', '&amp;')}">x</a>`, `<a href="${PLACE}?***">x</a>`],
    ['written small', URL_TEXT.toLowerCase(), `${PLACE.toLowerCase()}?***`],
    ['as its path only', `/claim.json?${QUERY}`, '/claim.json?***'],
    ['without what comes before', QUERY, 'X-Amz-Algorithm=AWS4-HMAC-SHA256&***'],
    ['behind another question mark', `why?${URL_TEXT}`, `why?${PLACE}?***`],
    ['on several lines', `${URL_TEXT}\n${URL_TEXT}`, `${PLACE}?***\n${PLACE}?***`],
  ])('is cut %s', (_where, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it('is cut also when it was encoded twice', () => {
    expect(redact(encodeURIComponent(encodeURIComponent(URL_TEXT)))).not.toMatch(SECRET);
  });

  it('leaves other queries and names alone', () => {
    const text = 'https://x.example/?signature=1&a=b X-Amz-Signature is missing, X-Amz-Date=20260101T000000Z';
    expect(redact(text)).toBe(text);
  });

  it('is cut in whatever it stands', () => {
    const around = fc.string({ unit: fc.constantFrom('?', '&', ' ', '"', 'X-Amz-Signature=', '%3F', 'a', '<') });
    fc.assert(
      fc.property(around, around, (before, after) => {
        expect(redact(`${before}${URL_TEXT}${after}`)).not.toMatch(SECRET);
      }),
    );
  });

  it('hides a masked value beside it too', () => {
    const mask = createMask();
    mask.add('s3cret-v4lue');
    expect(mask.redact(`s3cret-v4lue ${URL_TEXT}&token=s3cret-v4lue s3cret-v4lue`)).toBe(`*** ${PLACE}?*** ***`);
  });

  it('takes time in proportion to the text', () => {
    const count = (text: string): number => {
      const started = performance.now();
      redact(text);
      return performance.now() - started;
    };
    const hostile = (length: number): string => `${'?'.repeat(length)}${'X-Amz-Signature=?'.repeat(length / 10)}`;
    count(hostile(20_000));
    expect(count(hostile(2_000_000))).toBeLessThan(5_000);
  });
});
