import { join } from 'node:path';
import type { tasks } from '@lumo-framework/core';
import { readAssets } from '../../lib/assets.ts';
import { transaction, withDatabase } from '../../lib/database.ts';

const SAVE = `
  INSERT INTO asset_manifest (path, hashed_path, content_type, bytes, brotli)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (path) DO UPDATE
    SET hashed_path = excluded.hashed_path, content_type = excluded.content_type,
        bytes = excluded.bytes, brotli = excluded.brotli
    WHERE asset_manifest.hashed_path <> excluded.hashed_path`;

export const run: tasks.TaskHandler = async (ctx) => {
  const assets = await readAssets(join(ctx.workingDirectory, 'assets'));

  const { changed, removed } = await withDatabase((client) =>
    transaction(client, async () => {
      const changed: string[] = [];
      for (const { path, hashedPath, contentType, bytes, brotli } of assets) {
        const saved = await client.query(SAVE, [path, hashedPath, contentType, bytes, brotli]);
        if (saved.rowCount) changed.push(hashedPath);
      }
      const gone = await client.query<{ path: string }>(
        'DELETE FROM asset_manifest WHERE path <> ALL ($1) RETURNING path',
        [assets.map(({ path }) => path)],
      );
      return { changed, removed: gone.rows.map(({ path }) => path) };
    }),
  );

  const bytes = assets.reduce((sum, asset) => sum + asset.bytes, 0);
  const compressedBytes = assets.reduce((sum, asset) => sum + asset.brotli.length, 0);
  return {
    success: true,
    message: `${changed.length} of ${assets.length} assets changed, ${bytes} bytes are ${compressedBytes} with Brotli`,
    data: { changed, removed, bytes, compressedBytes },
  };
};
