import { createHash } from 'node:crypto';
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  type LambdaServiceException,
  ListFunctionsCommand,
  ListTagsCommand,
  PublishVersionCommand,
  paginateListVersionsByFunction,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  BUCKET,
  type Cloud,
  createFunction,
  handlerZip,
  invoke,
  REGION,
  ROLE,
  settled,
  startCloud,
  zip,
} from './harness.ts';

// A server each: the quota of the control plane is part of what is tested.
let cloud: Cloud;
beforeEach(async () => {
  cloud = await startCloud();
});
afterEach(() => cloud.aws.close());

const A_LONG_TIME = 600_000;

const ARN = `arn:aws:lambda:${REGION}:000000000000:function:app`;
const CODE = handlerZip('export const handler = async () => 1;');
const OTHER_CODE = handlerZip('export const handler = async () => 2;');

function creation(changes: Partial<CreateFunctionCommandInput> = {}): CreateFunctionCommand {
  const Code = { ZipFile: CODE };
  return new CreateFunctionCommand({
    FunctionName: 'app',
    Role: ROLE,
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Code,
    ...changes,
  });
}

async function failure(
  promise: Promise<unknown>,
): Promise<{ name: string; status: number | undefined; message: string }> {
  const error = await promise.then(
    () => expect.fail('the call should have failed'),
    (reason: LambdaServiceException) => reason,
  );
  return { name: error.name, status: error.$metadata.httpStatusCode, message: error.message };
}

function centralHeader(zipped: Buffer): number {
  return zipped.indexOf('PK\x01\x02', 0, 'latin1');
}

const conflict = { name: 'ResourceConflictException', status: 409 };

