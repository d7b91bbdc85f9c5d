import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { crc32 } from '../crc32.ts';

/** The bytes are no zip that Lambda would take; the message says why. */
export class BadZip extends Error {
  override readonly name = 'BadZip';
}

export interface ZipEntry {
  /** Path with `/`; a folder ends with one. */
  name: string;
  /** Permission bits, 0 when the zip has none. */
  mode: number;
  size: number;
  /** Decompressed and compared with its checksum. */
  read(): Promise<Buffer>;
}

const END_OF_DIRECTORY = 0x06054b50;
const CENTRAL_HEADER = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const SYMBOLIC_LINK = 0o120000;

/** Entries of a zip by its central directory. Throws `BadZip`, also for names that would leave the folder. */
export function readZip(zip: Buffer): ZipEntry[] {
  const end = findEnd(zip);
  const count = zip.readUInt16LE(end + 10);
  let offset = zip.readUInt32LE(end + 16);
  const entries: ZipEntry[] = [];
  for (let index = 0; index < count; index++) {
    if (offset + 46 > zip.length || zip.readUInt32LE(offset) !== CENTRAL_HEADER)
      throw new BadZip('broken central directory');
    const nameEnd = offset + 46 + zip.readUInt16LE(offset + 28);
    entries.push(readEntry(zip, offset, nameEnd));
    offset = nameEnd + zip.readUInt16LE(offset + 30) + zip.readUInt16LE(offset + 32);
  }
  return entries;
}

function findEnd(zip: Buffer): number {
  const lowest = Math.max(0, zip.length - 22 - 0xffff);
  for (let offset = zip.length - 22; offset >= lowest; offset--) {
    if (zip.readUInt32LE(offset) === END_OF_DIRECTORY) return offset;
  }
  throw new BadZip('no end of central directory');
}

function readEntry(zip: Buffer, header: number, nameEnd: number): ZipEntry {
  if (nameEnd > zip.length) throw new BadZip('broken central directory');
  const name = zip.toString('utf8', header + 46, nameEnd);
  const mode = zip.readUInt32LE(header + 38) >>> 16;
  if (!isSafe(name)) throw new BadZip(`entry ${JSON.stringify(name)} leaves the folder`);
  if ((mode & 0o170000) === SYMBOLIC_LINK) throw new BadZip(`entry ${JSON.stringify(name)} is a symbolic link`);
  if (zip.readUInt16LE(header + 8) & 1) throw new BadZip(`entry ${JSON.stringify(name)} is encrypted`);
  const size = zip.readUInt32LE(header + 24);
  return { name, mode: mode & 0o777, size, read: () => readData(zip, header, name, size) };
}

function isSafe(name: string): boolean {
  if (name === '' || name.startsWith('/') || /[\\\0]/.test(name)) return false;
  return !name
    .replace(/\/$/, '')
    .split('/')
    .some((part) => part === '' || part === '.' || part === '..');
}

async function readData(zip: Buffer, header: number, name: string, size: number): Promise<Buffer> {
  const local = zip.readUInt32LE(header + 42);
  if (local + 30 > zip.length || zip.readUInt32LE(local) !== LOCAL_HEADER)
    throw new BadZip(`no data for ${JSON.stringify(name)}`);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const packed = zip.subarray(start, start + zip.readUInt32LE(header + 20));
  const data = await decompress(packed, zip.readUInt16LE(header + 10), name, size);
  if (data.length !== size || crc32(data) !== zip.readUInt32LE(header + 16)) {
    throw new BadZip(`entry ${JSON.stringify(name)} does not match its checksum`);
  }
  return data;
}

async function decompress(packed: Buffer, method: number, name: string, size: number): Promise<Buffer> {
  if (method === 0) return packed;
  if (method !== 8) throw new BadZip(`entry ${JSON.stringify(name)} has compression method ${method}`);
  try {
    return await promisify(inflateRaw)(packed, { maxOutputLength: size + 1 });
  } catch (error) {
    throw new BadZip(`entry ${JSON.stringify(name)} cannot be decompressed`, { cause: error });
  }
}

/**
 * Writes the entries below `folder`, read-only. Lambda's task runs as a user that owns none of the files, so what
 * counts are the permissions of "others".
 */
export async function unpack(zip: Buffer, folder: string): Promise<void> {
  const folders = new Set<string>([folder]);
  for (const entry of readZip(zip)) {
    const target = path.join(folder, entry.name);
    const isFolder = entry.name.endsWith('/');
    await mkdir(isFolder ? target : path.dirname(target), { recursive: true });
    for (let parent = path.dirname(target); parent.length > folder.length; parent = path.dirname(parent))
      folders.add(parent);
    if (isFolder) folders.add(path.join(target, '.'));
    if (isFolder) continue;
    await writeFile(target, await entry.read());
    await chmod(target, readOnly(entry.mode || 0o644));
  }
  for (const name of folders) await chmod(name, 0o555);
}

function readOnly(mode: number): number {
  return (mode & 0o5) * 0o111;
}
