import type { Clock } from '../../clock.ts';
import type { LogLine } from '../../runtime/protocol.ts';
import type { RunPrinter } from '../run-log.ts';
import type { RunLog } from '../types.ts';
import type { ChannelObjects } from './channel-objects.ts';

const POLL_MS = 1000;

/** Remembers how much of an attempt's output has been printed while it was running. */
export class LiveOutput {
  readonly #task: string;
  readonly #printer: RunPrinter;
  /** Lines count from 1. */
  #printed = 0;
  #latest: string | undefined;
  #progress = '';

  constructor(task: string, printer: RunPrinter) {
    this.#task = task;
    this.#printer = printer;
  }

  async show(lines: readonly LogLine[], metadata: Record<string, unknown> = {}): Promise<void> {
    const news = lines.filter(({ number }) => number > this.#printed);
    const [first] = news;
    if (first !== undefined) {
      await this.#printer.live(this.#task, news, first.number - this.#printed - 1);
      this.#printed = Math.max(...news.map(({ number }) => number));
      this.#latest = news.at(-1)?.text;
    }
    const progress = JSON.stringify(metadata);
    if (progress !== this.#progress && progress !== '{}') await this.#printer.progress(this.#task, metadata);
    this.#progress = progress;
  }

  /**
   * What of an attempt's output has not been printed yet. The last lines of the function's log have no numbers of the
   * attempt: of those, what comes after the line that was printed last.
   */
  rest({ lines, droppedLines, fromTail }: RunLog): RunLog {
    if (fromTail === true) {
      const known = lines.findLastIndex(({ text }) => text === this.#latest);
      return { lines: lines.slice(known + 1), droppedLines };
    }
    return {
      lines: lines.filter(({ number }) => number > this.#printed),
      droppedLines: Math.max(0, droppedLines - this.#printed),
    };
  }
}

/** Prints what the attempt says until it is done. Rejects when the channel cannot be read. */
export async function follow(
  channel: ChannelObjects,
  { clock, live, done }: { clock: Clock; live: LiveOutput; done: AbortSignal },
): Promise<void> {
  const ended = new Promise<undefined>((resolve) => done.addEventListener('abort', () => resolve(undefined)));
  while (!done.aborted) {
    await clock.sleep(POLL_MS, done).catch((error: unknown) => {
      if (!done.aborted) throw error;
    });
    if (done.aborted) return;
    const status = await Promise.race([channel.status(), ended]);
    if (status !== undefined && !done.aborted) await live.show(status.lines, status.metadata);
  }
}
