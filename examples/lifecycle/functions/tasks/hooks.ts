import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { task } from '@lumo-framework/tasks';

/** Every hook of its own; `init.ts` has those for all tasks. */
export const hooks = task({
  id: 'hooks',
  retry: { maxAttempts: 2, minTimeoutInMs: 100 },
  init: async () => ({ folder: await mkdtemp(path.join(tmpdir(), 'hooks-')) }),
  onStart: async ({ ctx }) => console.log(`onStart of ${ctx.run.id}`),
  onStartAttempt: async ({ ctx }) => console.log(`onStartAttempt ${ctx.attempt.number}`),
  run: async (_payload, { ctx, init }) => {
    if (init === undefined) throw new Error('there is no folder to work in');
    await writeFile(path.join(init.folder, 'sitemap.txt'), 'https://shop.example/\n');
    if (ctx.attempt.number === 1) throw new Error('the first attempt fails');
    return { files: await readdir(init.folder) };
  },
  catchError: async ({ error, retryDelayInMs }) => {
    console.log(`catchError: ${error}, next attempt in ${retryDelayInMs} ms`);
  },
  onSuccess: async ({ output }) => console.log(`onSuccess with ${output.files.length} file`),
  onFailure: async ({ error }) => console.log(`onFailure with ${error}`),
  onComplete: async ({ result }) => console.log(`onComplete, ${result.ok ? 'fine' : 'failed'}`),
  cleanup: async ({ init }) => {
    if (init !== undefined) await rm(init.folder, { recursive: true });
    console.log('cleanup');
  },
});
