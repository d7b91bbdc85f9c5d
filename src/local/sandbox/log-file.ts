import { type FileHandle, open } from 'node:fs/promises';

/** What LogResult holds, in bytes. */
const TAIL_BYTES = 4096;
/** A log is cut when it outgrows this: nobody will ask for more than its end. */
const CUT_BYTES = 16 * 1024 * 1024;

/**
 * The log of a sandbox: a file both output streams of the task append to, with the lines of the platform in between.
 * Node writes to a file at once, to a pipe when it finds the time, so an answer never overtakes the output before it.
 */
export class LogFile {
  readonly #file: FileHandle;
  #closed = false;

  static async create(path: string): Promise<LogFile> {
    return new LogFile(await open(path, 'a+'));
  }

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** For the standard streams of a process. */
  get fd(): number {
    return this.#file.fd;
  }

  async append(text: string): Promise<void> {
    await this.#file.appendFile(text);
  }

  /** The last 4 KB so far; the log is empty afterwards. */
  async take(): Promise<Buffer> {
    const { size } = await this.#file.stat();
    const length = Math.min(size, TAIL_BYTES);
    const { buffer } = await this.#file.read(Buffer.alloc(length), 0, length, size - length);
    await this.#file.truncate();
    return buffer;
  }

  /** Keeps a task that never stops writing from filling the disk. */
  async cut(): Promise<void> {
    if (this.#closed) return;
    const { size } = await this.#file.stat();
    if (size > CUT_BYTES && !this.#closed) await this.#file.truncate();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#file.close();
  }
}