describe('creating', () => {
  it('answers Pending, then becomes Active with everything that was asked for', async () => {
    const settings = {
      Timeout: 900,
      MemorySize: 10_240,
      Description: 'migrates',
      Architectures: ['arm64' as const],
      EphemeralStorage: { Size: 1024 },
      Environment: { Variables: { STAGE: '1' } },
      VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] },
      LoggingConfig: { LogGroup: '/tasks' },
      KMSKeyArn: 'arn:aws:kms:eu-central-1:000000000000:key/1',
      Layers: ['arn:aws:lambda:eu-central-1:000000000000:layer:tools:1'],
    };
    const created = await cloud.lambda.send(creation({ ...settings, Tags: { 'lumo:task': 'migrate' } }));
    expect(created).toMatchObject({
      State: 'Pending',
      StateReasonCode: 'Creating',
      Version: '$LATEST',
      FunctionArn: ARN,
    });
    expect(created.$metadata.httpStatusCode).toBe(201);
    await waitUntilFunctionActiveV2(
      { client: cloud.lambda, maxWaitTime: 5, minDelay: 0.05 as never },
      { FunctionName: 'app' },
    );
    const { Configuration, Tags, Code, Concurrency } = await cloud.lambda.send(
      new GetFunctionCommand({ FunctionName: 'app' }),
    );
    expect(Configuration).toMatchObject({
      ...settings,
      VpcConfig: settings.VpcConfig,
      LoggingConfig: { LogFormat: 'Text', LogGroup: '/tasks' },
      Layers: [{ Arn: settings.Layers[0] }],
      State: 'Active',
      LastUpdateStatus: 'Successful',
      CodeSize: CODE.length,
      CodeSha256: createHash('sha256').update(CODE).digest('base64'),
      PackageType: 'Zip',
    });
    expect(Tags).toEqual({ 'lumo:task': 'migrate' });
    expect(Concurrency).toBeUndefined();
    const download = await fetch(Code?.Location ?? '');
    expect(Buffer.from(await download.arrayBuffer()).equals(CODE)).toBe(true);
    expect((await fetch((Code?.Location ?? '').replace(/.$/, (last) => (last === '0' ? '1' : '0')))).status).toBe(403);
  });

  it('has the defaults of Lambda', async () => {
    const created = await cloud.lambda.send(creation());
    expect(created).toMatchObject({
      Timeout: 3,
      MemorySize: 128,
      Architectures: ['x86_64'],
      EphemeralStorage: { Size: 512 },
    });
    expect(created.LoggingConfig).toEqual({ LogFormat: 'Text', LogGroup: '/aws/lambda/app' });
    expect(created.Environment).toBeUndefined();
  });

  it('refuses a name that is taken, and a call while the function is Pending', async () => {
    const slow = await startCloud({ timing: { pendingMs: A_LONG_TIME } });
    await slow.lambda.send(creation());
    expect(await failure(slow.lambda.send(creation()))).toEqual({
      ...conflict,
      message: 'Function already exist: app',
    });
    const pending = { ...conflict, message: expect.stringContaining('following state: Pending') };
    expect(await failure(slow.lambda.send(new InvokeCommand({ FunctionName: 'app' })))).toEqual(pending);
    const update = new UpdateFunctionConfigurationCommand({ FunctionName: 'app', Timeout: 4 });
    expect(await failure(slow.lambda.send(update))).toEqual(pending);
    await slow.lambda.send(new DeleteFunctionCommand({ FunctionName: 'app' }));
  });

  it.each<[string, Partial<CreateFunctionCommandInput>, RegExp]>([
    ['a timeout over 900', { Timeout: 901 }, /'901' at 'timeout'.*less than or equal to 900/],
    ['a timeout of 0', { Timeout: 0 }, /'0' at 'timeout'/],
    ['too little memory', { MemorySize: 127 }, /at 'memorySize'/],
    ['too much memory', { MemorySize: 10_241 }, /at 'memorySize'/],
    ['too much storage', { EphemeralStorage: { Size: 10_241 } }, /at 'size'/],
    ['a name with a dot', { FunctionName: 'a.b' }, /at 'functionName'/],
    ['a name of 65 characters', { FunctionName: 'a'.repeat(65) }, /at 'functionName'/],
    ['no handler', { Handler: undefined }, /at 'handler'.*must not be null/],
    ['a role that is no ARN', { Role: 'admin' }, /at 'role'/],
    ['a role that is a user', { Role: 'arn:aws:iam::000000000000:user/local' }, /at 'role'/],
    ['an unknown runtime', { Runtime: 'nodejs99.x' as never }, /Value nodejs99\.x at 'runtime'/],
    ['a retired runtime', { Runtime: 'nodejs20.x' }, /nodejs20\.x is no longer supported/],
    ['a reserved variable', { Environment: { Variables: { AWS_REGION: 'x' } } }, /reserved keys.*AWS_REGION/],
    ['a variable with a bad name', { Environment: { Variables: { '1A': 'x' } } }, /environment\.variables/],
    ['variables over 4 KB', { Environment: { Variables: { AB: 'x'.repeat(4095) } } }, /exceeded the 4KB limit/],
    ['a reserved tag', { Tags: { 'aws:x': 'y' } }, /reserved/],
    [
      '51 tags',
      { Tags: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`t${index}`, ''])) },
      /limit of 50/,
    ],
    ['6 layers', { Layers: Array.from({ length: 6 }, () => 'arn') }, /at 'layers'/],
    ['no code', { Code: {} }, /source for function code/],
    ['what is no zip', { Code: { ZipFile: Buffer.from('not a zip') } }, /Could not unzip/],
    ['half a zip', { Code: { ZipFile: CODE.subarray(CODE.length / 2) } }, /Could not unzip/],
    [
      'a zip that leaves its folder',
      { Code: { ZipFile: zip([{ name: '../evil.mjs', data: '' }]) } },
      /leaves the folder/,
    ],
    ['a zip with an absolute name', { Code: { ZipFile: zip([{ name: '/evil.mjs', data: '' }]) } }, /leaves the folder/],
    [
      'a zip with a link',
      { Code: { ZipFile: zip([{ name: 'link', data: '/etc', mode: 0o120777 }]) } },
      /symbolic link/,
    ],
    [
      'a broken zip',
      { Code: { ZipFile: zip([{ name: 'a', data: 'abc' }], (bytes) => bytes.writeUInt8(0, 31)) } },
      /checksum|decompressed/,
    ],
    [
      'a zip with a wrong checksum',
      {
        Code: {
          ZipFile: zip([{ name: 'a', data: 'abc' }], (bytes) => bytes.writeUInt32LE(1, centralHeader(bytes) + 16)),
        },
      },
      /does not match its checksum/,
    ],
    ['what it does not know', { DeadLetterConfig: { TargetArn: 'arn' } }, /DeadLetterConfig is not supported/],
  ])('refuses %s', async (_, changes, message) => {
    const error = await failure(cloud.lambda.send(creation(changes)));
    expect(error).toEqual({
      name: expect.stringMatching(/^(ValidationException|InvalidParameterValueException)$/),
      status: 400,
      message: expect.stringMatching(message),
    });
  });

  it('refuses a request of 70,167,211 bytes', async () => {
    const ZipFile = Buffer.alloc(52_700_000);
    const error = await failure(cloud.lambda.send(creation({ Code: { ZipFile } })));
    expect(error).toMatchObject({ name: 'RequestEntityTooLargeException', status: 413 });
  });

  it('refuses more than 250 MB unzipped', async () => {
    const ZipFile = zip([{ name: 'a', data: 'abc' }], (bytes) => {
      bytes.writeUInt32LE(262_144_001, centralHeader(bytes) + 24);
    });
    const error = await failure(cloud.lambda.send(creation({ Code: { ZipFile } })));
    expect(error).toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'Unzipped size must be smaller than 262144000 bytes',
    });
  });

  it('takes the code from S3', async () => {
    const source = { S3Bucket: BUCKET, S3Key: 'artifacts/app.zip' };
    expect((await failure(cloud.lambda.send(creation({ Code: source })))).message).toContain(
      'S3 Error Code: NoSuchKey',
    );
    await cloud.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: source.S3Key, Body: CODE }));
    await cloud.lambda.send(creation({ Code: source }));
    await settled(cloud, 'app');
    expect((await invoke(cloud, 'app')).value).toBe(1);
  });
});

