import type { FunctionConfiguration, UpdateFunctionConfigurationRequest } from '@aws-sdk/client-lambda';
import type { ProjectTask, VpcSettings } from '../project/types.ts';

/** Whose functions these are: what the identity tags say. */
export interface ProjectIdentity {
  project: string;
  environment: string;
  /** `owner/name`, followed by the path of the project in it unless that is the top: `o/r/apps/shop`. */
  repository: string;
}

/** Everything of a function that its settings decide, each field as Lambda would answer it; the code is not part of it. */
export interface FunctionSettings {
  runtime: string;
  handler: string;
  /** ARN; `undefined`: whatever the function has. */
  role: string | undefined;
  /** Seconds. */
  timeout: number;
  /** MB. */
  memory: number;
  env: Record<string, string>;
  vpc: VpcSettings | undefined;
  layers: string[];
  architecture: 'x86_64' | 'arm64';
  /** MB of /tmp. */
  ephemeralStorage: number;
  kmsKeyArn: string | undefined;
  logGroup: string;
  /** `JSON` would hide the REPORT lines the figures of a run are read from. */
  logFormat: 'Text' | 'JSON';
}

export interface SettingsContext {
  identity: ProjectIdentity;
  /** The project's execution role; a role of the task wins. */
  role: string | undefined;
  /** Name of the project's event bus, or `undefined`. */
  eventBusName: string | undefined;
}

/** What the runtime of the project puts into every zip. */
const HANDLER = 'index.handler';

export function wantedSettings(task: ProjectTask, functionName: string, context: SettingsContext): FunctionSettings {
  const { settings } = task;
  return {
    runtime: settings.runtime,
    handler: HANDLER,
    role: settings.role ?? context.role,
    timeout: settings.timeout,
    memory: settings.memory,
    env: functionEnvironment(settings.env, context),
    vpc: settings.vpc,
    layers: settings.layers,
    architecture: settings.architecture,
    ephemeralStorage: settings.ephemeralStorage,
    kmsKeyArn: settings.kmsKeyArn,
    logGroup: settings.logGroup ?? defaultLogGroup(functionName),
    logFormat: 'Text',
  };
}

/** The task's variables and the ones that are always set; those win. */
export function functionEnvironment(
  env: Readonly<Record<string, string>>,
  { identity, eventBusName }: Pick<SettingsContext, 'identity' | 'eventBusName'>,
): Record<string, string> {
  return {
    ...env,
    LUMO_PROJECT_NAME: identity.project,
    LUMO_ENVIRONMENT: identity.environment,
    ...(eventBusName !== undefined && { EVENT_BUS_NAME: eventBusName }),
  };
}

/** What Lambda answered, with its defaults where it answered nothing. */
export function existingSettings(answer: FunctionConfiguration): FunctionSettings {
  const vpc = answer.VpcConfig;
  return {
    runtime: answer.Runtime ?? '',
    handler: answer.Handler ?? '',
    role: answer.Role,
    timeout: answer.Timeout ?? 3,
    memory: answer.MemorySize ?? 128,
    env: answer.Environment?.Variables ?? {},
    vpc:
      vpc?.SubnetIds?.length || vpc?.SecurityGroupIds?.length
        ? { subnetIds: vpc.SubnetIds ?? [], securityGroupIds: vpc.SecurityGroupIds ?? [] }
        : undefined,
    layers: (answer.Layers ?? []).map((layer) => layer.Arn ?? ''),
    architecture: answer.Architectures?.[0] === 'arm64' ? 'arm64' : 'x86_64',
    ephemeralStorage: answer.EphemeralStorage?.Size ?? 512,
    kmsKeyArn: answer.KMSKeyArn || undefined,
    logGroup: answer.LoggingConfig?.LogGroup ?? defaultLogGroup(answer.FunctionName ?? ''),
    logFormat: answer.LoggingConfig?.LogFormat === 'JSON' ? 'JSON' : 'Text',
  };
}

type Parameters = Partial<UpdateFunctionConfigurationRequest>;

