import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Slot, Slots } from '../../src/runs/slots.ts';

const never = new AbortController().signal;

/** Takes a slot when there is one. */
function tryTake(slots: Slots, queue: string): Slot | undefined {
  return slots.isFree(queue) ? slots.take(queue) : undefined;
}

describe('slots', () => {
  test('the smallest limit given for a name counts, a name without one is unlimited', () => {
    const limits = [undefined, 3, 2, undefined].map((concurrencyLimit) => ({ name: 'db', concurrencyLimit }));
    const slots = new Slots(8, [...limits, { name: 'free', concurrencyLimit: undefined }]);
    expect([slots.limitOf('db'), slots.limitOf('free'), slots.limitOf('other')]).toEqual([2, Infinity, Infinity]);
  });

  test('giving back twice frees one place, and taking again what one holds changes nothing', async () => {
    const slots = new Slots(2, []);
    const first = slots.take('a');
    slots.take('b');
    first.release();
    first.release();
    await first.regain(never);
    await first.regain(never);
    expect(slots.isFree('c')).toBe(false);
    first.release();
    expect(slots.isFree('c')).toBe(true);
  });

  test('who waits longest goes first, unless its queue is full, and before whoever starts', async () => {
    const slots = new Slots(2, [{ name: 'db', concurrencyLimit: 1 }]);
    const [one, two, three] = ['db', 'a', 'b'].map((queue) => {
      const slot = slots.take(queue);
      slot.release();
      return slot;
    }) as [Slot, Slot, Slot];
    const holder = slots.take('db');
    const other = slots.take('c');
    const regained: string[] = [];
    const waiting = [one, two, three].map((slot, index) =>
      slot.regain(never).then(() => regained.push(`${index + 1}`)),
    );
    other.release();
    expect(slots.isFree('d')).toBe(false);
    await waiting[1];
    expect(regained).toEqual(['2']);
    holder.release();
    await waiting[0];
    two.release();
    await Promise.all(waiting);
    expect(regained).toEqual(['2', '1', '3']);
  });

  test('who gives up waiting leaves no trace', async () => {
    const slots = new Slots(1, []);
    const waiter = slots.take('a');
    waiter.release();
    const holder = slots.take('b');
    const cancel = new AbortController();
    const waiting = waiter.regain(cancel.signal);
    cancel.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(waiter.regain(cancel.signal)).rejects.toThrow('enough');
    waiter.release();
    holder.release();
    expect(slots.isFree('a')).toBe(true);
  });

  test('whatever is taken, given back and given up: no limit is exceeded, and nobody waits for a free place', async () => {
    const step = fc.record({ action: fc.constantFrom('take', 'release', 'regain', 'cancel'), at: fc.nat(9) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), async (steps, total) => {
        const slots = new Slots(total, [
          { name: 'q0', concurrencyLimit: 1 },
          { name: 'q1', concurrencyLimit: 2 },
        ]);
        const all: { slot: Slot; queue: string; held: boolean; cancel: AbortController | undefined }[] = [];
        for (const { action, at } of steps) {
          const queue = `q${at % 3}`;
          const entry = all[at];
          if (action === 'take') {
            const slot = tryTake(slots, queue);
            if (slot) all.push({ slot, queue, held: true, cancel: undefined });
          } else if (action === 'release' && entry?.held) {
            entry.held = false;
            entry.slot.release();
          } else if (action === 'regain' && entry && !entry.held && !entry.cancel) {
            const cancel = new AbortController();
            entry.cancel = cancel;
            entry.slot.regain(cancel.signal).then(
              () => Object.assign(entry, { held: true, cancel: undefined }),
              () => Object.assign(entry, { cancel: undefined }),
            );
          } else if (action === 'cancel') {
            entry?.cancel?.abort(new Error('cancelled'));
          }
          await new Promise((resolve) => setImmediate(resolve));
          const held = all.filter((each) => each.held);
          expect(held.length).toBeLessThanOrEqual(total);
          for (const name of ['q0', 'q1']) {
            expect(held.filter((each) => each.queue === name).length).toBeLessThanOrEqual(slots.limitOf(name));
          }
          for (const waiting of all.filter((each) => each.cancel)) expect(slots.isFree(waiting.queue)).toBe(false);
        }
      }),
      { numRuns: 100 },
    );
  });
});
