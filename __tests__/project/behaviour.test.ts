import { describe, expect, it } from 'vitest';
import { ActionError } from '../../src/errors.ts';
import { assemble, readConfig } from '../../src/project/assemble.ts';
import type { FoundTask } from '../../src/project/discover.ts';
import type { Project } from '../../src/project/types.ts';
import type { ConfigDescription, TaskDescription } from '../../src/runtime/describe.ts';
import { makeProject, taskNamed } from './helpers.ts';

const root = makeProject({});

const lifecycle = (
  name: string,
  code: Partial<TaskDescription> & Record<string, unknown> = {},
  trigger?: Partial<ConfigDescription> & Record<string, unknown>,
): FoundTask => ({
  dialect: 'lifecycle',
  name,
  file: `functions/tasks/${name}.ts`,
  description: {
    id: name,
    dialect: 'lifecycle',
    schema: false,
    hooks: { own: [], global: [] },
    noHooks: [],
    ignored: [],
    order: 0,
    ...code,
  },
  trigger: trigger && { noHooks: [], ignored: [], ...trigger },
  line: 7,
});
const lumo = (name: string): FoundTask => ({
  dialect: 'lumo',
  name,
  file: `functions/tasks/${name}.ts`,
  globalHooks: ['onStart', 'middleware'],
});

async function put(config: object, ...tasks: FoundTask[]): Promise<Project> {
  const value = { projectName: 'shop', ...config };
  const loaded = { file: `${root}/lumo.config.js`, source: '', value, secrets: {} };
  const bundling = {
    triggerConfig: 'trigger.config.ts',
    init: undefined,
    buildOnly: [],
    coreUsers: [],
    aliasSdk: true,
  };
  const discovery = { tasks, helpers: [], bundling };
  return assemble(loaded, readConfig(loaded, root), discovery, { root, boundary: root });
}
const one = async (config: object, task: FoundTask) => {
  const { settings, behaviour } = taskNamed(await put(config, task), 'a');
  return { ...behaviour, timeout: settings.timeout, memory: settings.memory, settings };
};
const findings = async (config: object, ...tasks: FoundTask[]) => {
  const error: unknown = await put(config, ...tasks).catch((reason: unknown) => reason);
  if (!(error instanceof ActionError)) throw new Error('expected an ActionError', { cause: error });
  expect(error.code).toBe('CONFIG_INVALID');
  return error.details.map(({ message, location }) => `${location?.file}:${location?.line ?? ''} ${message}`);
};

const three = { maxAttempts: 3, factor: 2, minTimeoutInMs: 1000, maxTimeoutInMs: 60_000, randomize: true };

describe('retries', () => {
  it.each<[string, object, FoundTask, object]>([
    ['task() alone: three attempts', {}, lifecycle('a'), three],
    [
      'its own, merged over the defaults',
      {},
      lifecycle('a', { retry: { maxAttempts: 5 } }),
      { ...three, maxAttempts: 5 },
    ],
    [
      'its own wins over the configuration, as a whole',
      { tasks: { a: { retry: { factor: 9 } } } },
      lifecycle('a', { retry: { maxAttempts: 5 } }),
      { ...three, maxAttempts: 5 },
    ],
    [
      'the entry wins over taskDefaults',
      { taskDefaults: { retry: { maxAttempts: 7 } }, tasks: { a: { retry: { factor: 1 } } } },
      lifecycle('a'),
      { ...three, factor: 1 },
    ],
    [
      'taskDefaults win over trigger.config',
      { taskDefaults: { retry: { maxAttempts: 7 } } },
      lifecycle('a', {}, { retry: { maxAttempts: 9 } }),
      { ...three, maxAttempts: 7 },
    ],
    [
      'trigger.config wins over the defaults',
      {},
      lifecycle('a', {}, { retry: { maxAttempts: 9, maxTimeoutInMs: 10_000 } }),
      { ...three, maxAttempts: 9, maxTimeoutInMs: 10_000 },
    ],
    ['a Lumo task: one attempt', {}, lumo('a'), { ...three, maxAttempts: 1 }],
    [
      'a Lumo task with retry in the configuration',
      { tasks: { a: { retry: { randomize: false } } } },
      lumo('a'),
      { ...three, randomize: false },
    ],
  ])('%s', async (_, config, task, retry) => {
    expect((await one(config, task)).retry).toEqual(retry);
  });

  it('name the machine for what ran out of memory', async () => {
    const code = { retry: { outOfMemory: { machine: 'medium-2x' } } };
    expect(await one({}, lifecycle('a', code))).toMatchObject({
      outOfMemoryMachine: { name: 'medium-2x', memory: 4096 },
      notes: [],
    });
    const same = { machine: { preset: 'medium-2x' }, ...code };
    expect((await one({ taskDefaults: { ephemeralStorage: 512 } }, lifecycle('a', same))).notes).toEqual([
      'retry.outOfMemory.machine has 4096 MB, no more than the 4096 MB of the task: never used',
    ]);
  });
});

