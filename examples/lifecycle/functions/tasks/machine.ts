import { task } from '@lumo-framework/tasks';

/** Gets one vCPU; should its memory not suffice, the next attempt is made with 8 GB. */
export const machine = task({
  id: 'machine',
  machine: 'small-2x',
  retry: { outOfMemory: { machine: 'large-1x' } },
  run: async (_payload, { ctx }) => {
    const image = Buffer.alloc(64 * 1024 * 1024, 0x7f);
    return { preset: ctx.machine.name, memory: ctx.machine.memory, bytes: image.length };
  },
});
