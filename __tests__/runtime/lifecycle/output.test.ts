import { expect, test } from 'vitest';
import { task } from '../../../src/sdk/tasks/index.ts';
import { attempt, freshRegistry } from './helpers.ts';

freshRegistry();

class Price {
  readonly amount = 5;
}
class Money {
  toJSON(): string {
    return '5 EUR';
  }
}

test.each<[string, unknown, unknown]>([
  ['output is NaN, which JSON turns into null', Number.NaN, null],
  [
    'output.items[3].price is NaN, which JSON turns into null',
    { items: [1, 2, 3, { price: Number.NaN }] },
    { items: [1, 2, 3, { price: null }] },
  ],
  ['output.most is Infinity, which JSON turns into null', { most: Number.POSITIVE_INFINITY }, { most: null }],
  [
    'output.rows is of the class Map, and JSON keeps nothing of its contents',
    { rows: new Map([[1, 2]]) },
    { rows: {} },
  ],
  ['output[0] is of the class Set, and JSON keeps nothing of its contents', [new Set([1])], [{}]],
  ['output.error is of the class RangeError, and JSON keeps nothing', { error: new RangeError('x') }, { error: {} }],
  ['output.later is of the class Promise, and JSON keeps nothing', { later: Promise.resolve(1) }, { later: {} }],
  ['output.call is a function, which JSON leaves out', { call: () => 1, kept: 1 }, { kept: 1 }],
  ['output[1] is a symbol, which JSON turns into null', [1, Symbol('x')], [1, null]],
  ['output["a b"].c is NaN, which', { 'a b': { c: Number.NaN } }, { 'a b': { c: null } }],
])('%s: is a warning', async (warning, output, result) => {
  task({ id: 'demo', run: () => output });
  const outcome = await attempt('demo');
  expect(outcome).toMatchObject({ status: 'COMPLETED', result });
  expect(outcome.warnings).toEqual([expect.stringContaining(warning)]);
});

test.each<[string, unknown]>([
  ['a Date', { at: new Date(0) }],
  ['an instance of a class', { price: new Price() }],
  ['what has toJSON', { cost: new Money(), map: Object.assign(new Map(), { toJSON: () => [] }) }],
  ['a member that is undefined', { a: undefined, list: [1] }],
  ['a Buffer', { bytes: Buffer.from('x') }],
  ['nothing', undefined],
  ['a getter that answers once', Object.defineProperty({}, 'x', { enumerable: true, get: answersOnce() })],
])('%s is none', async (_, output) => {
  task({ id: 'demo', run: () => output });
  const outcome = await attempt('demo');
  expect(outcome.status).toBe('COMPLETED');
  expect(outcome.warnings).toBeUndefined();
});

test('the data of a plain task is looked at in the same way, also when it failed', async () => {
  const run = (success: boolean) => async () => ({ success, message: 'x', data: { rows: [{ n: Number.NaN }] } });
  for (const success of [true, false]) {
    expect(await attempt('plain', { module: { run: run(success) } })).toMatchObject({
      warnings: ['data.rows[0].n is NaN, which JSON turns into null'],
    });
  }
});

function answersOnce(): () => number {
  let answered = false;
  return () => {
    if (answered) throw new Error('twice');
    answered = true;
    return 1;
  };
}
