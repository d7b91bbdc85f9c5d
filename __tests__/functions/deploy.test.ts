import { randomBytes } from 'node:crypto';
import {
  CreateFunctionCommand,
  TagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { artifactKey } from '../../src/functions/code.ts';
import { type DeployedFunction, deployFunctions } from '../../src/functions/deploy.ts';
import type { KnownVersions } from '../../src/functions/plan.ts';
import { planFunctions } from '../../src/functions/plan.ts';
import { task } from './helpers.ts';
import { type Bench, hash, IDENTITY, openBench, packageWith, ROLE } from './lambda.ts';

const SEED = 'shop--dev--seed';
const ARN = `arn:aws:lambda:eu-west-1:000000000000:function:${SEED}`;

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
  bench.sources.set('seed', 'export const handler = async () => 1');
  bench.sources.set('migrate', 'export const handler = async () => 2');
});
afterEach(() => bench.close());

const known = (deployed: DeployedFunction[]): KnownVersions =>
  new Map(deployed.map(({ function: name, version, lastModified }) => [name, { version, lastModified }]));

/** Deploys `seed` alone and forgets the requests it took. */
async function deploySeed(settings = {}, changes = {}): Promise<DeployedFunction> {
  const [deployed] = await deployFunctions(bench.options([task('seed', settings)], changes));
  if (!deployed) throw new Error('nothing deployed');
  return deployed;
}

describe('a first deployment', () => {
  test('creates, publishes and tags each function', async () => {
    const tasks = [task('seed', { tags: { team: 'db' }, env: { DB: '1' } }), task('migrate')];
    const deployed = await deployFunctions(bench.options(tasks));
    expect(deployed.map(({ function: name, version, change }) => [name, version, change.action])).toEqual([
      [SEED, '1', 'create'],
      ['shop--dev--migrate', '1', 'create'],
    ]);
    expect(deployed[0]?.change.reasons).toEqual(['does not exist yet']);
    const { Configuration, Tags } = (await bench.api.get(SEED)) ?? {};
    expect(Configuration).toMatchObject({
      State: 'Active',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: ROLE,
      Timeout: 300,
      MemorySize: 1024,
      CodeSha256: deployed[0]?.codeSha256,
      Environment: { Variables: { DB: '1', LUMO_PROJECT_NAME: 'shop', LUMO_ENVIRONMENT: 'dev' } },
    });
    expect(Tags).toEqual({
      team: 'db',
      'lumo:project': 'shop',
      'lumo:environment': 'dev',
      'lumo:task': 'seed',
      'lumo:repository': 'o/r',
      'lumo:managed-by': 'tasks-action',
      'lumo:digest': `${deployed[0]?.digest} ${deployed[0]?.codeSha256}`,
      'lumo:inputs': hash('export const handler = async () => 1'),
    });
    expect((await bench.api.get(SEED, '1'))?.Configuration?.State).toBe('Active');
    expect(bench.log.lines).toContainEqual(expect.stringMatching(/^shop--dev--seed: created, version 1, \d+\.\d s$/));
  });

  test('of twenty functions stays under 15 writes a second, so that nothing is refused', async () => {
    const tasks = Array.from({ length: 20 }, (_, index) => task(`task${index}`));
    await deployFunctions(bench.options(tasks));
    const times = bench.aws.requests.filter((each) => each.operation === 'CreateFunction').map((each) => each.at);
    expect(times).toHaveLength(20);
    for (const start of times) expect(times.filter((at) => at >= start && at < start + 1000).length).toBeLessThan(15);
    expect(bench.log.lines.filter((line) => line.includes('trying again'))).toEqual([]);
  }, 15_000);

  test('without a role ends before anything is written', async () => {
    await expect(deploySeed({}, { role: undefined })).rejects.toMatchObject({
      code: 'ROLE_MISSING',
      details: [{ message: `function ${SEED} has to be created` }],
    });
    expect(bench.operations()).toEqual(['GetFunction']);
    const [planned] = await planFunctions(bench.options([task('seed')], { role: undefined }));
    expect(planned?.change.action).toBe('create');
  });

  test('a role that Lambda does not know yet is waited for', async () => {
    const message = 'The role defined for the function cannot be assumed by Lambda.';
    const effect = { status: 400, code: 'InvalidParameterValueException', message };
    bench.aws.faults.push({ operation: 'CreateFunction', times: 2, effect });
    expect((await deploySeed()).version).toBe('1');
    expect(bench.log.lines.filter((line) => line.includes('the execution role is not ready'))).toHaveLength(2);
  });

  test('a creation whose answer was lost is found and taken over', async () => {
    bench.aws.faults.push({ operation: 'CreateFunction', when: 'after', effect: 'drop' });
    expect(await deploySeed()).toMatchObject({ version: '1', change: { action: 'create' } });
    expect(await bench.api.versions(SEED)).toHaveLength(1);
    expect(bench.operations().filter((name) => name === 'CreateFunction')).toHaveLength(2);
  });
});

