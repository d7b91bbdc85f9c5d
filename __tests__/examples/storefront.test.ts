import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { run as processAssets } from '../../examples/storefront/functions/tasks/process-assets.ts';
import { run as runMigrations } from '../../examples/storefront/functions/tasks/run-migrations.ts';
import { run as seedDatabase } from '../../examples/storefront/functions/tasks/seed-database.ts';
import { run as warmCache } from '../../examples/storefront/functions/tasks/warm-cache.ts';
import { pendingMigrations } from '../../examples/storefront/lib/migrations.ts';
import { startTestPostgres, type TestPostgres, withClient } from '../helpers/postgres.ts';

const EXAMPLE = path.resolve('examples/storefront');

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: TestPostgres;
let folder: string;
let url: string;
let databases = 0;

beforeAll(async () => {
  server = await startTestPostgres();
});
afterAll(() => server.stop());

beforeEach(async () => {
  for (const method of ['log', 'warn'] as const) vi.spyOn(console, method).mockImplementation(() => {});
  url = await server.createDatabase(`shop_${++databases}`);
  process.env.DATABASE_URL = url;
  folder = await mkdtemp(path.join(tmpdir(), 'storefront-'));
  for (const name of ['migrations', 'seed-data', 'assets']) {
    await cp(path.join(EXAMPLE, name), path.join(folder, name), { recursive: true });
  }
});
afterEach(async () => {
  delete process.env.DATABASE_URL;
  await rm(folder, { recursive: true });
});

function context(deployment: { isFirstDeploy?: boolean; previousVersion?: string; environment?: string } = {}) {
  return {
    deployment: { isFirstDeploy: true, environment: 'dev', ...deployment },
    config: {},
    workingDirectory: folder,
  };
}

async function query<T extends object>(sql: string): Promise<T[]> {
  return withClient(url, async (client) => (await client.query<T>(sql)).rows);
}

const write = (file: string, text: string) => writeFile(path.join(folder, file), text);

describe('run-migrations', () => {
  test('applies everything once', async () => {
    expect(await runMigrations(context())).toMatchObject({ success: true, message: 'Applied 5 of 5 migrations' });
    expect(await runMigrations(context({ isFirstDeploy: false, previousVersion: 'v1.0.0' }))).toEqual({
      success: true,
      message: 'The schema is up to date (5 migrations)',
      data: { applied: [], total: 5, environment: 'dev' },
    });
    const ledger = await query<{ name: string }>('SELECT name FROM schema_migrations ORDER BY name');
    expect(ledger.map(({ name }) => name)).toHaveLength(5);
    expect(ledger[0]).toEqual({ name: '001-create-catalog.sql' });
  });

  test('leaves no trace of a migration that fails and keeps those before it', async () => {
    await write('migrations/006-broken.sql', 'CREATE TABLE half (id int);\nINSERT INTO nowhere VALUES (1);\n');
    await expect(runMigrations(context())).rejects.toThrow(
      'migrations/006-broken.sql:2: relation "nowhere" does not exist',
    );
    expect(await query(`SELECT to_regclass('half')::text AS half`)).toEqual([{ half: null }]);
    expect(await query('SELECT count(*)::int FROM schema_migrations')).toEqual([{ count: 5 }]);
  });

  test('refuses a file that was edited after it had been applied', async () => {
    await runMigrations(context());
    await write('migrations/003-track-stock.sql', 'ALTER TABLE products ADD COLUMN stock bigint;');
    await expect(runMigrations(context())).rejects.toThrow('003-track-stock.sql was edited after it had been applied');
  });

  test('refuses to go on when an applied file is gone', async () => {
    await runMigrations(context());
    await rm(path.join(folder, 'migrations/005-create-page-cache.sql'));
    await expect(runMigrations(context())).rejects.toThrow('005-create-page-cache.sql has been applied');
  });

  test('is applied once by two deployments at the same time', async () => {
    const results = await Promise.all([runMigrations(context()), runMigrations(context())]);
    const applied = results.map((result) => result.message);
    expect(applied.toSorted()).toEqual(['Applied 5 of 5 migrations', 'The schema is up to date (5 migrations)']);
  });

  test('says what is missing without a database', async () => {
    delete process.env.DATABASE_URL;
    await expect(runMigrations(context())).rejects.toThrow('DATABASE_URL is not set');
  });

  test('any prefix of the files leaves exactly the rest pending', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[0-9]{3}-[a-z]{1,8}\.sql$/), { maxLength: 8 });
    fc.assert(
      fc.property(names, fc.nat(8), (given, count) => {
        const files = given.toSorted().map((name) => ({ name, sql: '', checksum: `sum of ${name}` }));
        expect(pendingMigrations(files, files.slice(0, count))).toEqual(files.slice(count));
      }),
    );
  });
});

describe('seed-database', () => {
  test('adds the catalogue and sample orders, and nothing the second time', async () => {
    await runMigrations(context());
    expect(await seedDatabase(context())).toMatchObject({ data: { categories: 3, products: 10, orders: 5 } });
    expect(await seedDatabase(context())).toMatchObject({ data: { categories: 0, products: 0, orders: 0 } });
    expect(await query('SELECT sum(quantity)::int AS sold FROM order_items')).toEqual([{ sold: 15 }]);
  });

  test('invents no orders in production', async () => {
    await runMigrations(context());
    await seedDatabase(context({ environment: 'production' }));
    expect(await query('SELECT count(*)::int AS orders FROM orders')).toEqual([{ orders: 0 }]);
  });
});

describe('process-assets', () => {
  test('keeps a manifest of what changed and what is gone', async () => {
    await runMigrations(context());
    const first = await processAssets(context());
    expect(first.data?.changed).toHaveLength(3);

    await write('assets/shop.css', 'body { margin: 0 }');
    await rm(path.join(folder, 'assets/logo.svg'));
    const second = await processAssets(context());
    expect(second.data).toMatchObject({
      changed: [expect.stringMatching(/^shop\.[0-9a-f]{8}\.css$/)],
      removed: ['logo.svg'],
    });

    const [css] = await query<{ brotli: Buffer }>(`SELECT brotli FROM asset_manifest WHERE path = 'shop.css'`);
    expect(brotliDecompressSync(css?.brotli ?? Buffer.alloc(0)).toString()).toBe('body { margin: 0 }');
  });

  test('names a file it cannot serve', async () => {
    await runMigrations(context());
    await write('assets/notes.docx', 'x');
    await expect(processAssets(context())).rejects.toThrow('assets/notes.docx: no content type is known for ".docx"');
  });
});

describe('warm-cache', () => {
  test('stores the pages', async () => {
    await runMigrations(context());
    await seedDatabase(context());
    await processAssets(context());
    const result = await warmCache(context());
    expect(result).toEqual({
      success: true,
      message: 'Warmed 3 pages for dev',
      data: { pages: { '/api/categories': 3, '/api/popular-products': 6, '/api/assets': 3 }, empty: [] },
    });
    const [popular] = await query<{ body: { sku: string; sold: number }[] }>(
      `SELECT body FROM page_cache WHERE path = '/api/popular-products'`,
    );
    expect(popular?.body[0]).toMatchObject({ sku: 'COF-COL-250', sold: 4 });
  });

  test('points at the pages that are empty', async () => {
    await runMigrations(context());
    expect((await warmCache(context())).data?.empty).toEqual([
      '/api/categories',
      '/api/popular-products',
      '/api/assets',
    ]);
  });
});
