import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { machineOf, PRESET_NAMES, presetMachine, smallestMachine } from '../../src/project/machines.ts';

describe('machines', () => {
  it.each([
    ['micro', 443, 0.25],
    ['small-1x', 885, 0.5],
    ['small-2x', 1769, 1],
    ['medium-1x', 2048, 1.16],
    ['medium-2x', 4096, 2.32],
    ['large-1x', 8192, 4.63],
  ])('%s has %i MB', (name, memory, cpu) => {
    expect(presetMachine(name)).toEqual({ name, memory, cpu });
  });

  it('do not include what Lambda has not', () => {
    expect(presetMachine('large-2x')).toBeUndefined();
    expect(presetMachine('__proto__')).toBeUndefined();
    expect(PRESET_NAMES).toContain('large-2x');
    expect(smallestMachine(8, 16)).toBeUndefined();
    expect(smallestMachine(4, 8.1)).toBeUndefined();
  });

  it.each([
    [0, 0, 'micro'],
    [0.5, 0.25, 'small-1x'],
    [1, 1, 'small-2x'],
    [1, 1.5, 'medium-1x'],
    [0.25, 4, 'medium-2x'],
    [4, 8, 'large-1x'],
  ])('the smallest with %d vCPU and %d GB is %s', (cpu, memory, name) => {
    expect(smallestMachine(cpu, memory)?.name).toBe(name);
  });

  it('give at least what was asked for', () => {
    const amount = (most: number) => fc.double({ min: 0, max: most, noNaN: true });
    fc.assert(
      fc.property(amount(4), amount(8), (cpu, memory) => {
        const machine = smallestMachine(cpu, memory);
        expect(machine?.memory).toBeGreaterThanOrEqual(Math.ceil(memory * 1024));
        expect((machine?.memory ?? 0) / 1769).toBeGreaterThanOrEqual(cpu);
      }),
    );
  });

  it('may be a plain amount of memory', () => {
    expect(machineOf(1024)).toEqual({ name: undefined, memory: 1024, cpu: 0.58 });
  });
});