describe('nothing changed', () => {
  test('one GetFunction per function when the versions are known, and nothing is packed', async () => {
    const tasks = [task('seed', { vpc: { subnetIds: ['b', 'a'], securityGroupIds: ['c'] } }), task('migrate')];
    const first = await deployFunctions(bench.options(tasks));
    bench.packed.length = 0;
    const before = bench.aws.requests.length;
    const second = await deployFunctions(bench.options(tasks, { known: known(first) }));
    expect(bench.aws.requests.slice(before).map((request) => request.operation)).toEqual([
      'GetFunction',
      'GetFunction',
    ]);
    expect(second.map(({ version, change }) => [version, change.action, change.reasons])).toEqual([
      ['1', 'unchanged', []],
      ['1', 'unchanged', []],
    ]);
    expect(second[0]).toMatchObject({ digest: first[0]?.digest, codeSha256: first[0]?.codeSha256 });
    expect(bench.packed).toEqual([]);
  });

  test('one request more finds the version where it is not known', async () => {
    await deploySeed();
    bench.operations();
    expect(await deploySeed()).toMatchObject({ version: '1', change: { action: 'unchanged' } });
    expect(bench.operations()).toEqual(['GetFunction', 'ListVersionsByFunction']);
  });

  test('other inputs that make the same code cost the packing, and no write', async () => {
    const first = await deploySeed();
    bench.operations();
    const inputs = new Map([['seed', 'others']]);
    expect(await deploySeed({}, { inputs, known: known([first]) })).toMatchObject({ change: { action: 'unchanged' } });
    expect(bench.packed.at(-1)).toEqual(['seed']);
    expect(bench.operations()).toEqual(['GetFunction']);
  });

  test('a version that was recorded before the function changed is not believed', async () => {
    const first = await deploySeed({ memory: 256 });
    const marker = known([first]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await deploySeed({ memory: 512 });
    expect(second.version).toBe('2');
    expect(await deploySeed({ memory: 512 }, { known: marker })).toMatchObject({
      version: '2',
      change: { action: 'unchanged' },
    });
  });
});

describe('a change', () => {
  test('of code: uploaded, published, tagged last; the others stay untouched', async () => {
    const tasks = [task('seed'), task('migrate')];
    const first = await deployFunctions(bench.options(tasks));
    bench.sources.set('seed', '// changed');
    bench.operations();
    const second = await deployFunctions(bench.options(tasks, { known: known(first) }));
    expect(second.map(({ version, change }) => [version, change.reasons])).toEqual([
      ['2', ['code changed']],
      ['1', []],
    ]);
    expect(bench.packed.at(-1)).toEqual(['seed']);
    expect(bench.operations()).toEqual(['GetFunction', 'UpdateFunctionCode', 'GetFunction', 'TagResource']);
    expect((await bench.api.get(SEED))?.Tags?.['lumo:digest']).toBe(`${second[0]?.digest} ${second[0]?.codeSha256}`);
    expect((await bench.api.get(SEED, '2'))?.Configuration?.CodeSha256).toBe(second[0]?.codeSha256);
  });

  test('of settings: no packing, only what differs is sent, a new version', async () => {
    await deploySeed();
    bench.packed.length = 0;
    bench.operations();
    const deployed = await deploySeed({ memory: 2048, env: { DB: 'secret-value' } }, { role: undefined });
    expect(deployed).toMatchObject({
      version: '2',
      change: { action: 'update', reasons: ['memory 1024 -> 2048 MB', 'environment variable DB added'] },
    });
    expect(bench.packed).toEqual([]);
    expect(bench.operations()).toEqual([
      'GetFunction',
      'UpdateFunctionConfiguration',
      'GetFunction',
      'PublishVersion',
      'GetFunction',
      'TagResource',
    ]);
    expect((await bench.api.get(SEED, '2'))?.Configuration?.MemorySize).toBe(2048);
    expect(await deploySeed({ memory: 2048, env: { DB: 'secret-value' } })).toMatchObject({
      version: '2',
      change: { action: 'unchanged' },
    });
  });

  test('of both: the configuration first, then the code with the version', async () => {
    await deploySeed();
    bench.sources.set('seed', '// changed');
    bench.operations();
    expect((await deploySeed({ timeout: 60 })).change.reasons).toEqual(['code changed', 'timeout 300 -> 60 s']);
    expect(bench.operations()).toEqual([
      'GetFunction',
      'UpdateFunctionConfiguration',
      'GetFunction',
      'UpdateFunctionCode',
      'GetFunction',
      'TagResource',
    ]);
    expect((await bench.api.get(SEED, '2'))?.Configuration?.Timeout).toBe(60);
  });

  test('of the architecture: the same code is uploaded again', async () => {
    await deploySeed();
    expect(await deploySeed({ architecture: 'arm64' })).toMatchObject({
      version: '2',
      change: { reasons: ['architecture x86_64 -> arm64'] },
    });
    expect((await bench.api.get(SEED, '2'))?.Configuration?.Architectures).toEqual(['arm64']);
  });

  test('of a tag of the user: tagged, no new version', async () => {
    await deploySeed();
    bench.operations();
    expect(await deploySeed({ tags: { team: 'db' } })).toMatchObject({
      version: '1',
      change: { action: 'update', reasons: ['tag team added'] },
    });
    expect(bench.operations()).toEqual(['GetFunction', 'ListVersionsByFunction', 'TagResource']);
    expect((await deploySeed({ tags: { team: 'db' } })).change.action).toBe('unchanged');
  });

  test('by hand is seen and put right', async () => {
    const first = await deploySeed();
    const other = await packageWith(task('seed'), '// by hand');
    await bench.clients.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: SEED, ZipFile: other.zip }));
    expect(await deploySeed({}, { known: known([first]) })).toMatchObject({
      codeSha256: first.codeSha256,
      change: { reasons: ['code was changed by somebody else'] },
    });
    await bench.clients.lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: SEED, MemorySize: 512, Environment: { Variables: {} } }),
    );
    // Waits for the update that is in progress before it looks.
    expect((await deploySeed()).change.reasons).toEqual([
      'memory 512 -> 1024 MB',
      'environment variable LUMO_ENVIRONMENT added',
      'environment variable LUMO_PROJECT_NAME added',
    ]);
    expect(bench.log.lines.filter((line) => line.includes('trying again'))).toEqual([]);
    expect((await deploySeed()).change.action).toBe('unchanged');
  });

  test('that was interrupted before the tags is finished without a second upload', async () => {
    await deploySeed();
    bench.sources.set('seed', '// changed');
    const message = `User: u is not authorized to perform: lambda:TagResource on resource: ${ARN} because of reasons`;
    bench.aws.faults.push({
      operation: 'TagResource',
      effect: { status: 403, code: 'AccessDeniedException', message },
    });
    await expect(deploySeed()).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      advice: expect.stringContaining(`{"Effect":"Allow","Action":"lambda:TagResource","Resource":"${ARN}"}`),
    });
    bench.operations();
    expect(await deploySeed()).toMatchObject({ version: '2', change: { action: 'update', reasons: ['code changed'] } });
    expect(bench.operations()).toEqual(['GetFunction', 'PublishVersion', 'TagResource']);
    expect((await deploySeed()).change.action).toBe('unchanged');
  });

  test('that was interrupted before the version is published at the next deployment', async () => {
    const first = await deploySeed();
    const effect = { status: 403, code: 'AccessDeniedException', message: 'no' };
    bench.aws.faults.push({ operation: 'PublishVersion', effect });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const marker = known([first]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(deploySeed({ memory: 2048 })).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    expect(await deploySeed({ memory: 2048 }, { known: marker })).toMatchObject({
      version: '2',
      change: { action: 'update', reasons: ['not published yet'] },
    });
  });

  test('is refused while another update goes on, and then made', async () => {
    await deploySeed();
    const message = 'The operation cannot be performed at this time. An update is in progress for resource: x';
    const effect = { status: 409, code: 'ResourceConflictException', message };
    bench.aws.faults.push({ operation: 'UpdateFunctionConfiguration', effect });
    expect((await deploySeed({ memory: 256 })).version).toBe('2');
    expect(bench.log.lines).toContainEqual(expect.stringContaining('an update is in progress'));
  });

  test('whose answers are lost is made once', async () => {
    await deploySeed();
    bench.sources.set('seed', '// changed');
    for (const operation of ['UpdateFunctionConfiguration', 'UpdateFunctionCode', 'TagResource']) {
      bench.aws.faults.push({ operation, when: 'after', effect: 'drop' });
    }
    expect((await deploySeed({ memory: 256 })).version).toBe('2');
    expect(await bench.api.versions(SEED)).toHaveLength(2);
  });
});

