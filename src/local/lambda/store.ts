import path from 'node:path';
import { listFolder, readIfExists, withLock, writeAtomically } from '../files.ts';
import type { FunctionRecord } from './records.ts';

/** What is kept under a name; version numbers go on counting when a function is deleted and created again. */
export interface FunctionFile {
  nextVersion: number;
  function: FunctionRecord | null;
}

/** Functions on disk, one file each; changes of one function exclude each other, also between processes. */
export class FunctionStore {
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#folder = path.join(stateDir, 'lambda');
  }

  async get(region: string, name: string): Promise<FunctionRecord | undefined> {
    return (await this.#read(this.#file(region, name))).function ?? undefined;
  }

  /** `change` edits the file's contents in place; nothing is written when it throws. */
  async update<T>(region: string, name: string, change: (file: FunctionFile) => T): Promise<T> {
    const file = this.#file(region, name);
    return withLock(file, async () => {
      const contents = await this.#read(file);
      const before = JSON.stringify(contents);
      const result = change(contents);
      const after = JSON.stringify(contents);
      if (after !== before) await writeAtomically(file, [after]);
      return result;
    });
  }

  async list(region: string): Promise<FunctionRecord[]> {
    const names = (await listFolder(path.join(this.#folder, region))).map((name) => name.replace(/\.json$/, ''));
    const records = await Promise.all(names.sort().map((name) => this.get(region, name)));
    return records.filter((record) => record !== undefined);
  }

  async #read(file: string): Promise<FunctionFile> {
    const bytes = await readIfExists(file);
    return bytes === undefined ? { nextVersion: 1, function: null } : (JSON.parse(bytes.toString()) as FunctionFile);
  }

  #file(region: string, name: string): string {
    return path.join(this.#folder, region, `${name}.json`);
  }
}
