import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClients } from '../../src/aws/clients.ts';
import { createFunctionsApi, type FunctionsApi } from '../../src/functions/api.ts';
import { decide } from '../../src/functions/decide.ts';
import { inspectFunction } from '../../src/functions/inspect.ts';
import { identityTags } from '../../src/functions/tags.ts';
import { waitUntilReady } from '../../src/functions/wait.ts';
import { manualClock, recordingLog, refuse, serve, type TestServer } from '../aws/helpers.ts';

/** What GetFunction answers, one after the other; the last one for ever. A number is an HTTP status. */
let answers: (object | 404)[];
let server: TestServer;
let api: FunctionsApi;
let clock: ReturnType<typeof manualClock>;

beforeEach(async () => {
  server = await serve((_request, response) => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === 404) refuse(response, 404, 'ResourceNotFoundException', 'Function not found: f');
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  clock = manualClock();
  const credentials = { accessKeyId: 'x', secretAccessKey: 'y' };
  const { lambda } = createClients({ region: 'eu-west-1', endpoint: server.url, credentials, env: {} });
  api = createFunctionsApi({ lambda, region: 'eu-west-1', clock, log: recordingLog() });
});
afterEach(() => server.close());

const state = (State: string, LastUpdateStatus?: string) => ({ Configuration: { State, LastUpdateStatus } });
const PENDING = { State: 'Pending' as const };

describe('waiting', () => {
  test('asks nothing when the answer at hand says ready', async () => {
    answers = [404];
    await waitUntilReady(api, 'f', { State: 'Active', LastUpdateStatus: 'Successful' });
    await waitUntilReady(api, 'f', { State: 'Inactive' });
    expect(server.requests).toEqual([]);
  });

  test('goes on until the version is active, also when it is not found at first', async () => {
    answers = [404, state('Pending'), state('Active', 'InProgress'), state('Active', 'Successful')];
    expect(await waitUntilReady(api, 'f', PENDING, '7')).toMatchObject({ State: 'Active' });
    expect(server.requests).toEqual(Array(4).fill('GET /2015-03-31/functions/f?Qualifier=7'));
    expect(clock.slept).toHaveLength(4);
  });

  test('a failed creation tells the reason of Lambda', async () => {
    const reason = { StateReason: 'No free addresses', StateReasonCode: 'SubnetOutOfIPAddresses' };
    answers = [{ Configuration: { State: 'Failed', ...reason } }];
    await expect(waitUntilReady(api, 'f', PENDING)).rejects.toMatchObject({
      code: 'FUNCTION_FAILED',
      message: 'Lambda could not create function f: No free addresses (SubnetOutOfIPAddresses)',
    });
  });

  test('a failed update as well', async () => {
    answers = [{ Configuration: { State: 'Active', LastUpdateStatus: 'Failed', LastUpdateStatusReason: 'no role' } }];
    await expect(waitUntilReady(api, 'f', PENDING)).rejects.toMatchObject({
      code: 'FUNCTION_FAILED',
      message: 'Lambda could not update function f: no role',
    });
  });

  test('ends after five minutes', async () => {
    answers = [state('Active', 'InProgress')];
    const start = clock.now();
    await expect(waitUntilReady(api, 'f', PENDING)).rejects.toMatchObject({ code: 'FUNCTION_BUSY' });
    expect(clock.now() - start).toBeGreaterThanOrEqual(300_000);
    expect(clock.now() - start).toBeLessThan(304_000);
  });

  test('a function that is gone is not waited for that long', async () => {
    answers = [404];
    const start = clock.now();
    await expect(waitUntilReady(api, 'f', PENDING)).rejects.toMatchObject({ code: 'FUNCTION_NOT_FOUND' });
    expect(clock.now() - start).toBeLessThan(25_000);
  });
});

describe('inspecting', () => {
  test('tags that Lambda did not tell are a missing permission', async () => {
    const FunctionArn = 'arn:aws:lambda:eu-west-1:123456789012:function:f';
    answers = [{ Configuration: { FunctionArn }, TagsError: { ErrorCode: 'AccessDeniedException', Message: 'no' } }];
    await expect(inspectFunction(api, 'f')).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      advice: expect.stringContaining(`"Action":"lambda:ListTags","Resource":"${FunctionArn}"`),
    });
  });

  test('a function that is not there', async () => {
    answers = [404];
    expect(await inspectFunction(api, 'f')).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });
});

describe('deciding about what had failed', () => {
  const identity = { project: 'shop', environment: 'dev', repository: 'o/r' };
  const tags = identityTags(identity, 'seed');
  const settings = {
    runtime: 'nodejs24.x',
    handler: 'index.handler',
    role: 'arn:r',
    timeout: 3,
    memory: 128,
    env: {},
    vpc: undefined,
    layers: [],
    architecture: 'x86_64' as const,
    ephemeralStorage: 512,
    kmsKeyArn: undefined,
    logGroup: '/aws/lambda/f',
    logFormat: 'Text' as const,
  };
  const configuration = {
    FunctionName: 'f',
    Runtime: 'nodejs24.x' as const,
    Handler: 'index.handler',
    Role: 'arn:r',
    CodeSha256: 'sha',
  };
  const existing = (fields: object) => ({
    name: 'f',
    arn: 'arn:f',
    configuration: { ...configuration, ...fields },
    tags: { ...tags, 'lumo:digest': 'digest sha', 'lumo:inputs': 'inputs' },
  });
  const wanted = { settings, tags, inputs: 'inputs' };

  test('a creation: deleted and made anew', () => {
    const failed = existing({ State: 'Failed', StateReason: 'no subnet' });
    expect(decide(failed, wanted, undefined)).toMatchObject({
      action: 'create',
      recreate: true,
      reasons: ['its creation had failed: no subnet'],
    });
  });

  test('an update: everything is sent again', () => {
    const failed = existing({ State: 'Active', LastUpdateStatus: 'Failed', LastUpdateStatusReason: 'no key' });
    expect(decide(failed, wanted, undefined)).toMatchObject({
      action: 'update',
      reasons: ['its last update had failed: no key'],
      configuration: { Runtime: 'nodejs24.x', Handler: 'index.handler', Role: 'arn:r' },
      uploadCode: true,
      newVersion: true,
    });
  });

  test('nothing failed: nothing to do', () => {
    expect(decide(existing({ State: 'Active', LastUpdateStatus: 'Successful' }), wanted, undefined)).toEqual({
      action: 'unchanged',
      reasons: [],
      recreate: false,
      configuration: undefined,
      uploadCode: false,
      newVersion: false,
    });
  });
});