describe('while a change goes on', () => {
  let slow: Cloud;
  beforeEach(async () => {
    slow = await startCloud({ timing: { pendingMs: 0, updateMs: A_LONG_TIME } });
    await createFunction(slow, 'app', CODE);
  });

  it('no other one is taken', async () => {
    const updated = await slow.lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: 'app', Timeout: 20 }),
    );
    expect(updated).toMatchObject({ State: 'Active', LastUpdateStatus: 'InProgress', Timeout: 20 });
    const inProgress = {
      ...conflict,
      message: expect.stringContaining(`An update is in progress for resource: ${ARN}`),
    };
    const FunctionName = 'app';
    expect(await failure(slow.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: CODE })))).toEqual(
      inProgress,
    );
    expect(await failure(slow.lambda.send(new PublishVersionCommand({ FunctionName })))).toEqual(inProgress);
    expect(await failure(slow.lambda.send(new TagResourceCommand({ Resource: ARN, Tags: { a: 'b' } })))).toEqual(
      inProgress,
    );
  });

  it('$LATEST runs what it ran before', async () => {
    await slow.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'app', ZipFile: OTHER_CODE }));
    expect((await invoke(slow, 'app')).value).toBe(1);
  });

  it('the version it publishes cannot be invoked', async () => {
    const update = new UpdateFunctionCodeCommand({ FunctionName: 'app', ZipFile: OTHER_CODE, Publish: true });
    expect(await slow.lambda.send(update)).toMatchObject({ Version: '1', FunctionArn: `${ARN}:1`, State: 'Pending' });
    const invocation = new InvokeCommand({ FunctionName: 'app', Qualifier: '1' });
    expect(await failure(slow.lambda.send(invocation))).toMatchObject(conflict);
  });
});

