import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, parse } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';

export interface Asset {
  /** `shop.css` */
  path: string;
  /** `shop.5d41402a.css` */
  hashedPath: string;
  contentType: string;
  bytes: number;
  brotli: Buffer;
}

const CONTENT_TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

const compress = promisify(brotliCompress);

/** Reads and compresses every file of the folder. Throws for a kind of file the shop does not serve. */
export async function readAssets(folder: string): Promise<Asset[]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(names.map((name) => readAsset(folder, name)));
}

async function readAsset(folder: string, path: string): Promise<Asset> {
  const contentType = CONTENT_TYPES[extname(path)];
  if (!contentType) {
    throw new Error(
      `assets/${path}: no content type is known for "${extname(path)}", known are ${Object.keys(CONTENT_TYPES).join(' ')}`,
    );
  }
  const contents = await readFile(join(folder, path));
  const { name, ext } = parse(path);
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 8);
  return {
    path,
    hashedPath: `${name}.${hash}${ext}`,
    contentType,
    bytes: contents.length,
    brotli: await compress(contents),
  };
}
