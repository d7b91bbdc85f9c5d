import { StringDecoder } from 'node:string_decoder';
import type { LogLine } from './protocol.ts';
import { redact } from './secret-values.ts';

type Stream = LogLine['stream'];

/** Bytes of the last lines that are kept: they share the 6 MB of the answer with the result. */
const KEPT_BYTES = 256 * 1024;
/** Characters of one line that are kept. */
const LINE_LENGTH = 16 * 1024;
/** What is held of a line that has not ended yet. More than `LINE_LENGTH`, so that no secret is cut before it is redacted. */
const PENDING_LENGTH = 4 * LINE_LENGTH;
/** What a line costs beyond its text, in JSON. */
const LINE_OVERHEAD = 48;

interface Pending {
  decoder: StringDecoder;
  text: string;
  /** Characters that did not fit into `text`. */
  lost: number;
}

const newPending = (): Pending => ({ decoder: new StringDecoder('utf8'), text: '', lost: 0 });

/** The output of one attempt: both streams in lines, numbered, redacted, the last 256 KB of them. */
export class LineBuffer {
  private readonly pending: Record<Stream, Pending> = { stdout: newPending(), stderr: newPending() };
  private lines: { line: LogLine; bytes: number }[] = [];
  /** Index of the first line that is still kept. */
  private first = 0;
  private bytes = 0;
  private count = 0;

  /** Takes what was written to a stream, in chunks as they come: a line or a character may be spread over several. */
  write(stream: Stream, chunk: string | Uint8Array): void {
    const pending = this.pending[stream];
    const text = typeof chunk === 'string' ? chunk : pending.decoder.write(Buffer.from(chunk));
    const parts = text.split('\n');
    const rest = parts.pop() ?? '';
    for (const part of parts) {
      this.append(pending, part);
      this.endLine(stream);
    }
    this.append(pending, rest);
  }

  /** Takes one whole message, e.g. of `console.log`. */
  message(stream: Stream, text: string): void {
    for (const line of text.split(/\r?\n/)) {
      this.add(stream, line, 0);
    }
  }

  /** Number of the latest line that has ended. */
  get last(): number {
    return this.count;
  }

  /** The latest lines that have ended, about `limit` bytes of them as JSON. */
  latest(limit: number): LogLine[] {
    let bytes = 0;
    const before = this.lines.findLastIndex((entry, index) => {
      bytes += entry.bytes;
      return index < this.first || bytes > limit;
    });
    return this.lines.slice(before + 1).map(({ line }) => line);
  }

  /** The lines that are kept, unfinished ones included. */
  take(): { logs: LogLine[]; droppedLines: number } {
    for (const stream of ['stdout', 'stderr'] as const) {
      const pending = this.pending[stream];
      this.append(pending, pending.decoder.end());
      if (pending.text !== '') {
        this.endLine(stream);
      }
    }
    const logs = this.lines.slice(this.first).map(({ line }) => line);
    return { logs, droppedLines: this.count - logs.length };
  }

  private append(pending: Pending, text: string): void {
    const room = Math.max(0, PENDING_LENGTH - pending.text.length);
    pending.text += text.slice(0, room);
    pending.lost += Math.max(0, text.length - room);
  }

  private endLine(stream: Stream): void {
    const { text, lost } = this.pending[stream];
    this.pending[stream].text = '';
    this.pending[stream].lost = 0;
    this.add(stream, text.endsWith('\r') ? text.slice(0, -1) : text, lost);
  }

  private add(stream: Stream, raw: string, lost: number): void {
    const redacted = redact(raw);
    const cut = Math.max(0, redacted.length - LINE_LENGTH) + lost;
    const text = cut === 0 ? redacted : `${redacted.slice(0, LINE_LENGTH)}… (${cut} more characters)`;
    this.count += 1;
    const entry = { line: { number: this.count, stream, text }, bytes: Buffer.byteLength(text) + LINE_OVERHEAD };
    this.lines.push(entry);
    this.bytes += entry.bytes;
    this.dropOldest();
  }

  private dropOldest(): void {
    while (this.bytes > KEPT_BYTES) {
      this.bytes -= this.lines[this.first]?.bytes ?? 0;
      this.first += 1;
    }
    // Compacted now and then: `shift` on every line would cost a move of the whole array.
    if (this.first > 4096 && this.first * 2 > this.lines.length) {
      this.lines = this.lines.slice(this.first);
      this.first = 0;
    }
  }
}
