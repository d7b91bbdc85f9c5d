import { open } from 'node:fs/promises';

/** What a native binary was built for, in Node's words, e.g. `linux-x64`; `undefined` when it is not such a file. */
export async function binaryPlatform(file: string): Promise<string | undefined> {
  const handle = await open(file);
  try {
    const header = Buffer.alloc(4096);
    const { bytesRead } = await handle.read(header, 0, header.length, 0);
    return platformOf(header.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

const ELF_MACHINES: Record<number, string> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64' };
const MACHO_CPUS: Record<number, string> = { 16777223: 'x64', 16777228: 'arm64' };
const PE_MACHINES: Record<number, string> = { 332: 'ia32', 34404: 'x64', 43620: 'arm64' };

function platformOf(header: Buffer): string | undefined {
  if (header.length < 64) return undefined;
  const magic = header.readUInt32BE(0);
  if (magic === 0x7f454c46) {
    const littleEndian = header[5] === 1;
    const machine = littleEndian ? header.readUInt16LE(18) : header.readUInt16BE(18);
    return `linux-${ELF_MACHINES[machine] ?? 'other'}`;
  }
  if (magic === 0xcffaedfe) return `darwin-${MACHO_CPUS[header.readUInt32LE(4)] ?? 'other'}`;
  if (magic === 0xcafebabe) return 'darwin-universal';
  if (header.toString('latin1', 0, 2) === 'MZ') {
    const at = header.readUInt32LE(60);
    if (at + 6 > header.length || header.readUInt32BE(at) !== 0x50450000) return undefined;
    return `win32-${PE_MACHINES[header.readUInt16LE(at + 4)] ?? 'other'}`;
  }
  return undefined;
}
