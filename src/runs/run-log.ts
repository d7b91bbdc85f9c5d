import type { Clock } from '../clock.ts';
import { cutText } from '../report/escape.ts';
import { count, formatDuration } from '../report/format.ts';
import type { Runner } from '../runner/types.ts';
import type { LogLine } from '../runtime/protocol.ts';
import { createMutex } from './mutex.ts';
import type { RunLog } from './types.ts';

/** What the log shows while tasks run. Nothing of one task ever lands inside the group of another. */
export interface RunPrinter {
  info(line: string): Promise<void>;
  /** Shows that the task is still running, now and then until the promise has settled. */
  whileRunning<T>(task: string, run: Promise<T>): Promise<T>;
  /** Lines of a task that is running, each under its name; `missing` lines before them have been lost. */
  live(task: string, lines: readonly LogLine[], missing: number): Promise<void>;
  /** What a running task says about itself. */
  progress(task: string, metadata: Record<string, unknown>): Promise<void>;
  /** The output of an attempt, in a group that says how it ended. */
  output(title: string, log: RunLog): Promise<void>;
}

export function createRunPrinter(runner: Runner, clock: Clock): RunPrinter {
  const exclusively = createMutex();
  const info = (line: string): Promise<void> => exclusively(async () => runner.info(line));

  async function tick(task: string, done: AbortSignal): Promise<void> {
    const startedAt = clock.now();
    while (!done.aborted) {
      await clock.sleep(pauseAfter(clock.now() - startedAt), done).catch((error: unknown) => {
        if (!done.aborted) {
          throw error;
        }
      });
      if (!done.aborted) {
        await info(`${task} … ${seconds(clock.now() - startedAt)}`);
      }
    }
  }

  return {
    info,
    async whileRunning(task, run) {
      const done = new AbortController();
      const ticking = tick(task, done.signal);
      try {
        return await run;
      } finally {
        done.abort();
        await ticking;
      }
    },
    async live(task, lines, missing) {
      const texts = lines.map(({ text }) => `${task} │ ${text}`);
      const lost = missing > 0 ? [`${task} │ … ${count(missing, 'line')} left out`] : [];
      await exclusively(async () => runner.untrusted([...lost, ...texts]));
    },
    progress: (task, metadata) => info(`${task} … ${describeProgress(metadata)}`),
    async output(title, log) {
      const lines = log.lines.map(({ text }) => text);
      if (log.droppedLines > 0) {
        lines.unshift(`… ${count(log.droppedLines, 'earlier line')} left out`);
      }
      if (lines.length === 0) {
        await info(title);
        return;
      }
      await exclusively(() => runner.group(title, async () => runner.untrusted(lines)));
    },
  };
}

/** `done: 3, total: 10`, at most one line of it. */
function describeProgress(metadata: Record<string, unknown>): string {
  const entries = Object.entries(metadata).map(
    ([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return cutText(entries.join(', '), 200);
}

/** Often at first, when somebody may be watching. */
function pauseAfter(elapsedMs: number): number {
  if (elapsedMs < 60_000) {
    return 10_000;
  }
  return elapsedMs < 300_000 ? 30_000 : 60_000;
}

function seconds(milliseconds: number): string {
  const whole = Math.round(milliseconds / 1000);
  return whole < 60 ? `${whole} s` : formatDuration(whole * 1000);
}
