import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentsDigest } from '../../src/package/digest.ts';
import { compress, type FileMode, MAX_ENTRIES, sortByName, writeZip, type ZipEntry } from '../../src/package/zip.ts';
import { tempFolder, unzip } from './helpers.ts';

const modes = fc.constantFrom<FileMode[]>(0o100644, 0o100755);
const files = fc.uniqueArray(
  fc.record({ name: fc.string({ minLength: 1, unit: 'grapheme' }), mode: modes, bytes: fc.uint8Array() }),
  { selector: ({ name }) => name, maxLength: 8 },
);

async function entriesOf(list: { name: string; mode: FileMode; bytes: Uint8Array }[]): Promise<ZipEntry[]> {
  return Promise.all(
    list.map(async ({ name, mode, bytes }) => ({ name, mode, content: await compress(Buffer.from(bytes)) })),
  );
}

describe('writeZip', () => {
  test('holds names, modes and bytes, in byte order, whatever order they came in', async () => {
    await fc.assert(
      fc.asyncProperty(files, async (list) => {
        const zip = writeZip(await entriesOf(list));
        const expected = sortByName(list).map(({ name, mode, bytes }) => ({ name, mode, bytes: Buffer.from(bytes) }));
        expect(unzip(zip).map(({ name, mode, bytes }) => ({ name, mode, bytes }))).toEqual(expected);
        expect(writeZip(await entriesOf([...list].reverse()))).toEqual(zip);
      }),
      { numRuns: 50 },
    );
  });

  test('is read by other programs without complaint', async () => {
    const folder = await tempFolder();
    const file = path.join(folder, 'a.zip');
    const zip = writeZip(
      await entriesOf([
        { name: 'größe/日本.txt', mode: 0o100644, bytes: Buffer.from('x'.repeat(5000)) },
        { name: 'run.sh', mode: 0o100755, bytes: Buffer.from('#!/bin/sh\n') },
        { name: 'empty', mode: 0o100644, bytes: Buffer.alloc(0) },
        { name: 'noise', mode: 0o100644, bytes: randomBytes(400_000) },
      ]),
    );
    await writeFile(file, zip);
    // jar, unzip, bsdtar and python check the CRC-32; the first that is there is asked.
    const readers: [string, string[]][] = [
      ['unzip', ['-tq', file]],
      ['python3', ['-m', 'zipfile', '-t', file]],
      ['bsdtar', ['-xOf', file]],
    ];
    const outcomes = readers.map(([program, args]) => {
      try {
        execFileSync(program, args, { stdio: 'pipe' });
        return 'ok';
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : String(error);
      }
    });
    expect(outcomes.filter((outcome) => outcome !== 'absent' && outcome !== 'ok')).toEqual([]);
  });

  test('has these very bytes', async () => {
    const entries = await entriesOf([{ name: 'a', mode: 0o100644, bytes: Buffer.from('aaaaaaaaaaaaaaaaaaaaaaaa') }]);
    expect(writeZip(entries).toString('hex')).toBe(
      '504b030414000008080000002100847a02e6050000001800000001000000614b4cc40e00' +
        '504b0102140314000008080000002100847a02e60500000018000000010000000000000000000000a4810000000061' +
        '504b050600000000010001002f000000240000000000',
    );
  });

  test('refuses more files than the format counts', async () => {
    const content = await compress(Buffer.alloc(0));
    const entry = (index: number): ZipEntry => ({ name: String(index), mode: 0o100644, content });
    expect(() => writeZip(Array.from({ length: MAX_ENTRIES + 1 }, (_, index) => entry(index)))).toThrow(RangeError);
  });
});

describe('compress', () => {
  test('stores what does not shrink and deflates what does, small and large', async () => {
    const text = Buffer.from('select * from orders where id = 1;\n'.repeat(20_000));
    const noise = randomBytes(600_000);
    expect(await compress(text)).toMatchObject({ method: 8, size: text.length });
    expect(await compress(noise)).toMatchObject({ method: 0, size: noise.length });
    expect((await compress(noise)).body.equals(noise)).toBe(true);
    expect(await compress(noise.subarray(0, 1000))).toMatchObject({ method: 0 });
    expect((await compress(text)).body.length).toBeLessThan(text.length / 50);
  });
});

describe('contentsDigest', () => {
  const entries = [
    { name: 'a', mode: 0o100644 as const, sha256: 'aa' },
    { name: 'b', mode: 0o100755 as const, sha256: 'bb' },
  ];

  test('does not depend on the order', () => {
    expect(contentsDigest([...entries].reverse())).toBe(contentsDigest(entries));
  });

  test('depends on name, mode and bytes', () => {
    const [a, b] = entries as [(typeof entries)[0], (typeof entries)[1]];
    const others = [[a], [{ ...a, name: 'c' }, b], [{ ...a, mode: 0o100755 as const }, b], [{ ...a, sha256: 'cc' }, b]];
    const digests = [entries, ...others].map(contentsDigest);
    expect(new Set(digests).size).toBe(5);
  });
});
