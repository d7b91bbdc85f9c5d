import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../src/errors.ts';
import { assemble, readConfig } from '../../src/project/assemble.ts';
import type { Discovery } from '../../src/project/discover.ts';
import { makeProject } from './helpers.ts';

const root = makeProject({});

const bundling = { triggerConfig: undefined, init: undefined, buildOnly: [], coreUsers: [], aliasSdk: true };
const found = (names: string[], helpers: string[] = []): Discovery => ({
  tasks: names.map((name) => ({ dialect: 'lumo', name, file: `functions/tasks/${name}.ts`, globalHooks: [] })),
  helpers,
  bundling,
});
const put = async (config: unknown, discovery: Discovery, source = '', folder = root) => {
  const loaded = { file: `${folder}/lumo.config.js`, source, value: config, secrets: {} };
  return assemble(loaded, readConfig(loaded, folder), discovery, { root: folder, boundary: folder });
};
const failure = async (config: unknown, discovery: Discovery, source?: string): Promise<ActionError> => {
  const outcome: unknown = await put(config, discovery, source).catch((error: unknown) => error);
  if (outcome instanceof ActionError) return outcome;
  throw new Error('expected an ActionError', { cause: outcome });
};
const details = async (config: unknown, discovery: Discovery) =>
  (await failure({ projectName: 'p', ...(config as object) }, discovery)).details.map(({ message }) => message);

