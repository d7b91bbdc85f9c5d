import { createHash } from 'node:crypto';
import type { ObjectStore, PutCondition, PutOutcome, StoredObject } from '../../src/state/types.ts';

/** What goes wrong with one put: it is stored, but its sender gets a refused condition (as after a retry) or an error. */
export type LostAnswer = 'conflict' | 'error';

export interface StoredPut {
  key: string;
  body: string;
}

export interface MemoryStoreOptions {
  /** The server's clock. */
  now: () => number;
  /** The way there and back, each. */
  latency?: (leg: 'there' | 'back') => Promise<void>;
}

/**
 * A bucket in memory with what S3 promises: conditions are atomic, ETags are the MD5 of the content, so the same bytes
 * have the same one, and times are whole seconds. Several clients may share `objects`.
 */
export class MemoryStore implements ObjectStore {
  readonly bucket = 'memory';
  readonly objects: Map<string, { body: Buffer; lastModified: number }>;
  /** What happens to the answers of the next puts. */
  lost: (LostAnswer | undefined)[] = [];
  /** Every put that was stored, in order. */
  readonly puts: StoredPut[] = [];
  onPut: (put: StoredPut) => void = () => undefined;
  readonly #options: MemoryStoreOptions;

  constructor(options: MemoryStoreOptions, objects: MemoryStore['objects'] = new Map()) {
    this.#options = options;
    this.objects = objects;
  }

  async get(key: string): Promise<StoredObject | undefined> {
    return await this.#travel(() => {
      const found = this.objects.get(key);
      return found && { ...found, etag: etagOf(found.body), serverNow: this.#serverNow() };
    });
  }

  async put(key: string, body: Buffer | string, condition?: PutCondition): Promise<PutOutcome> {
    return await this.#travel(() => {
      if (!this.#holds(key, condition)) return { ok: false };
      const bytes = Buffer.from(body);
      this.objects.set(key, { body: bytes, lastModified: this.#serverNow() });
      const stored = { key, body: bytes.toString() };
      this.puts.push(stored);
      this.onPut(stored);
      const lost = this.lost.shift();
      if (lost === 'error') throw new Error('socket hang up');
      return lost === 'conflict' ? { ok: false } : { ok: true, etag: etagOf(bytes), serverNow: this.#serverNow() };
    });
  }

  async delete(key: string, condition?: { ifMatch: string }): Promise<boolean> {
    return await this.#travel(() => this.#holds(key, condition) && (this.objects.delete(key) || true));
  }

  async list(prefix: string): Promise<string[]> {
    return await this.#travel(() => [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort());
  }

  async exists(key: string): Promise<boolean> {
    return await this.#travel(() => this.objects.has(key));
  }

  async check(): Promise<void> {}

  /** What lies at `key`, as JSON. */
  json(key: string): Record<string, unknown> {
    const found = this.objects.get(key);
    if (!found) throw new Error(`there is no ${key}`);
    return JSON.parse(found.body.toString()) as Record<string, unknown>;
  }

  #holds(key: string, condition: PutCondition): boolean {
    const found = this.objects.get(key);
    if (!condition) return true;
    return 'ifMatch' in condition
      ? found !== undefined && etagOf(found.body) === condition.ifMatch
      : found === undefined;
  }

  #serverNow(): number {
    return Math.floor(this.#options.now() / 1000) * 1000;
  }

  async #travel<T>(serve: () => T): Promise<T> {
    await this.#options.latency?.('there');
    try {
      return serve();
    } finally {
      await this.#options.latency?.('back');
    }
  }
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}