describe('machines and memory', () => {
  it.each<[string, object, FoundTask, string | undefined, number]>([
    ['nothing', {}, lifecycle('a'), undefined, 1024],
    ['nothing, in a Lumo task', {}, lumo('a'), undefined, 1024],
    ['the code', { tasks: { a: { memory: 3000 } } }, lifecycle('a', { machine: 'micro' }), 'micro', 443],
    ['the code, as an object', {}, lifecycle('a', { machine: { preset: 'large-1x' } }), 'large-1x', 8192],
    ['the code, in numbers', {}, lifecycle('a', { machine: { cpu: 1, memory: 2 } }), 'medium-1x', 2048],
    [
      'memory of the entry',
      { tasks: { a: { memory: 3000 } } },
      lifecycle('a', {}, { machine: 'micro' }),
      undefined,
      3000,
    ],
    [
      'memory of the entry over a machine of taskDefaults',
      { taskDefaults: { machine: 'micro' }, tasks: { a: { memory: 3000 } } },
      lifecycle('a'),
      undefined,
      3000,
    ],
    ['a machine in the configuration', { tasks: { a: { machine: 'small-2x' } } }, lumo('a'), 'small-2x', 1769],
    ['trigger.config', {}, lifecycle('a', {}, { machine: 'small-2x' }), 'small-2x', 1769],
  ])('%s', async (_, config, task, name, memory) => {
    const result = await one(config, task);
    expect(result.machine).toMatchObject({ name, memory });
    expect(result.memory).toBe(memory);
  });

  it('tell what does not count, and what is not there', async () => {
    const result = await one({ tasks: { a: { memory: 3000 } } }, lifecycle('a', { machine: 'micro' }));
    expect(result.settings.ephemeralStorage).toBe(512);
    expect(result.notes).toEqual([
      'memory 3000 of the configuration is not used: the machine of the code decides',
      '/tmp has 512 MB, not the 10 GB that presets have elsewhere; ephemeralStorage: 10240 gives them',
    ]);
  });
});

describe('limits in time', () => {
  it.each<[string, object, FoundTask, number | undefined, number]>([
    ['task() without any', {}, lifecycle('a'), undefined, 900],
    ['maxDuration of the code', {}, lifecycle('a', { maxDuration: 120 }), 120, 150],
    ['the longest', {}, lifecycle('a', { maxDuration: 870 }), 870, 900],
    ['a fraction', {}, lifecycle('a', { maxDuration: 7.5 }), 7.5, 38],
    ['less than the least', {}, lifecycle('a', { maxDuration: 1 }), 5, 35],
    ['none, in words', {}, lifecycle('a', { maxDuration: 2_147_483_647 }, { maxDuration: 60 }), undefined, 900],
    ['the code over timeout', { tasks: { a: { timeout: 10 } } }, lifecycle('a', { maxDuration: 60 }), 60, 90],
    ['timeout of the configuration', { tasks: { a: { timeout: 10 } } }, lifecycle('a'), undefined, 10],
    ['maxDuration of the configuration', { taskDefaults: { maxDuration: 60 } }, lifecycle('a'), 60, 90],
    [
      'timeout of the entry over maxDuration of taskDefaults',
      { taskDefaults: { maxDuration: 60 }, tasks: { a: { timeout: 10 } } },
      lifecycle('a'),
      undefined,
      10,
    ],
    ['trigger.config', {}, lifecycle('a', {}, { maxDuration: 60 }), 60, 90],
    ['a Lumo task', {}, lumo('a'), undefined, 300],
    ['a Lumo task with maxDuration', { tasks: { a: { maxDuration: 60 } } }, lumo('a'), undefined, 60],
    ['a Lumo task with both', { tasks: { a: { maxDuration: 60, timeout: 90 } } }, lumo('a'), undefined, 90],
  ])('%s', async (_, config, task, maxDuration, timeout) => {
    const result = await one(config, task);
    expect([result.maxDuration, result.timeout]).toEqual([maxDuration, timeout]);
  });

  it('tell what was raised and what does not count', async () => {
    const raised = await one({ tasks: { a: { timeout: 10 } } }, lifecycle('a', { maxDuration: 1 }));
    expect(raised.notes).toEqual([
      'maxDuration 1 was raised to 5 s, the least',
      'timeout 10 of the configuration is not used: maxDuration of the code makes it 35',
    ]);
    expect((await one({ taskDefaults: { maxDuration: 60 } }, lumo('a'))).notes).toEqual([
      "maxDuration is the function's timeout (60 s), a hard stop: the task exports run",
    ]);
  });
});