describe('changing', () => {
  beforeEach(() => createFunction(cloud, 'app', CODE));

  it('keeps what the request does not name, and removes what it empties', async () => {
    const update = (changes: object) =>
      cloud.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'app', ...changes }));
    await update({
      Environment: { Variables: { STAGE: '1' } },
      VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] },
    });
    await settled(cloud, 'app');
    expect(await update({ Timeout: 30 })).toMatchObject({
      Timeout: 30,
      Environment: { Variables: { STAGE: '1' } },
      VpcConfig: { SubnetIds: ['subnet-1'] },
    });
    await settled(cloud, 'app');
    const emptied = await update({
      Environment: { Variables: {} },
      VpcConfig: { SubnetIds: [], SecurityGroupIds: [] },
    });
    expect(emptied.Environment).toBeUndefined();
    expect(emptied.VpcConfig).toMatchObject({ SubnetIds: [], SecurityGroupIds: [] });
  });

  it('refuses a revision that is not the latest one', async () => {
    const stale = (await cloud.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'app' }))).RevisionId;
    const change = (RevisionId: string | undefined) =>
      cloud.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'app', Timeout: 5, RevisionId }));
    const during = (await change(stale)).RevisionId;
    await settled(cloud, 'app');
    for (const RevisionId of [stale, during]) {
      expect(await failure(change(RevisionId))).toMatchObject({ name: 'PreconditionFailedException', status: 412 });
    }
  });

  it('publishes versions that never change', async () => {
    const FunctionName = 'app';
    const first = await cloud.lambda.send(
      new UpdateFunctionCodeCommand({ FunctionName, ZipFile: OTHER_CODE, Publish: true }),
    );
    expect(first.Version).toBe('1');
    await settled(cloud, 'app');
    await settled(cloud, 'app', '1');
    await cloud.lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: CODE }));
    await settled(cloud, 'app');
    const { value, version } = await invoke(cloud, 'app', {}, '1');
    expect([value, version]).toEqual([2, '1']);
    expect((await invoke(cloud, 'app')).value).toBe(1);
  });

  it('publishes nothing new when nothing has changed', async () => {
    const publish = (changes: object = {}) =>
      cloud.lambda.send(new PublishVersionCommand({ FunctionName: 'app', ...changes }));
    expect((await publish({ Description: 'first' })).Version).toBe('1');
    expect(await publish()).toMatchObject({ Version: '1', Description: 'first' });
    await cloud.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'app', MemorySize: 256 }));
    await settled(cloud, 'app');
    expect((await publish()).Version).toBe('2');
    expect((await failure(publish({ CodeSha256: 'x' }))).message).toContain('different from current CodeSHA256');
  });

  it('only says what would be with DryRun', async () => {
    const update = new UpdateFunctionCodeCommand({ FunctionName: 'app', ZipFile: OTHER_CODE, DryRun: true });
    const { CodeSha256 } = await cloud.lambda.send(update);
    expect(CodeSha256).toBe(createHash('sha256').update(OTHER_CODE).digest('base64'));
    expect((await invoke(cloud, 'app')).value).toBe(1);
  });
});

describe('versions and deletion', () => {
  beforeEach(() => createFunction(cloud, 'app', CODE, { Publish: true }));

  it('lists versions page by page', async () => {
    for (const Timeout of [21, 22]) {
      await cloud.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'app', Timeout }));
      await settled(cloud, 'app');
      await cloud.lambda.send(new PublishVersionCommand({ FunctionName: 'app' }));
    }
    const pages = [];
    for await (const page of paginateListVersionsByFunction(
      { client: cloud.lambda, pageSize: 3 },
      { FunctionName: 'app' },
    )) {
      pages.push(page.Versions?.map(({ Version, Timeout }) => [Version, Timeout]));
    }
    expect(pages).toEqual([
      [
        ['$LATEST', 22],
        ['1', 10],
        ['2', 21],
      ],
      [['3', 22]],
    ]);
  });

  it('deletes one version, or the function; numbers are not used again', async () => {
    const remove = (Qualifier?: string) =>
      cloud.lambda.send(new DeleteFunctionCommand({ FunctionName: 'app', Qualifier }));
    expect((await failure(remove('$LATEST'))).name).toBe('InvalidParameterValueException');
    await remove('1');
    const missing = { name: 'ResourceNotFoundException', status: 404, message: `Function not found: ${ARN}:1` };
    expect(await failure(remove('1'))).toEqual(missing);
    expect(await failure(cloud.lambda.send(new InvokeCommand({ FunctionName: 'app', Qualifier: '1' })))).toEqual(
      missing,
    );
    await remove();
    expect((await failure(remove())).message).toBe(`Function not found: ${ARN}`);
    expect((await cloud.lambda.send(new ListFunctionsCommand({}))).Functions).toEqual([]);
    expect((await cloud.lambda.send(creation({ Publish: true }))).Version).toBe('2');
  });

  it('keeps regions apart', async () => {
    const { LambdaClient } = await import('@aws-sdk/client-lambda');
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const elsewhere = new LambdaClient({ endpoint: cloud.aws.endpoint, region: 'us-west-2', credentials });
    expect((await elsewhere.send(new ListFunctionsCommand({}))).Functions).toEqual([]);
    expect((await cloud.lambda.send(new ListFunctionsCommand({}))).Functions).toHaveLength(1);
  });

  it('takes a name, a partial and a whole ARN', async () => {
    for (const FunctionName of ['app:1', '000000000000:function:app:1', `${ARN}:1`]) {
      expect((await cloud.lambda.send(new GetFunctionCommand({ FunctionName }))).Configuration?.Version).toBe('1');
    }
    expect((await failure(cloud.lambda.send(new GetFunctionCommand({ FunctionName: '../../etc' })))).name).toBe(
      'ValidationException',
    );
  });
});

