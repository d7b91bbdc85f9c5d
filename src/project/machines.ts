import type { Machine } from './types.ts';

/** vCPU and GB of each preset, smallest first. */
const PRESETS = [
  { name: 'micro', cpu: 0.25, memory: 0.25 },
  { name: 'small-1x', cpu: 0.5, memory: 0.5 },
  { name: 'small-2x', cpu: 1, memory: 1 },
  { name: 'medium-1x', cpu: 1, memory: 2 },
  { name: 'medium-2x', cpu: 2, memory: 4 },
  { name: 'large-1x', cpu: 4, memory: 8 },
] as const;

/** Has 8 vCPU and 16 GB; Lambda ends at 10 GB. */
const TOO_LARGE = 'large-2x';

/** Lambda gives one vCPU for so many MB. */
const MB_PER_CPU = 1769;

/** Every name authors may write, with the one that does not exist on Lambda. */
export const PRESET_NAMES: readonly string[] = [...PRESETS.map(({ name }) => name), TOO_LARGE];

/** What a preset is on Lambda: at least its memory and at least its vCPU. `undefined` for one that Lambda has not. */
export function presetMachine(name: string): Machine | undefined {
  const preset = PRESETS.find((each) => each.name === name);
  if (preset === undefined) return undefined;
  return machineOf(Math.max(preset.memory * 1024, Math.ceil(preset.cpu * MB_PER_CPU)), preset.name);
}

/** The smallest preset with so many vCPU and GB; `undefined` when only one that Lambda has not would do. */
export function smallestMachine(cpu: number, memory: number): Machine | undefined {
  const preset = PRESETS.find((each) => each.cpu >= cpu && each.memory >= memory);
  return preset && presetMachine(preset.name);
}

/** A machine with so many MB. */
export function machineOf(memory: number, name?: string): Machine {
  return { name, cpu: Math.round((memory / MB_PER_CPU) * 100) / 100, memory };
}