describe('assemble', () => {
  it('fills in the defaults of the contract', async () => {
    const { tasks, ...project } = await put({ projectName: 'shop' }, found(['a'], ['functions/tasks/lib.ts']));
    expect(project).toEqual({
      root,
      boundary: root,
      configFile: `${root}/lumo.config.js`,
      name: 'shop',
      provider: 'aws',
      environment: undefined,
      region: undefined,
      executionRole: undefined,
      eventBusName: undefined,
      secrets: {},
      helpers: ['functions/tasks/lib.ts'],
      warnings: [],
      strictHooks: false,
      bundling,
    });
    expect(tasks).toEqual([
      {
        name: 'a',
        file: 'functions/tasks/a.ts',
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
        },
        behaviour: {
          dialect: 'lumo',
          retry: { maxAttempts: 1, factor: 2, minTimeoutInMs: 1000, maxTimeoutInMs: 60_000, randomize: true },
          outOfMemoryMachine: undefined,
          machine: { name: undefined, cpu: 0.58, memory: 1024 },
          queue: { name: 'task/a', concurrencyLimit: undefined },
          maxDuration: undefined,
          hooks: [],
          notes: [],
        },
      },
    ]);
  });

  it('takes a task’s own setting, else taskDefaults; env, tags and payload key by key', async () => {
    const project = await put(
      {
        projectName: 'shop',
        build: { exclude: ['sharp'] },
        roles: { tasks: 'arn:aws:iam::123456789012:role/tasks' },
        events: { eventBus: 'shop-bus' },
        taskDefaults: {
          memory: 256,
          vpc: { subnetIds: ['subnet-1'], securityGroupIds: ['sg-1'] },
          env: { AA: 'default', BB: 'default' },
          payload: { x: 1, y: 1 },
          copyAssets: [{ from: './data/sql/' }],
        },
        tasks: {
          own: {
            memory: 512,
            vpc: false,
            env: { BB: 'own' },
            payload: { y: 2 },
            external: [],
            runOn: ['update', 'update'],
          },
        },
      },
      found(['own', 'plain']),
    );
    expect(project).toMatchObject({ executionRole: 'arn:aws:iam::123456789012:role/tasks', eventBusName: 'shop-bus' });
    expect(project.tasks.map(({ settings }) => settings)).toMatchObject([
      {
        memory: 512,
        vpc: undefined,
        env: { AA: 'default', BB: 'own' },
        payload: { x: 1, y: 2 },
        external: [],
        runOn: ['update'],
      },
      {
        memory: 256,
        vpc: { subnetIds: ['subnet-1'], securityGroupIds: ['sg-1'] },
        env: { AA: 'default', BB: 'default' },
        external: ['sharp'],
        copyAssets: [{ from: './data/sql/', to: 'sql' }],
      },
    ]);
  });

  it('orders as the configuration does, then by name', async () => {
    const config = { projectName: 'p', tasks: { z: {}, lambda: { function: 'f' }, b: {} } };
    const { tasks } = await put(config, found(['a', 'b', 'y', 'z']));
    expect(tasks.map(({ name, file }) => [name, file !== undefined])).toEqual([
      ['z', true],
      ['lambda', false],
      ['b', true],
      ['a', true],
      ['y', true],
    ]);
  });

  it('runs on existing functions alone', async () => {
    const { tasks } = await put({ projectName: 'p', tasks: { migrate: { function: 'shop-migrate' } } }, found([]));
    expect(tasks).toMatchObject([{ name: 'migrate', file: undefined, settings: { function: 'shop-migrate' } }]);
  });

  it('refuses entries that fit no file, or two things', async () => {
    const tasks = { 'run-migration': {}, seed: { function: 'f' }, lib: {} };
    expect(await details({ tasks }, found(['run-migrations', 'seed'], ['functions/tasks/lib.ts']))).toEqual([
      'tasks.run-migration is no task: no file of that name is below functions/tasks, and no task() has that id; did you mean "run-migrations"?',
      'tasks.seed has a "function", and there is "functions/tasks/seed.ts" as well',
      'tasks.lib is no task: "functions/tasks/lib.ts" exports no "run" and registers no task()',
    ]);
  });

  it('tells that there is no task at all', async () => {
    const error = await failure({ projectName: 'p', tasks: { x: {} } }, found([], ['functions/tasks/lib.ts']));
    expect(error).toMatchObject({
      code: 'TASKS_NOT_FOUND',
      details: [{ message: '"functions/tasks/lib.ts" exports no "run" and registers no task()' }],
    });
    expect((await failure({}, found([]))).code).toBe('CONFIG_INVALID');
  });

  it('refuses cloudflare before anything else', async () => {
    expect(await failure({ provider: 'cloudflare', tasks: 7 }, found([]))).toMatchObject({
      code: 'PROVIDER_UNSUPPORTED',
      message: expect.stringContaining('tasks are available for AWS only'),
    });
  });

  it('finds unknown needs and each circle once', async () => {
    const tasks = {
      a: { needs: ['b'] },
      b: { needs: ['c'] },
      c: { needs: ['b', 'aa'] },
      self: { needs: ['self'] },
      d: { needs: ['a'] },
    };
    const discovery = found(['a', 'b', 'c', 'd', 'self']);
    expect(await details({ tasks }, discovery)).toEqual([
      'tasks.c.needs names "aa", which is no task; did you mean "a"?',
      'tasks.b.needs waits for itself: b -> c -> b',
      'tasks.self.needs waits for itself: self -> self',
    ]);
    const circle = await failure(
      { projectName: 'p', tasks: { a: { needs: ['b'] }, b: { needs: ['a'] } } },
      found(['a', 'b']),
    );
    expect(circle).toMatchObject({ code: 'TASK_NEEDS_CYCLE', message: 'tasks.a.needs waits for itself: a -> b -> a' });
  });

  it('walks long chains of needs', async () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `t${index}`);
    const tasks = Object.fromEntries(
      names.map((name, index) => [name, { function: 'f', needs: names.slice(index + 1, index + 2) }]),
    );
    expect((await put({ projectName: 'p', tasks }, found([]))).tasks).toHaveLength(20_000);
  });

  it.each(['TZ', 'AWS_REGION', '_HANDLER', 'LUMO_ENVIRONMENT', 'A', '1AB', 'A-B', 'ÄÄ', ''])(
    'refuses the variable %j',
    async (name) => {
      const error = await failure({ projectName: 'p', tasks: { a: { env: { [name]: 'v' } } } }, found(['a']));
      expect(error.code).toBe('TASK_ENV_INVALID');
      expect(error.message).toMatch(/^tasks\.a\.env/);
    },
  );

  it('takes variables Lambda lets one set', async () => {
    const env = { AWS_LAMBDA_EXEC_WRAPPER: '/opt/x', NODE_OPTIONS: '--x', PATH: '/bin', ab: '' };
    await expect(put({ projectName: 'p', tasks: { a: { env } } }, found(['a']))).resolves.toBeDefined();
  });

  it('counts the bytes of all variables, those it adds too', async () => {
    // 4096 = 17 + 1 (LUMO_PROJECT_NAME, p) + 16 + 3 (LUMO_ENVIRONMENT, dev) + 3 + value
    const config = (length: number) => ({ projectName: 'p', taskDefaults: { env: { BIG: 'ü'.repeat(length / 2) } } });
    await expect(put(config(4056), found(['a']))).resolves.toBeDefined();
    const error = await failure(config(4058), found(['a', 'b']));
    expect(error).toMatchObject({ code: 'TASK_ENV_INVALID', details: [{}, {}] });
    expect(error.details[0]?.message).toBe(
      'tasks.a.env has 4098 bytes of names and values; Lambda takes 4096: BIG 4061, LUMO_ENVIRONMENT 19, LUMO_PROJECT_NAME 18',
    );
  });

  it('puts mixed findings under CONFIG_INVALID, with key and line', async () => {
    const source =
      'export default {\n  projectName: "p",\n  tasks: {\n    a: { timeout: 0,\n      env: { TZ: "x" } } } };';
    const error = await failure(
      { projectName: 'p', tasks: { a: { timeout: 0, env: { TZ: 'x' } } } },
      found(['a']),
      source,
    );
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      message: '2 things are wrong in lumo.config.js',
      location: { file: 'lumo.config.js', line: 4, column: 10, key: 'tasks.a.timeout' },
      details: [
        { location: { line: 4, key: 'tasks.a.timeout' } },
        { location: { line: 5, column: 14, key: 'tasks.a.env.TZ' } },
      ],
    });
  });

  it('keeps the telling code only when all findings share it', async () => {
    const tasks = { a: { env: { TZ: 'x' }, needs: ['nobody'] } };
    expect((await failure({ projectName: 'p', tasks }, found(['a']))).code).toBe('CONFIG_INVALID');
  });

  it('warns about the VPC Lumo would have used, unless the task decides', async () => {
    const vpc = { subnetIds: ['subnet-1'], securityGroupIds: ['sg-1'] };
    const tasks = { inside: { vpc }, outside: { vpc: false }, theirs: { function: 'f' } };
    const config = { projectName: 'p', networking: { natGateways: 1 }, tasks };
    const names = ['inside', 'outside', 'open'];
    expect((await put(config, found(names))).warnings).toEqual([
      expect.stringContaining('Lumo would have placed "open" in the VPC'),
    ]);
    expect((await put({ ...config, taskDefaults: { vpc: false } }, found(names))).warnings).toEqual([]);
    expect((await put({ ...config, networking: { natGateways: 0 } }, found(names))).warnings).toEqual([]);
  });

  it('warns about a build for lumo deploy', async () => {
    const folder = makeProject({ 'dist/functions/tasks/a/index.mjs': '' });
    expect((await put({ projectName: 'p' }, found(['a']), '', folder)).warnings).toEqual([
      expect.stringContaining('lumo deploy'),
    ]);
  });

  it('throws nothing but ActionError, whatever the configuration is', async () => {
    const task = fc.dictionary(
      fc.constantFrom(
        'timeout',
        'needs',
        'env',
        'function',
        'copyAssets',
        'vpc',
        'tags',
        'payload',
        'external',
        'retry',
        'queue',
        'machine',
        'maxDuration',
        '__proto__',
      ),
      fc.oneof(fc.jsonValue(), fc.array(fc.constantFrom('a', 'b', 'c')), fc.dictionary(fc.string(), fc.string())),
    );
    const config = fc.record(
      {
        projectName: fc.string(),
        tasks: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), task),
        taskDefaults: task,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(config, fc.jsonValue()), async (value) => {
        const outcome: unknown = await put(value, found(['a', 'b']), JSON.stringify(value)).catch(
          (error: unknown) => error,
        );
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ActionError);
      }),
      { numRuns: 300 },
    );
  });
});
