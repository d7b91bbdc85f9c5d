import pg from 'pg';

/** Opens one connection for the work of a task and closes it again, also when the work throws. */
export async function withDatabase<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const connectionString = process.env.DATABASE_URL;
  if (!connectionString) {
    throw new Error('DATABASE_URL is not set: lumo.config.js takes it from the environment of the deployment');
  }
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000, application_name: 'storefront' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export async function transaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
