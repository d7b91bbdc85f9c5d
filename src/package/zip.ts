import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const deflate: (bytes: Uint8Array, options: zlib.ZlibOptions) => Promise<Buffer> = promisify(zlib.deflateRaw);

/** Unix mode of a regular file as it is written into the zip: readable by all, and executable by all or by nobody. */
export type FileMode = 0o100644 | 0o100755;

/** The bytes of one file, ready for any number of zips. */
export interface Content {
  /** Bytes before compression. */
  size: number;
  /** Hex SHA-256 of the bytes before compression. */
  sha256: string;
  crc32: number;
  method: typeof STORED | typeof DEFLATED;
  /** What lies in the zip: deflated, or the bytes themselves where that is not smaller. */
  body: Buffer;
}

export interface ZipEntry {
  /** Path in the zip, with `/`. */
  name: string;
  mode: FileMode;
  content: Content;
}

const STORED = 0;
const DEFLATED = 8;
/** Level 9 takes a quarter more time for 0.2 % fewer bytes. */
const LEVEL = 6;
const MEM_LEVEL = 9;
const SAMPLE_BYTES = 64 * 1024;
const SAMPLE_ABOVE_BYTES = 256 * 1024;
/** A sample that deflates to more than this share of itself says that the file is compressed already. */
const SAMPLE_SHRINKS = 0.95;

/** 16-bit fields of the format; more would need Zip64, which Lambda has no use for. */
export const MAX_ENTRIES = 0xffff;

/** Hashes and deflates on the thread pool. The same bytes give the same body with every supported Node. */
export async function compress(bytes: Buffer): Promise<Content> {
  const content: Content = {
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    crc32: zlib.crc32(bytes),
    method: STORED,
    body: bytes,
  };
  if (!(await looksCompressible(bytes))) return content;
  // Room for the whole result, so that it is made in one turn on the thread pool instead of one per 16 KiB.
  const chunkSize = bytes.length + (bytes.length >> 10) + 1024;
  const body = await deflate(bytes, { level: LEVEL, memLevel: MEM_LEVEL, chunkSize });
  return body.length < bytes.length ? { ...content, method: DEFLATED, body } : content;
}

async function looksCompressible(bytes: Buffer): Promise<boolean> {
  if (bytes.length <= SAMPLE_ABOVE_BYTES) return bytes.length > 0;
  const middle = bytes.length >> 1;
  const sample = bytes.subarray(middle, middle + SAMPLE_BYTES);
  return (await deflate(sample, { level: 1 })).length < sample.length * SAMPLE_SHRINKS;
}

/**
 * A zip in which nothing depends on when, where or in which order it was made: names sorted by their bytes, the time
 * 1980-01-01 00:00, sizes up front, no extra fields, no entries for directories.
 */
export function writeZip(entries: readonly ZipEntry[]): Buffer {
  if (entries.length > MAX_ENTRIES) throw new RangeError(`a zip holds at most ${MAX_ENTRIES} files`);
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, mode, content } of sortByName(entries)) {
    const nameBytes = Buffer.from(name);
    const common = commonHeader(nameBytes, content);
    local.push(signature(0x04034b50), common, nameBytes, content.body);
    central.push(signature(0x02014b50), madeByUnix, common, centralTail(mode, offset), nameBytes);
    offset += 4 + common.length + nameBytes.length + content.body.length;
  }
  const centralBytes = central.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...local, ...central, endOfCentralDirectory(entries.length, centralBytes, offset)]);
}

/** By the bytes of the UTF-8 name, which is the same everywhere, unlike a locale's order. */
export function sortByName<T extends { name: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Version 2.0 of the format, made on Unix: says that the upper half of the external attributes is a Unix mode. */
const madeByUnix = Buffer.from([20, 3]);

/** From "version needed" to "extra field length": the same in the local and the central header. */
function commonHeader(name: Buffer, content: Content): Buffer {
  const bytes = Buffer.alloc(26);
  bytes.writeUInt16LE(20, 0);
  bytes.writeUInt16LE(0x0800, 2); // the name is UTF-8
  bytes.writeUInt16LE(content.method, 4);
  bytes.writeUInt16LE(0, 6); // 00:00
  bytes.writeUInt16LE(0x0021, 8); // 1980-01-01
  bytes.writeUInt32LE(content.crc32, 10);
  bytes.writeUInt32LE(content.body.length, 14);
  bytes.writeUInt32LE(content.size, 18);
  bytes.writeUInt16LE(name.length, 22);
  return bytes;
}

/** From "file comment length" to "offset of local header". */
function centralTail(mode: FileMode, offset: number): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeUInt32LE(mode * 0x10000, 6);
  bytes.writeUInt32LE(offset, 10);
  return bytes;
}

function endOfCentralDirectory(count: number, size: number, offset: number): Buffer {
  const bytes = Buffer.alloc(22);
  bytes.writeUInt32LE(0x06054b50, 0);
  bytes.writeUInt16LE(count, 8);
  bytes.writeUInt16LE(count, 10);
  bytes.writeUInt32LE(size, 12);
  bytes.writeUInt32LE(offset, 16);
  return bytes;
}
