import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { locals, logger, tasks } from '@lumo-framework/tasks';

/** What stands for a database in this example: a file that is read when it is opened and written when it is closed. */
export class Store {
  private readonly file: string;
  private readonly values: Map<string, unknown>;

  private constructor(file: string, values: Map<string, unknown>) {
    this.file = file;
    this.values = values;
  }

  static async open(file: string): Promise<Store> {
    logger.info('open the store');
    const text = await readFile(file, 'utf8').catch(() => '{}');
    return new Store(file, new Map(Object.entries(JSON.parse(text))));
  }

  async close(): Promise<void> {
    logger.info('close the store');
    await writeFile(this.file, JSON.stringify(Object.fromEntries(this.values)));
  }

  get(key: string): unknown {
    return this.values.get(key);
  }

  set(key: string, value: unknown): void {
    this.values.set(key, value);
  }
}

const FILE = path.join(tmpdir(), 'store.json');
const StoreLocal = locals.create<Store>('store');

/** The store of the attempt that is running. */
export const getStore = (): Store => locals.getOrThrow(StoreLocal);

// These three concern every task that imports this file. Imported in `init.ts`, they would concern all.
tasks.middleware('store', async ({ next }) => {
  locals.set(StoreLocal, await Store.open(FILE));
  await next();
  await getStore().close();
});

// A connection does not survive a long wait.
tasks.onWait('store', () => getStore().close());
tasks.onResume('store', async () => {
  locals.set(StoreLocal, await Store.open(FILE));
});
