import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPath, type Spot } from '../../src/project/check.ts';
import { checkConfig } from '../../src/project/schema.ts';

const messages = (value: unknown): string[] => {
  const spot: Spot = { path: [], findings: [] };
  checkConfig(value, spot);
  return spot.findings.map(({ message }) => message);
};
const taskMessages = (task: unknown) => messages({ projectName: 'p', tasks: { a: task } });

describe('checkConfig', () => {
  it('takes everything that the Lumo CLI takes', () => {
    expect(
      messages({
        projectName: 'My Shop / 2',
        environment: 'dev',
        provider: 'aws',
        region: 'eu-central-1',
        domainName: 'shop.example',
        networking: { natGateways: 1.5, later: true },
        build: { exclude: ['sharp', '@aws-sdk/*'] },
        secrets: { a: { value: 'x', description: 'd' }, b: { value: () => 'y' } },
        events: { subscribers: { mail: { events: ['user.registered'] } } },
        tasks: {
          'db/migrate': { timeout: 900, runOn: ['deploy', 'update'], copyAssets: [{ from: 'migrations' }] },
          never: { runOn: [] },
          empty: {},
          absent: undefined,
        },
        aliasSdk: false,
        newerLumo: { anything: 1 },
      }),
    ).toEqual([]);
    expect(messages({ projectName: 'p', region: undefined, tasks: undefined, networking: undefined })).toEqual([]);
  });

  it('takes every setting of a task', () => {
    expect(
      taskMessages({
        timeout: 1,
        memory: 10_240,
        needs: ['b'],
        env: { DATABASE_URL: 'x', EMPTY: '' },
        nodeModules: ['sharp', '@img/sharp-linux-x64'],
        external: ['pg-native', '@x/*', './gen/*'],
        vpc: { subnetIds: ['subnet-0a'], securityGroupIds: ['sg-0a'] },
        layers: ['arn:aws:lambda:eu-central-1:123456789012:layer:x:1'],
        architecture: 'arm64',
        ephemeralStorage: 10_240,
        role: 'arn:aws-cn:iam::123456789012:role/path/name',
        runtime: 'nodejs26.x',
        tags: { team: 'shop', empty: '' },
        kmsKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/x',
        logGroup: '/lumo/tasks',
        function: 'arn:aws:lambda:eu-central-1:123456789012:function:migrate:live',
        payload: { deep: [1, { x: null }] },
      }),
    ).toEqual([]);
    expect(taskMessages({ vpc: false, function: 'migrate' })).toEqual([]);
  });

  it.each([
    [{ timeout: '120' }, 'tasks.a.timeout is the string "120"; a whole number of seconds from 1 to 900 is expected'],
    [{ timeout: 901 }, 'tasks.a.timeout is the number 901; a whole number of seconds from 1 to 900 is expected'],
    [{ timeout: 1.5 }, 'tasks.a.timeout is the number 1.5; a whole number of seconds from 1 to 900 is expected'],
    [{ timeout: Number.NaN }, 'tasks.a.timeout is the number NaN; a whole number of seconds from 1 to 900 is expected'],
    [{ timeout: null }, 'tasks.a.timeout is null; a whole number of seconds from 1 to 900 is expected'],
    [{ memory: 64 }, 'tasks.a.memory is the number 64; a whole number of MB from 128 to 10240 is expected'],
    [{ runOn: 'deploy' }, 'tasks.a.runOn is the string "deploy"; an array of "deploy" and "update" is expected'],
    [{ runOn: ['deploy', 'always'] }, 'tasks.a.runOn[1] is the string "always"; "deploy" or "update" is expected'],
    [{ copyAssets: [{ to: 'x' }] }, 'tasks.a.copyAssets[0].from is missing'],
    [{ copyAssets: [{ from: 'x', mod: 1 }] }, 'tasks.a.copyAssets[0].mod is not a setting of a copied asset'],
    [{ timout: 5 }, 'tasks.a.timout is not a setting of a task; did you mean "timeout"?'],
    [
      { retry: { maxAttempts: -1 } },
      'tasks.a.retry.maxAttempts is the number -1; a whole number of attempts from 1 to 250 is expected',
    ],
    [
      { retry: { minTimeoutInMs: '1s' } },
      'tasks.a.retry.minTimeoutInMs is the string "1s"; a number of milliseconds is expected',
    ],
    [{ retry: { randomise: true } }, 'tasks.a.retry.randomise is not a setting of retries; did you mean "randomize"?'],
    [
      { retry: { outOfMemory: { machine: 'huge' } } },
      'tasks.a.retry.outOfMemory.machine is the string "huge", which is no machine; the presets are micro, small-1x, small-2x, medium-1x, medium-2x, large-1x',
    ],
    [
      { machine: 'smal-1x' },
      'tasks.a.machine is the string "smal-1x", which is no machine; did you mean "small-1x" or "small-2x"?',
    ],
    [
      { machine: { preset: 'large-2x' } },
      'tasks.a.machine.preset is large-2x, which does not exist on Lambda; the largest machine is large-1x, with 4 vCPU and 8 GB (memory: 10240 is the most Lambda gives)',
    ],
    [
      { machine: { cpu: 8, memory: 16 } },
      'tasks.a.machine asks for more than Lambda has; the largest machine is large-1x, with 4 vCPU and 8 GB (memory: 10240 is the most Lambda gives)',
    ],
    [
      { machine: {} },
      'tasks.a.machine is an object; the name of a preset ("small-1x") or an object with "preset" is expected',
    ],
    [
      { machine: 'micro', memory: 512 },
      'tasks.a.memory stands beside "machine", which decides the memory too; write one of the two',
    ],
    [{ queue: { limit: 1 } }, 'tasks.a.queue.limit is not a setting of a queue'],
    [
      { queue: { concurrencyLimit: 0 } },
      'tasks.a.queue.concurrencyLimit is the number 0; a whole number from 1 to 100000 is expected',
    ],
    [
      { maxDuration: 3600 },
      'tasks.a.maxDuration is 3600 seconds, and one attempt on Lambda has at most 870; split the task, build long indexes concurrently (CREATE INDEX CONCURRENTLY), or run this one as a container job',
    ],
    [{ maxDuration: '1h' }, 'tasks.a.maxDuration is the string "1h"; a number of seconds is expected'],
    [{ vpc: true }, 'tasks.a.vpc is true; false or an object with "subnetIds" and "securityGroupIds" is expected'],
    [{ vpc: { subnetIds: ['subnet-1'] } }, 'tasks.a.vpc.securityGroupIds is missing'],
    [
      { vpc: { subnetIds: [], securityGroupIds: [] } },
      'tasks.a.vpc needs at least one subnet and one security group; "vpc: false" means none',
    ],
    [{ tags: { 'aws:x': '1' } }, 'tasks.a.tags["aws:x"] has a reserved name; those with aws: and lumo: are'],
    [
      { runtime: 'python3.13' },
      'tasks.a.runtime is the string "python3.13"; a Node.js runtime of Lambda ("nodejs24.x") is expected',
    ],
    [{ nodeModules: ['../x'] }, 'tasks.a.nodeModules[0] is the string "../x"; the name of a package is expected'],
    [{ payload: [] }, 'tasks.a.payload is an array of 0; a JSON object is expected'],
    [
      { external: ['a\nb'] },
      'tasks.a.external[0] is the string "a\\nb"; the name of a package or a pattern is expected',
    ],
    [null, 'tasks.a is null; an object with the settings of the task is expected'],
  ])('%j: %s', (task, message) => {
    expect(taskMessages(task)).toEqual([message]);
  });

  it('never prints what may be a secret', () => {
    const found = messages({
      projectName: 'p',
      secrets: { a: { value: 123_456 } },
      tasks: { a: { env: { PIN: 987_654, LIST: ['s3cr3t'] } } },
    });
    expect(found).toEqual([
      'secrets.a.value is a number; a string or a function that answers one is expected',
      'tasks.a.env.PIN is a number; a string is expected',
      'tasks.a.env.LIST is an array of 1; a string is expected',
    ]);
  });

  it('reports everything at once', () => {
    expect(
      messages({
        environment: 'a b',
        provider: 'gcp',
        region: 7,
        networking: { natGateways: 4 },
        taskDefaults: { function: 'x', memory: 1 },
        tasks: { 'a.b': { timeout: 0 }, c: { needs: 'd' } },
      }),
    ).toEqual([
      'provider is the string "gcp"; "aws" or "local" is expected',
      'environment is the string "a b"; a name of at most 64 letters, digits, dots, underscores and hyphens is expected',
      'region is the number 7; a region ("eu-central-1") is expected',
      'networking.natGateways is 4; a number from 0 to 3 is expected',
      'tasks["a.b"].timeout is the number 0; a whole number of seconds from 1 to 900 is expected',
      'tasks.c.needs is the string "d"; an array of strings is expected',
      'taskDefaults.memory is the number 1; a whole number of MB from 128 to 10240 is expected',
      'taskDefaults.function is not a setting of a task',
      'projectName is missing',
    ]);
  });

  it.each([
    [undefined, 'The configuration has no default export; an object is expected'],
    [() => ({}), 'The default export is a function; an object is expected'],
    [[], 'The default export is an array of 0; an object is expected'],
    [null, 'The default export is null; an object is expected'],
  ])('%s', (value, message) => {
    expect(messages(value)).toEqual([message]);
  });

  it('refuses a payload that is no JSON', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(taskMessages({ payload: circle })[0]).toMatch(/^tasks\.a\.payload cannot be written as JSON/);
    expect(taskMessages({ payload: { big: 1n } })[0]).toMatch(/^tasks\.a\.payload cannot be written as JSON/);
  });

  it('never throws, and each finding is one printable line', () => {
    const known = fc.constantFrom(
      'tasks',
      'a',
      'env',
      'vpc',
      'copyAssets',
      'payload',
      'secrets',
      'events',
      'taskDefaults',
      '__proto__',
      'constructor',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'medium' },
        fc.jsonValue(),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(known, fc.string()), tie('tree')),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        for (const message of messages(value)) expect(message).not.toMatch(/[\n\r]/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('formatPath', () => {
  it.each([
    [['tasks', 'run-migrations', 'copyAssets', 0, 'from'], 'tasks.run-migrations.copyAssets[0].from'],
    [['tasks', 'db/seed'], 'tasks.db/seed'],
    [['tasks', 'a.b', 'x'], 'tasks["a.b"].x'],
    [['tasks', 'a\nb'], 'tasks["a\\nb"]'],
  ])('%j is %s', (path, text) => {
    expect(formatPath(path)).toBe(text);
  });
});