describe('a function of somebody else', () => {
  async function createForeign(tags: Record<string, string> | undefined): Promise<void> {
    const { zip } = await packageWith(task('seed'), '// theirs');
    const input = { FunctionName: SEED, Role: ROLE, Runtime: 'nodejs24.x', Handler: 'index.handler' } as const;
    await bench.clients.lambda.send(
      new CreateFunctionCommand({ ...input, Code: { ZipFile: zip }, ...(tags && { Tags: tags }) }),
    );
  }

  test.each([[undefined], [{ 'lumo:project': 'shop', 'lumo:environment': 'dev', 'lumo:repository': 'someone/else' }]])(
    'with the tags %j is never touched, and nothing else is either',
    async (tags) => {
      await createForeign(tags);
      bench.operations();
      await expect(deployFunctions(bench.options([task('seed'), task('migrate')]))).rejects.toMatchObject({
        code: 'FUNCTION_NOT_OURS',
        message: expect.stringContaining(SEED),
        details: expect.arrayContaining([{ message: expect.stringContaining('lumo:repository') }]),
      });
      expect(bench.operations().filter((name) => !['GetFunction', 'ListTags'].includes(name))).toEqual([]);
      expect(bench.packed).toEqual([]);
    },
  );

  test('tags that may not be read are a permission that is missing', async () => {
    await createForeign(undefined);
    const effect = { status: 403, code: 'AccessDeniedException', message: 'no' };
    bench.aws.faults.push({ operation: 'ListTags', effect });
    await expect(deploySeed()).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      advice: expect.stringContaining(`"Action":"lambda:ListTags","Resource":"${ARN}"`),
    });
  });

  test('that takes the tags over later is not ours any more', async () => {
    await deploySeed();
    await bench.clients.lambda.send(
      new TagResourceCommand({ Resource: ARN, Tags: { 'lumo:environment': 'production' } }),
    );
    await expect(deploySeed()).rejects.toMatchObject({
      details: [{ message: 'tag lumo:environment is "production", not "dev"' }],
    });
  });
});

