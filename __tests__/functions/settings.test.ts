import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { describe, expect, test } from 'vitest';
import { compareSettings, creationParameters, wantedSettings } from '../../src/functions/settings.ts';
import { task } from './helpers.ts';

const CONTEXT = {
  identity: { project: 'shop', environment: 'dev', repository: 'o/r' },
  role: 'arn:aws:iam::123456789012:role/tasks',
  eventBusName: undefined,
};
const NAME = 'shop--dev--seed';

/** As Lambda answers for a function with the defaults of a task. */
const ANSWER: FunctionConfiguration = {
  FunctionName: NAME,
  Runtime: 'nodejs24.x',
  Handler: 'index.handler',
  Role: CONTEXT.role,
  Timeout: 300,
  MemorySize: 1024,
  Environment: { Variables: { LUMO_PROJECT_NAME: 'shop', LUMO_ENVIRONMENT: 'dev' } },
  VpcConfig: { SubnetIds: [], SecurityGroupIds: [], VpcId: '' },
  Architectures: ['x86_64'],
  EphemeralStorage: { Size: 512 },
  LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${NAME}` },
};

const compare = (answer: FunctionConfiguration, settings: Parameters<typeof task>[1] = {}, context = CONTEXT) =>
  compareSettings(answer, wantedSettings(task('seed', settings), NAME, context));

describe('compareSettings', () => {
  test('what Lambda answers for what was sent is as wanted', () => {
    expect(compare(ANSWER)).toEqual({ reasons: [], parameters: {}, architecture: false });
  });

  test('what Lambda leaves out is its default', () => {
    const { VpcConfig, Architectures, EphemeralStorage, LoggingConfig, ...answer } = ANSWER;
    expect(compare(answer).reasons).toEqual([]);
    expect(
      compare({ ...answer, Timeout: undefined, MemorySize: undefined }, { timeout: 3, memory: 128 }).reasons,
    ).toEqual([]);
  });

  test.each<[string, Parameters<typeof task>[1], string[], object]>([
    ['memory', { memory: 2048 }, ['memory 1024 -> 2048 MB'], { MemorySize: 2048 }],
    ['timeout', { timeout: 60 }, ['timeout 300 -> 60 s'], { Timeout: 60 }],
    ['runtime', { runtime: 'nodejs22.x' }, ['runtime nodejs24.x -> nodejs22.x'], { Runtime: 'nodejs22.x' }],
    ['role', { role: 'arn:r' }, [`role ${CONTEXT.role} -> arn:r`], { Role: 'arn:r' }],
    [
      'ephemeral storage',
      { ephemeralStorage: 1024 },
      ['ephemeral storage 512 -> 1024 MB'],
      { EphemeralStorage: { Size: 1024 } },
    ],
    ['layers', { layers: ['arn:l:1'] }, ['layers none -> arn:l:1'], { Layers: ['arn:l:1'] }],
    ['KMS key', { kmsKeyArn: 'arn:k' }, ['KMS key none -> arn:k'], { KMSKeyArn: 'arn:k' }],
    [
      'log group',
      { logGroup: '/tasks' },
      [`log group /aws/lambda/${NAME} -> /tasks`],
      { LoggingConfig: { LogFormat: 'Text', LogGroup: '/tasks' } },
    ],
    [
      'vpc',
      { vpc: { subnetIds: ['subnet-1'], securityGroupIds: ['sg-1'] } },
      ['VPC none -> sg-1, subnet-1'],
      { VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] } },
    ],
  ])('%s: one reason, and only that field is sent', (_name, settings, reasons, parameters) => {
    expect(compare(ANSWER, settings)).toEqual({ reasons, parameters, architecture: false });
  });

  test('what is no longer wanted is taken back by empty values', () => {
    const answer: FunctionConfiguration = {
      ...ANSWER,
      VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] },
      Layers: [{ Arn: 'arn:l:1' }],
      KMSKeyArn: 'arn:k',
      LoggingConfig: { LogFormat: 'JSON', LogGroup: `/aws/lambda/${NAME}` },
    };
    expect(compare(answer)).toEqual({
      reasons: [
        'VPC sg-1, subnet-1 -> none',
        'layers arn:l:1 -> none',
        'KMS key arn:k -> none',
        'log format JSON -> Text',
      ],
      parameters: {
        VpcConfig: { SubnetIds: [], SecurityGroupIds: [] },
        Layers: [],
        KMSKeyArn: '',
        LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${NAME}` },
      },
      architecture: false,
    });
  });

  test('the architecture goes with the code, not with the configuration', () => {
    expect(compare(ANSWER, { architecture: 'arm64' })).toEqual({
      reasons: ['architecture x86_64 -> arm64'],
      parameters: {},
      architecture: true,
    });
  });

  test('variables: names, never values; our own win', () => {
    const variables = { A: 'old-secret', GONE: 'gone-secret', LUMO_PROJECT_NAME: 'shop', LUMO_ENVIRONMENT: 'dev' };
    const env = { A: 'new-secret', B: 'added-secret', LUMO_ENVIRONMENT: 'production' };
    const change = compare({ ...ANSWER, Environment: { Variables: variables } }, { env });
    expect(change.reasons).toEqual([
      'environment variable A changed',
      'environment variable B added',
      'environment variable GONE removed',
    ]);
    expect(change.parameters.Environment?.Variables).toEqual({
      A: 'new-secret',
      B: 'added-secret',
      LUMO_PROJECT_NAME: 'shop',
      LUMO_ENVIRONMENT: 'dev',
    });
  });

  test('the event bus, when there is one', () => {
    expect(compare(ANSWER, {}, { ...CONTEXT, eventBusName: 'bus' } as never).reasons).toEqual([
      'environment variable EVENT_BUS_NAME added',
    ]);
  });

  test('variables that Lambda could not decrypt are said to be that', () => {
    const answer = { ...ANSWER, Environment: { Error: { ErrorCode: 'AccessDeniedException', Message: 'no' } } };
    expect(compare(answer).reasons).toEqual(['environment variables cannot be read (AccessDeniedException)']);
  });

  test('the order of subnets and groups does not matter', () => {
    const answer = { ...ANSWER, VpcConfig: { SubnetIds: ['b', 'a'], SecurityGroupIds: ['d', 'c'] } };
    expect(compare(answer, { vpc: { subnetIds: ['a', 'b'], securityGroupIds: ['c', 'd'] } }).reasons).toEqual([]);
  });

  test('without a role given, a function keeps its own', () => {
    expect(compare(ANSWER, {}, { ...CONTEXT, role: undefined } as never).reasons).toEqual([]);
  });
});

test('a creation sends what is not the default of Lambda', () => {
  expect(creationParameters(NAME, wantedSettings(task('seed'), NAME, CONTEXT))).toEqual({
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: CONTEXT.role,
    Timeout: 300,
    MemorySize: 1024,
    Environment: { Variables: { LUMO_PROJECT_NAME: 'shop', LUMO_ENVIRONMENT: 'dev' } },
  });
});
