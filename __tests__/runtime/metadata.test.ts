import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Metadata } from '../../src/runtime/metadata.ts';

function filled(data: Record<string, unknown> = {}): { metadata: Metadata; refused: string[] } {
  const refused: string[] = [];
  const metadata = new Metadata((reason) => refused.push(reason));
  metadata.replace(data);
  return { metadata, refused };
}

test.each<[string, (metadata: Metadata) => void, object]>([
  ['set', (m) => m.set('a', { b: [1] }), { list: [0, 1], n: 4, a: { b: [1] } }],
  ['set a path', (m) => m.set('$.a.b.c', 1), { list: [0, 1], n: 4, a: { b: { c: 1 } } }],
  ['set in a list', (m) => m.set('$.list[1].name', 'x'), { list: [0, { name: 'x' }], n: 4 }],
  ['set after the end of a list', (m) => m.set('$.list[2]', 2), { list: [0, 1, 2], n: 4 }],
  ['set a quoted step', (m) => m.set('$.a["b c"]', 1), { list: [0, 1], n: 4, a: { 'b c': 1 } }],
  ['a key that only looks like a path', (m) => m.set('a.b', 1), { list: [0, 1], n: 4, 'a.b': 1 }],
  ['set undefined takes away', (m) => m.set('list', undefined), { n: 4 }],
  ['del', (m) => m.del('$.list[0]'), { list: [1], n: 4 }],
  ['del what is not there', (m) => m.del('$.x.y'), { list: [0, 1], n: 4 }],
  ['append to a list', (m) => m.append('list', 2), { list: [0, 1, 2], n: 4 }],
  ['append to nothing', (m) => m.append('new', 'x'), { list: [0, 1], n: 4, new: ['x'] }],
  ['append to a value', (m) => m.append('n', 5), { list: [0, 1], n: [4, 5] }],
  ['remove', (m) => m.remove('list', 0), { list: [1], n: 4 }],
  ['remove from nothing', (m) => m.remove('x', 0), { list: [0, 1], n: 4 }],
  ['increment', (m) => m.increment('n', 2), { list: [0, 1], n: 6 }],
  ['increment nothing', (m) => m.increment('$.c.rows', 1), { list: [0, 1], n: 4, c: { rows: 1 } }],
  ['increment a list', (m) => m.increment('list', 1), { list: 1, n: 4 }],
  ['replace', (m) => m.replace({ only: 1 }), { only: 1 }],
])('%s', (_, change, expected) => {
  const { metadata, refused } = filled({ list: [0, 1], n: 4 });
  change(metadata);
  expect(metadata.current()).toEqual(expected);
  expect(refused).toEqual([]);
});

test('remove compares by value', () => {
  const { metadata } = filled({ list: [{ a: 1 }, { a: 2 }] });
  metadata.remove('list', { a: 1 });
  expect(metadata.current()).toEqual({ list: [{ a: 2 }] });
});

test('what is handed out and what was handed in are copies', () => {
  const value = { a: [1] };
  const { metadata } = filled();
  metadata.set('v', value);
  value.a.push(2);
  (metadata.get('v') as { a: number[] }).a.push(3);
  expect(metadata.get('$.v.a')).toEqual([1]);
});

test('dates become text, and what is no JSON throws', () => {
  const { metadata } = filled();
  metadata.set('at', new Date(0));
  expect(metadata.get('at')).toBe('1970-01-01T00:00:00.000Z');
  expect(() => metadata.set('big', 1n)).toThrow(TypeError);
  expect(metadata.current()).not.toHaveProperty('big');
});

test('256 KB hold, one byte more is refused and leaves what was there', () => {
  const { metadata, refused } = filled({ a: 1 });
  const room = 256 * 1024 - Buffer.byteLength(JSON.stringify({ a: '' }));
  metadata.set('a', 'x'.repeat(room));
  expect(refused).toEqual([]);
  metadata.set('a', 'x'.repeat(room + 1));
  expect(refused).toEqual([expect.stringContaining('262145 bytes of at most 262144')]);
  expect(metadata.get('a')).toHaveLength(room);
});

test('an index far behind the end of a list is refused', () => {
  const { metadata, refused } = filled({ list: [1] });
  metadata.set('$.list[4000000000]', 1);
  metadata.set('$.new[1]', 1);
  expect(refused).toHaveLength(2);
  expect(metadata.current()).toEqual({ list: [1] });
});

test('no key reaches a prototype', () => {
  const { metadata } = filled();
  metadata.set('$.__proto__.polluted', 1);
  metadata.set('__proto__', { polluted: 1 });
  metadata.set('$.constructor.prototype.polluted', 1);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  expect(metadata.get('toString')).toBeUndefined();
});

test('any key: what is set is what is got', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), (key, value) => {
      fc.pre(!key.startsWith('$.'));
      const { metadata } = filled();
      metadata.set(key, value);
      expect(metadata.get(key)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