describe('a plan', () => {
  test('says what would happen and why, and writes nothing', async () => {
    const tasks = [task('seed'), task('migrate'), task('warm')];
    await deployFunctions(bench.options(tasks.slice(0, 2)));
    bench.sources.set('seed', '// changed');
    bench.operations();
    const plans = await planFunctions(bench.options([task('seed', { memory: 256 }), task('migrate'), task('warm')]));
    expect(plans.map(({ change }) => change)).toEqual([
      { task: 'seed', function: SEED, action: 'update', reasons: ['code changed', 'memory 1024 -> 256 MB'] },
      { task: 'migrate', function: 'shop--dev--migrate', action: 'unchanged', reasons: [], version: '1' },
      { task: 'warm', function: 'shop--dev--warm', action: 'create', reasons: ['does not exist yet'] },
    ]);
    expect(bench.packed.at(-1)).toEqual(['seed', 'warm']);
    expect(bench.operations()).toEqual(['GetFunction', 'ListVersionsByFunction']);
  });
});

describe('code over 50 MB', { timeout: 30_000 }, () => {
  const large = randomBytes(53 * 1024 * 1024);

  test('goes through the bucket, once', async () => {
    bench.sources.set('seed', large);
    const first = await deploySeed({}, { store: bench.store });
    expect(first.version).toBe('1');
    expect(await bench.store.exists(artifactKey(first.codeSha256))).toBe(true);
    expect(artifactKey(first.codeSha256)).toMatch(/^lumo-tasks\/artifacts\/[0-9a-f]{64}\.zip$/);
    bench.sources.set('migrate', large);
    bench.operations();
    await deployFunctions(bench.options([task('migrate')], { store: bench.store }));
    expect(bench.operations()).not.toContain('PutObject');
  });

  test('is refused without a bucket before anything is written', async () => {
    bench.sources.set('seed', large);
    bench.operations();
    await expect(deployFunctions(bench.options([task('migrate'), task('seed')]))).rejects.toMatchObject({
      code: 'TASK_TOO_LARGE',
      details: [{ message: expect.stringMatching(/^seed: 53\.\d MB zipped$/) }],
    });
    expect(bench.operations()).toEqual(['GetFunction']);
  });

  test('that somebody put there under its name is not deployed', async () => {
    bench.sources.set('seed', large);
    const { codeSha256 } = await packageWith(task('seed'), large);
    await bench.store.put(artifactKey(codeSha256), (await packageWith(task('seed'), '// theirs')).zip);
    await expect(deploySeed({}, { store: bench.store })).rejects.toMatchObject({ code: 'FUNCTION_FAILED' });
  });
});

test('identities keep projects of one repository apart', async () => {
  await deploySeed({}, { identity: { ...IDENTITY, repository: 'o/r/apps/shop' } });
  await expect(deploySeed()).rejects.toMatchObject({
    code: 'FUNCTION_NOT_OURS',
    details: [{ message: 'tag lumo:repository is "o/r/apps/shop", not "o/r"' }],
  });
});