describe('queues', () => {
  it('are a task’s own unless it names one', async () => {
    expect((await one({}, lifecycle('a'))).queue).toEqual({ name: 'task/a', concurrencyLimit: undefined });
    expect((await one({}, lifecycle('a', { queue: { concurrencyLimit: 1 } }))).queue).toEqual({
      name: 'task/a',
      concurrencyLimit: 1,
    });
    expect((await one({ tasks: { a: { queue: { name: 'db' } } } }, lumo('a'))).queue).toEqual({
      name: 'db',
      concurrencyLimit: undefined,
    });
  });

  it('have one limit, whichever task says it', async () => {
    const db = { queue: { name: 'db', concurrencyLimit: 2 } };
    const { tasks } = await put(
      { tasks: { c: { queue: { name: 'db' } } } },
      lifecycle('a', db),
      lifecycle('b', db),
      lumo('c'),
    );
    expect(tasks.map(({ behaviour }) => behaviour.queue)).toEqual([db.queue, db.queue, db.queue]);
    expect(
      await findings({}, lifecycle('a', db), lifecycle('b', { queue: { name: 'db', concurrencyLimit: 1 } })),
    ).toEqual(['functions/tasks/b.ts:7 the queue "db" has different limits: 2 in "a", 1 in "b"']);
  });
});

