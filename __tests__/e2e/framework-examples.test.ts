import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runStep, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { createProject, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What the examples call and do not define: they are globals here, from a file that is put before each example. */
const STAND_INS = `const say = (name: string) => async (...args: unknown[]) => console.log([name, ...args].join(' '));
Object.assign(globalThis, {
  runDatabaseMigrations: say('runDatabaseMigrations'),
  createSchema: say('createSchema'),
  runMigrations: say('runMigrations'),
  runSQLMigration: say('runSQLMigration'),
  processAndUploadAssets: say('processAndUploadAssets'),
  riskyOperation: async () => {
    if (process.env.RISK === '1') throw new Error('too risky');
  },
  fetch: async (url: string) => console.log('fetch ' + url),
});
`;

/** The framework's documentation, word for word. */
const EXAMPLES = {
  'run-migrations': `// functions/tasks/run-migrations.ts
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
};
`,
  'using-context': `export const run: tasks.TaskHandler = async (ctx) => {
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
};
`,
  'migrate-database': `// functions/tasks/migrate-database.ts
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
};
`,
  'warm-cache': `// functions/tasks/warm-cache.ts
export const run: tasks.TaskHandler = async (ctx) => {
  const endpoints = ['/api/popular-products', '/api/categories'];
  
  for (const endpoint of endpoints) {
    await fetch(\`https://api.\${ctx.deployment.environment}.example.com\${endpoint}\`);
  }
  
  return {
    success: true,
    message: 'Cache warmed successfully'
  };
};
`,
  'process-assets': `// functions/tasks/process-assets.ts
export const run: tasks.TaskHandler = async (ctx) => {
  const assetsDir = join(ctx.workingDirectory, 'assets');
  
  // Process and upload assets to CDN
  await processAndUploadAssets(assetsDir);
  
  return {
    success: true,
    message: 'Assets processed and uploaded'
  };
};
`,
  'error-handling': `export const run: tasks.TaskHandler = async (ctx) => {
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
};
`,
};

/** The configuration of the documentation, with the entries of its other parts. */
const CONFIG = `export default {
  projectName: 'my-app',
  provider: 'aws',
  region: 'eu-central-1',
  taskDefaults: { env: { RISK: process.env.RISK ?? '0' } },
  tasks: {
    'run-migrations': {
      timeout: 120,                    // 2 minutes timeout
      runOn: ['deploy', 'update'],     // Run on both deploy and updates
      copyAssets: [
        { from: 'migrations', to: 'migrations' }
      ]
    },
    'migrate-database': { copyAssets: [{ from: 'migrations' }] },
    'process-assets': { copyAssets: [{ from: 'assets' }] }
  }
}
`;

let aws: TestAws;
let project: TestProject;
const steps: Record<'first' | 'update' | 'risky', StepResult | undefined> = {
  first: undefined,
  update: undefined,
  risky: undefined,
};

beforeAll(async () => {
  aws = await startTestAws();
  const stubbed = Object.entries(EXAMPLES).map(([name, source]) => {
    // The one import that the documentation leaves out.
    const missing = name === 'process-assets' ? "import { join } from 'path';\n" : '';
    return [`functions/tasks/${name}.ts`, `import '../../stand-ins.ts';\n${missing}${source}`];
  });
  project = await createProject({
    'lumo.config.js': CONFIG,
    'stand-ins.ts': STAND_INS,
    'migrations/002.sql': 'ALTER TABLE a',
    'migrations/001.sql': 'CREATE TABLE a',
    'assets/logo.svg': '<svg/>',
    ...Object.fromEntries(stubbed),
  });
  const deploy = (runId: string, version: string, env: Record<string, string> = {}): Promise<StepResult> =>
    runStep(project.root, {
      runId,
      env: { ...aws.env, ...env },
      with: { environment: 'prod', version, 'fail-fast': 'false', 'max-parallel': '2' },
    });
  steps.first = await deploy('1', 'v1.0.0');
  steps.update = await deploy('2', 'v1.1.0');
  steps.risky = await deploy('3', 'v1.2.0', { RISK: '1' });
});
afterAll(async () => {
  await project.remove();
  await aws.close();
});

describe('the examples of the documentation', () => {
  test('succeed on a first deployment, with the results they describe', () => {
    const { first } = steps;
    expect(first?.exitCode).toBe(0);
    expect(first?.outputs).toMatchObject({ phase: 'deploy', succeeded: '6', recorded: 'true' });
    expect(Object.fromEntries(first?.results.map(({ task, message }) => [task, message]) ?? [])).toEqual({
      'run-migrations': 'Database migrations completed successfully',
      'using-context': 'Setup complete for prod',
      'migrate-database': 'Applied 2 migrations',
      'warm-cache': 'Cache warmed successfully',
      'process-assets': 'Assets processed and uploaded',
      'error-handling': 'Operation completed successfully',
    });
    expect(first?.result('run-migrations').data).toEqual({ migrationsRun: 5, environment: 'prod' });
    expect(first?.result('migrate-database').data).toEqual({ migrationsApplied: 2 });
    for (const line of [
      'Running database migrations...',
      'Initial deployment - setting up database schema',
      'createSchema',
      'runSQLMigration CREATE TABLE a\nrunSQLMigration ALTER TABLE a',
      'fetch https://api.prod.example.com/api/popular-products',
    ]) {
      expect(first?.log).toContain(`\n${line}\n`);
    }
    expect(first?.log).toMatch(/^processAndUploadAssets \/.*\/assets$/m);
  });

  test('see an update and the version before it', () => {
    expect(steps.update?.exitCode).toBe(0);
    expect(steps.update?.outputs).toMatchObject({ phase: 'update', 'previous-version': 'v1.0.0' });
    expect(steps.update?.log).toContain('\nUpdating from version v1.0.0\nrunMigrations\n');
    expect(steps.update?.log).not.toContain('createSchema');
  });

  test('fail as described when something goes wrong', () => {
    expect(steps.risky?.exitCode).toBe(1);
    expect(steps.risky?.result('error-handling')).toMatchObject({
      status: 'FAILED',
      message: 'Operation failed: too risky',
      data: { error: expect.stringContaining('Error: too risky') },
    });
    expect(steps.risky?.log).toContain('\nTask failed: Error: too risky\n');
    expect(steps.risky?.outputs).toMatchObject({ recorded: 'false', succeeded: '5', failed: '1' });
  });
});

test('an example whose names nobody defines says which one is missing', async () => {
  const bare = await createProject({
    'lumo.config.js': CONFIG.replace(/ {2}tasks: \{[\s\S]*\n {2}\}/, '  tasks: {}'),
    'functions/tasks/error-handling.ts': EXAMPLES['error-handling'],
    'functions/tasks/process-assets.ts': EXAMPLES['process-assets'],
  });
  const step = await runStep(bare.root, { env: aws.env, with: { environment: 'bare', 'fail-fast': 'false' } });
  expect(step.exitCode).toBe(1);
  expect(step.result('error-handling')).toMatchObject({
    status: 'FAILED',
    message: 'Operation failed: riskyOperation is not defined',
  });
  expect(step.result('process-assets')).toMatchObject({
    status: 'FAILED',
    error: { name: 'ReferenceError', message: 'join is not defined', line: 3, column: 21 },
  });
  await bare.remove();
});
