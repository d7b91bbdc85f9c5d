import type { LogLine } from '../runtime/protocol.ts';

/** What Lambda reports about one invocation; undefined where it does not say. */
export interface Figures {
  billedMs: number | undefined;
  memorySizeMb: number | undefined;
  maxMemoryMb: number | undefined;
  initMs: number | undefined;
}

/** Bytes of the log that Lambda returns with an answer. */
const TAIL_BYTES = 4096;
const SYSTEM_LINE =
  /^(START|END|REPORT) RequestId: |^(INIT_START|INIT_REPORT|XRAY TraceId:)|^\s*\{"time":.*"type":"platform\./;
/** What the Node runtime puts before a line of `console`. */
const CONSOLE_PREFIX = /^\d{4}-\d\d-\d\dT[\d:.]+Z\t[\w-]*\t(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\t/;

/** The figures of the last REPORT, as text or as JSON: a task can print one of its own, but Lambda's comes after it. */
export function figuresOf(tail: string): Figures {
  const lines = tail.split('\n');
  const text = lines.findLast((line) => line.startsWith('REPORT RequestId: ')) ?? '';
  const json = lines.findLast((line) => line.includes('"platform.report"')) ?? '';
  const figure = (label: string, key: string): number | undefined => {
    const found =
      new RegExp(`\\b${label}: (\\d{1,15}(?:\\.\\d{1,9})?)`).exec(text) ??
      new RegExp(`"${key}":\\s*(\\d{1,15}(?:\\.\\d{1,9})?)`).exec(json);
    return found === null ? undefined : Number(found[1]);
  };
  return {
    billedMs: figure('Billed Duration', 'billedDurationMs'),
    memorySizeMb: figure('Memory Size', 'memorySizeMB'),
    maxMemoryMb: figure('Max Memory Used', 'maxMemoryUsedMB'),
    initMs: figure('Init Duration', 'initDurationMs'),
  };
}

/** The function's own lines in the tail, without `hidden` ones: what there is to show when no envelope came. */
export function tailLines(tail: string, hidden: (line: string) => boolean): LogLine[] {
  const isCut = Buffer.byteLength(tail) >= TAIL_BYTES;
  const note = isCut ? ['… what came before is in the log of the function'] : [];
  // The first line may begin in the middle of a secret, which is known by this mark.
  const all = (isCut ? `…${tail}` : tail).split('\n');
  const lines = all.filter((line) => line.trim() !== '' && !SYSTEM_LINE.test(line) && !hidden(line));
  return [...note, ...lines].map((line, index) => {
    const level = CONSOLE_PREFIX.exec(line)?.[1];
    const stream = level === 'WARN' || level === 'ERROR' || level === 'FATAL' ? 'stderr' : 'stdout';
    return { number: index + 1, stream, text: line.replace(CONSOLE_PREFIX, '') };
  });
}
