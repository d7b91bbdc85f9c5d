import { createHash } from 'node:crypto';
import type { Package } from '../../src/package/types.ts';
import type { Project, ProjectTask, TaskSettings } from '../../src/project/types.ts';

export function task(name: string, settings: Partial<TaskSettings> = {}): ProjectTask {
  return {
    name,
    file: `functions/tasks/${name}.ts`,
    settings: {
      timeout: 300,
      runOn: ['deploy', 'update'],
      copyAssets: [],
      needs: [],
      memory: 1024,
      env: {},
      nodeModules: [],
      external: [],
      vpc: undefined,
      layers: [],
      architecture: 'x86_64',
      ephemeralStorage: 512,
      role: undefined,
      runtime: 'nodejs24.x',
      tags: {},
      kmsKeyArn: undefined,
      logGroup: undefined,
      function: undefined,
      payload: {},
      ...settings,
    },
    behaviour: {
      dialect: 'lumo',
      retry: { maxAttempts: 1, factor: 2, minTimeoutInMs: 1000, maxTimeoutInMs: 60_000, randomize: true },
      outOfMemoryMachine: undefined,
      machine: { name: undefined, cpu: 1024 / 1769, memory: 1024 },
      queue: { name: `task/${name}`, concurrencyLimit: undefined },
      maxDuration: undefined,
      hooks: [],
      notes: [],
    },
  };
}

export function project(tasks: ProjectTask[], values: Partial<Project> = {}): Project {
  return {
    root: '/project',
    boundary: '/project',
    configFile: '/project/lumo.config.js',
    name: 'shop',
    provider: 'aws',
    environment: undefined,
    region: undefined,
    executionRole: undefined,
    eventBusName: undefined,
    secrets: {},
    tasks,
    helpers: [],
    warnings: [],
    strictHooks: false,
    bundling: { triggerConfig: undefined, init: undefined, buildOnly: [], coreUsers: [], aliasSdk: true },
    ...values,
  };
}

/** A package around real bytes; `zip` decides about everything. */
export function packageOf(of: ProjectTask, zip: Buffer): Package {
  return {
    task: of,
    zip,
    digest: createHash('sha256').update('contents of ').update(zip).digest('hex'),
    codeSha256: createHash('sha256').update(zip).digest('base64'),
    files: [{ name: 'index.mjs', size: zip.length }],
    inputs: [],
    unzippedBytes: zip.length,
  };
}