/** What has to be done to a function's configuration, in words and as the request that does it. */
export interface SettingsChange {
  /** `memory 512 -> 1024 MB`, `environment variable X changed`; values of variables never appear. */
  reasons: string[];
  /** Only the fields that differ: a Role needs iam:PassRole, a VpcConfig ec2:Describe*, and so on. Empty values take a setting back. */
  parameters: Parameters;
  /** Lambda takes this one together with code. */
  architecture: boolean;
}

/** Both empty: the settings are as wanted. */
export function compareSettings(answer: FunctionConfiguration, wanted: FunctionSettings): SettingsChange {
  const existing = existingSettings(answer);
  const unreadable = answer.Environment?.Error;
  const architecture = differing('architecture', existing.architecture, wanted.architecture);
  const fields: [reasons: string[], parameters: Parameters][] = [
    [
      differing('runtime', existing.runtime, wanted.runtime),
      { Runtime: wanted.runtime as NonNullable<Parameters['Runtime']> },
    ],
    [differing('handler', existing.handler, wanted.handler), { Handler: wanted.handler }],
    [wanted.role === undefined ? [] : differing('role', existing.role, wanted.role), { Role: wanted.role }],
    [differing('timeout', existing.timeout, wanted.timeout, ' s'), { Timeout: wanted.timeout }],
    [differing('memory', existing.memory, wanted.memory, ' MB'), { MemorySize: wanted.memory }],
    [
      unreadable
        ? [`environment variables cannot be read (${unreadable.ErrorCode ?? 'no reason given'})`]
        : differingVariables(existing.env, wanted.env),
      { Environment: { Variables: wanted.env } },
    ],
    [
      differing('VPC', vpcText(existing.vpc), vpcText(wanted.vpc)),
      {
        VpcConfig: {
          SubnetIds: wanted.vpc?.subnetIds ?? [],
          SecurityGroupIds: wanted.vpc?.securityGroupIds ?? [],
        },
      },
    ],
    [differing('layers', existing.layers.join(', '), wanted.layers.join(', ')), { Layers: wanted.layers }],
    [
      differing('ephemeral storage', existing.ephemeralStorage, wanted.ephemeralStorage, ' MB'),
      { EphemeralStorage: { Size: wanted.ephemeralStorage } },
    ],
    [differing('KMS key', existing.kmsKeyArn, wanted.kmsKeyArn), { KMSKeyArn: wanted.kmsKeyArn ?? '' }],
    [
      [
        ...differing('log group', existing.logGroup, wanted.logGroup),
        ...differing('log format', existing.logFormat, wanted.logFormat),
      ],
      { LoggingConfig: { LogGroup: wanted.logGroup, LogFormat: wanted.logFormat } },
    ],
  ];
  const changed = fields.filter(([reasons]) => reasons.length > 0);
  return {
    reasons: [...changed.flatMap(([reasons]) => reasons), ...architecture],
    parameters: Object.assign({}, ...changed.map(([, parameters]) => parameters)),
    architecture: architecture.length > 0,
  };
}

/** For CreateFunction: everything that is not Lambda's default. */
export function creationParameters(functionName: string, wanted: FunctionSettings): Parameters {
  return compareSettings({ FunctionName: functionName }, wanted).parameters;
}

function defaultLogGroup(functionName: string): string {
  return `/aws/lambda/${functionName}`;
}

function differing(
  label: string,
  from: string | number | undefined,
  to: string | number | undefined,
  unit = '',
): string[] {
  return from === to ? [] : [`${label} ${from || 'none'} -> ${to || 'none'}${to ? unit : ''}`];
}

function differingVariables(from: Record<string, string>, to: Record<string, string>): string[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return names
    .filter((name) => from[name] !== to[name])
    .map((name) => {
      const what = from[name] === undefined ? 'added' : to[name] === undefined ? 'removed' : 'changed';
      return `environment variable ${name} ${what}`;
    });
}

/** Lambda does not keep the order of subnets and groups. */
function vpcText(vpc: VpcSettings | undefined): string {
  return vpc ? [...vpc.subnetIds, ...vpc.securityGroupIds].sort().join(', ') : '';
}
