import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { type Postgres, startPostgres } from '../../scripts/postgres.ts';

export interface TestPostgres extends Postgres {
  /** A new, empty database on the server; its URL. */
  createDatabase(name: string): Promise<string>;
}

/** A PostgreSQL of its own in a temporary folder, which `stop` removes. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'tasks-postgres-'));
  const server = await startPostgres({ dataDir, log: () => {} });
  return {
    url: server.url,
    async createDatabase(name) {
      await withClient(server.url, (client) => client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`));
      return server.url.replace(/\/postgres$/, `/${name}`);
    },
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
