import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorkshop, invokeEvent } from './lambda.ts';

let workshop: Awaited<ReturnType<typeof createWorkshop>>;

beforeAll(async () => {
  workshop = await createWorkshop();
});
afterAll(() => workshop.remove());

/** Stand-ins for functions the framework's documentation calls without showing them. */
const STAND_INS = `
  const calls = (globalThis.calls = []);
  for (const name of ['runDatabaseMigrations', 'createSchema', 'runMigrations', 'processAndUploadAssets', 'runSQLMigration']) {
    globalThis[name] = async (...args) => { console.log([name, ...args].join(' ')); };
  }
  globalThis.fetch = async (url) => { console.log('fetch ' + url); };
  globalThis.riskyOperation = async () => { if (process.env.RISK) throw new Error('too risky'); };
`;

async function runExample(example: string, event = invokeEvent(), env: Record<string, string> = {}) {
  const lambda = await workshop.start({ task: example, preload: STAND_INS, env });
  try {
    const { status, result, logs, error } = await lambda.run(event);
    return { status, result, lines: logs.map(({ text }) => text), error };
  } finally {
    await lambda.close();
  }
}

const update = invokeEvent({
  deployment: { id: 'x', isFirstDeploy: false, previousVersion: '1.2.3', environment: 'prod', version: '1.3.0' },
});

const GETTING_STARTED = `
// functions/tasks/run-migrations.ts
import { tasks } from '@lumo-framework/core';

export const run: tasks.TaskHandler = async (ctx) => {
  console.log('Running database migrations...');
  
  // Your task logic here
  await runDatabaseMigrations();
  
  return {
    success: true,
    message: 'Database migrations completed successfully',
    data: {
      migrationsRun: 5,
      environment: ctx.deployment.environment
    }
  };
};`;

test('getting started', async () => {
  expect(await runExample(GETTING_STARTED)).toEqual({
    status: 'COMPLETED',
    result: {
      success: true,
      message: 'Database migrations completed successfully',
      data: { migrationsRun: 5, environment: 'dev' },
    },
    lines: ['Running database migrations...', 'runDatabaseMigrations'],
  });
});

const USING_CONTEXT = `
export const run: tasks.TaskHandler = async (ctx) => {
  if (ctx.deployment.isFirstDeploy) {
    console.log('Initial deployment - setting up database schema');
    await createSchema();
  } else {
    console.log(\`Updating from version \${ctx.deployment.previousVersion}\`);
    await runMigrations();
  }
  
  return {
    success: true,
    message: \`Setup complete for \${ctx.deployment.environment}\`
  };
};`;

test('using context, on a first deployment and on an update', async () => {
  expect(await runExample(USING_CONTEXT)).toMatchObject({
    result: { success: true, message: 'Setup complete for dev' },
    lines: ['Initial deployment - setting up database schema', 'createSchema'],
  });
  expect(await runExample(USING_CONTEXT, update)).toMatchObject({
    result: { success: true, message: 'Setup complete for prod' },
    lines: ['Updating from version 1.2.3', 'runMigrations'],
  });
});

const MIGRATE_DATABASE = `
// functions/tasks/migrate-database.ts
import { readdir, readFile } from 'fs/promises';
import { join } from 'path';

export const run: tasks.TaskHandler = async (ctx) => {
  const migrationsDir = join(ctx.workingDirectory, 'migrations');
  const migrationFiles = await readdir(migrationsDir);
  
  for (const file of migrationFiles.sort()) {
    const migration = await readFile(join(migrationsDir, file), 'utf8');
    await runSQLMigration(migration);
  }
  
  return {
    success: true,
    message: \`Applied \${migrationFiles.length} migrations\`,
    data: { migrationsApplied: migrationFiles.length }
  };
};`;

test('database migrations, from files in the working directory', async () => {
  const lambda = await workshop.start({
    task: MIGRATE_DATABASE,
    preload: STAND_INS,
    assets: { 'migrations/002.sql': 'ALTER TABLE a', 'migrations/001.sql': 'CREATE TABLE a' },
  });
  try {
    const { result, logs } = await lambda.run();
    expect(result).toEqual({ success: true, message: 'Applied 2 migrations', data: { migrationsApplied: 2 } });
    expect(logs.map(({ text }) => text)).toEqual(['runSQLMigration CREATE TABLE a', 'runSQLMigration ALTER TABLE a']);
  } finally {
    await lambda.close();
  }
});

test('database migrations without their files fail with the path', async () => {
  expect(await runExample(MIGRATE_DATABASE)).toMatchObject({
    status: 'FAILED',
    error: { message: expect.stringMatching(/ENOENT: no such file or directory, scandir '.*migrations'/) },
  });
});

test('cache warming', async () => {
  const example = `
// functions/tasks/warm-cache.ts
export const run: tasks.TaskHandler = async (ctx) => {
  const endpoints = ['/api/popular-products', '/api/categories'];
  
  for (const endpoint of endpoints) {
    await fetch(\`https://api.\${ctx.deployment.environment}.example.com\${endpoint}\`);
  }
  
  return {
    success: true,
    message: 'Cache warmed successfully'
  };
};`;
  expect(await runExample(example)).toMatchObject({
    result: { success: true, message: 'Cache warmed successfully' },
    lines: [
      'fetch https://api.dev.example.com/api/popular-products',
      'fetch https://api.dev.example.com/api/categories',
    ],
  });
});

test('asset processing', async () => {
  const example = `
// functions/tasks/process-assets.ts
export const run: tasks.TaskHandler = async (ctx) => {
  const assetsDir = join(ctx.workingDirectory, 'assets');
  
  // Process and upload assets to CDN
  await processAndUploadAssets(assetsDir);
  
  return {
    success: true,
    message: 'Assets processed and uploaded'
  };
};`;
  // The documentation leaves out the import of \`join\`: as it stands it fails, and says so.
  expect(await runExample(example)).toMatchObject({ status: 'FAILED', error: { message: 'join is not defined' } });
  expect(await runExample(`import { join } from 'path';${example}`)).toMatchObject({
    result: { success: true, message: 'Assets processed and uploaded' },
    lines: [expect.stringMatching(/^processAndUploadAssets \/.*\/assets$/)],
  });
});

const ERROR_HANDLING = `
export const run: tasks.TaskHandler = async (ctx) => {
  try {
    await riskyOperation();
    
    return {
      success: true,
      message: 'Operation completed successfully'
    };
  } catch (error) {
    console.error('Task failed:', error);
    
    return {
      success: false,
      message: \`Operation failed: \${error.message}\`,
      data: { error: error.stack }
    };
  }
};`;

test('error handling, both ways', async () => {
  expect(await runExample(ERROR_HANDLING)).toMatchObject({
    status: 'COMPLETED',
    result: { success: true, message: 'Operation completed successfully' },
  });
  const failed = await runExample(ERROR_HANDLING, invokeEvent(), { RISK: '1' });
  expect(failed).toMatchObject({
    status: 'FAILED',
    result: { success: false, message: 'Operation failed: too risky', data: { error: expect.stringContaining('at ') } },
  });
  expect(failed.lines[0]).toBe('Task failed: Error: too risky');
});