describe('what the code says wrong', () => {
  it('is told by file and line, with all the rest', async () => {
    const code = {
      maxDuration: 3600,
      machine: 'large-2x',
      retry: { maxAttempts: 'three', somethingNewer: 1 },
      queue: { concurrencyLimit: -1 },
    } as Record<string, unknown>;
    const found = await findings({ tasks: { a: { memory: 1 } } }, lifecycle('a', code));
    expect(found).toHaveLength(5);
    expect(found[0]).toContain('lumo.config.js: tasks.a.memory');
    expect(found.slice(1).map((each) => each.slice(0, 60))).toEqual(
      [
        'functions/tasks/a.ts:7 task "a": machine is large-2x, which d',
        'functions/tasks/a.ts:7 task "a": maxDuration is 3600 seconds,',
        'functions/tasks/a.ts:7 task "a": queue.concurrencyLimit is the',
        'functions/tasks/a.ts:7 task "a": retry.maxAttempts is the stri',
      ].map((each) => each.slice(0, 60)),
    );
  });

  it.each([0, -1, 2.5, 251, Number.NaN, Number.POSITIVE_INFINITY])('maxAttempts: %d', async (maxAttempts) => {
    const message = `is the number ${maxAttempts}; a whole number of attempts from 1 to 250 is expected`;
    expect(await findings({}, lifecycle('a', { retry: { maxAttempts } }))).toEqual([
      `functions/tasks/a.ts:7 task "a": retry.maxAttempts ${message}`,
    ]);
    expect(await findings({ tasks: { a: { retry: { maxAttempts } } } }, lumo('a'))).toEqual([
      `lumo.config.js: tasks.a.retry.maxAttempts ${message}`,
    ]);
  });

  it('maxDuration that is no number, and hooks that are no functions', async () => {
    const noHooks = [{ name: 'middleware', kind: 'an array' }];
    expect(await findings({}, lifecycle('a', { maxDuration: Number.NaN, noHooks }, { noHooks }))).toEqual([
      'functions/tasks/a.ts:7 task "a": maxDuration is the number NaN; a number of seconds is expected',
      'functions/tasks/a.ts:7 task "a": middleware is an array; a function is expected',
      expect.stringMatching(/^trigger\.config\.ts: .*middleware is an array; a function is expected/),
    ]);
  });

  it('is headed with the files it is in', async () => {
    const heading = async (config: object, ...tasks: FoundTask[]) => {
      const error: unknown = await put(config, ...tasks).catch((reason: unknown) => reason);
      return error instanceof ActionError ? [error.message, error.advice] : [];
    };
    const wrong = { maxDuration: 1000, retry: { maxAttempts: 0 } };
    const configuration = 'Correct the configuration; all that was found is listed';
    const places = 'Correct the named places; all that was found is listed';
    expect(await heading({ region: 5, environment: 5 }, lumo('a'))).toEqual([
      '2 things are wrong in lumo.config.js',
      configuration,
    ]);
    expect(await heading({}, lifecycle('a', wrong))).toEqual(['2 things are wrong in functions/tasks/a.ts', places]);
    expect(await heading({ region: 5 }, lifecycle('a', wrong))).toEqual([
      '3 things are wrong in lumo.config.js and functions/tasks/a.ts',
      places,
    ]);
    const many = ['a', 'b', 'c', 'd'].map((name) => lifecycle(name, wrong));
    expect(await heading({}, ...many)).toEqual(['8 things are wrong in 4 files', places]);
  });

  it('is told once for trigger.config, and only where it counts', async () => {
    const trigger = { maxDuration: 3600, retry: { maxAttempts: -1 } };
    const tasks = [lifecycle('a', {}, trigger), lifecycle('b', {}, trigger)];
    expect(await findings({}, ...tasks)).toEqual([
      expect.stringContaining('trigger.config.ts: trigger.config.ts: maxDuration is 3600 seconds'),
      expect.stringContaining('trigger.config.ts: trigger.config.ts: retries.default.maxAttempts is the number -1'),
    ]);
    const decided = { taskDefaults: { maxDuration: 60, retry: {} } };
    await expect(put(decided, ...tasks)).resolves.toBeDefined();
    await expect(put({}, lumo('a'))).resolves.toBeDefined();
  });
});

describe('hooks and notes', () => {
  it('come in the order in which hooks run', async () => {
    const hooks: TaskDescription['hooks'] = { own: ['cleanup', 'init', 'onFailure'], global: ['middleware', 'init'] };
    expect((await one({}, lifecycle('a', { hooks }))).hooks).toEqual(['middleware', 'init', 'onFailure', 'cleanup']);
    expect((await one({}, lumo('a'))).hooks).toEqual(['middleware', 'onStart']);
  });

  it('name what has no effect', async () => {
    expect((await one({}, lifecycle('a', { ignored: ['ttl', 'priority'] }))).notes).toEqual([
      '"ttl" has no effect in a deployment',
      '"priority" has no effect in a deployment',
    ]);
  });

  it('name the keys of trigger.config that have none, in one note', async () => {
    const trigger = { ignored: ['ttl', 'telemetry'] };
    expect((await one({}, lifecycle('a', {}, trigger))).notes).toEqual([
      'trigger.config: without effect in a deployment: "ttl", "telemetry"',
    ]);
  });

  it('strictHooks and aliasSdk are switches', async () => {
    expect((await put({ strictHooks: true }, lumo('a'))).strictHooks).toBe(true);
    expect(await findings({ strictHooks: 'yes', aliasSdk: 0 }, lumo('a'))).toEqual([
      'lumo.config.js: strictHooks is the string "yes"; true or false is expected',
      'lumo.config.js: aliasSdk is the number 0; true or false is expected',
    ]);
  });
});