describe('tags', () => {
  beforeEach(() => createFunction(cloud, 'app', CODE, { Publish: true, Tags: { keep: '1', drop: '2' } }));

  it('belong to the function, not to its versions', async () => {
    await cloud.lambda.send(new TagResourceCommand({ Resource: ARN, Tags: { added: 'p/e ä+=:@' } }));
    await cloud.lambda.send(new UntagResourceCommand({ Resource: ARN, TagKeys: ['drop', 'unknown'] }));
    const tags = { keep: '1', added: 'p/e ä+=:@' };
    expect((await cloud.lambda.send(new ListTagsCommand({ Resource: ARN }))).Tags).toEqual(tags);
    expect((await cloud.lambda.send(new GetFunctionCommand({ FunctionName: 'app' }))).Tags).toEqual(tags);
    expect(
      (await cloud.lambda.send(new GetFunctionCommand({ FunctionName: 'app', Qualifier: '1' }))).Tags,
    ).toBeUndefined();
    const ofVersion = cloud.lambda.send(new TagResourceCommand({ Resource: `${ARN}:1`, Tags: { a: 'b' } }));
    expect((await failure(ofVersion)).name).toBe('InvalidParameterValueException');
  });
});

describe('invoking', () => {
  it('refuses a payload that is no JSON or too large', async () => {
    await createFunction(cloud, 'app', CODE);
    const send = (Payload: string, InvocationType?: 'Event') =>
      cloud.lambda.send(new InvokeCommand({ FunctionName: 'app', Payload, InvocationType }));
    expect(await failure(send('{oops'))).toMatchObject({ name: 'InvalidRequestContentException', status: 400 });
    const tooLarge = { name: 'RequestTooLargeException', status: 413 };
    expect(await failure(send(`"${'x'.repeat(6_291_455)}"`))).toMatchObject(tooLarge);
    expect(await failure(send(`"${'x'.repeat(1_048_575)}"`, 'Event'))).toMatchObject(tooLarge);
    expect((await send(`"${'x'.repeat(6_291_454)}"`)).StatusCode).toBe(200);
  });
});

describe('the quota of the control plane', () => {
  it('is 15 calls at once, without GetFunction and Invoke', async () => {
    const listed = await Promise.allSettled(
      Array.from({ length: 20 }, () => cloud.lambda.send(new ListFunctionsCommand({}))),
    );
    const refused = listed.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(refused.length).toBeGreaterThanOrEqual(3);
    expect(refused[0]).toMatchObject({ name: 'TooManyRequestsException', Reason: 'CallerRateLimitExceeded' });
    expect(refused[0].$metadata.httpStatusCode).toBe(429);
    const reads = Array.from({ length: 40 }, () => cloud.lambda.send(new GetFunctionCommand({ FunctionName: 'app' })));
    const names = (await Promise.allSettled(reads)).map((result) => result.status === 'rejected' && result.reason.name);
    expect(new Set(names)).toEqual(new Set(['ResourceNotFoundException']));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await cloud.lambda.send(new ListFunctionsCommand({}));
  });
});
