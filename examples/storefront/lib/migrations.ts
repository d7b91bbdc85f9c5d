import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { transaction } from './database.ts';

export interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

export type AppliedMigration = Pick<Migration, 'name' | 'checksum'>;

/** The SQL files of the folder in the order of their names. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** What is still to be applied. Throws when the files no longer tell how the database came about. */
export function pendingMigrations(files: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  for (const { name, checksum } of applied) {
    const file = byName.get(name);
    if (!file) throw new Error(`${name} has been applied to this database, but the file is gone: put it back`);
    if (file.checksum !== checksum) {
      throw new Error(`${name} was edited after it had been applied: undo the edit and write a new migration`);
    }
  }
  const done = new Set(applied.map(({ name }) => name));
  return files.filter(({ name }) => !done.has(name));
}

/** Applies what is pending, each file in a transaction of its own together with its entry in the ledger. */
export async function applyMigrations(client: pg.Client, files: readonly Migration[]): Promise<string[]> {
  // Of two deployments at once the second one waits here, and then finds nothing left to do.
  await client.query(`SET lock_timeout = '60s'`);
  await client.query(`SELECT pg_advisory_lock(hashtext('storefront/migrations'))`);
  await client.query(`
    CREATE TABLE IF NOT EXISTS schema_migrations (
      name       text PRIMARY KEY,
      checksum   text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
  const { rows } = await client.query<AppliedMigration>('SELECT name, checksum FROM schema_migrations ORDER BY name');
  const pending = pendingMigrations(files, rows);
  for (const migration of pending) {
    const startedAt = performance.now();
    await transaction(client, () => apply(client, migration));
    console.log(`${migration.name} applied in ${Math.round(performance.now() - startedAt)} ms`);
  }
  return pending.map(({ name }) => name);
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    const { message, position } = error as pg.DatabaseError;
    const line = position ? `:${sql.slice(0, Number(position) - 1).split('\n').length}` : '';
    throw new Error(`migrations/${name}${line}: ${message}`, { cause: error });
  }
  await client.query('INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)', [name, checksum]);
}
