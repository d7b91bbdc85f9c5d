import { AwsError } from '../aws-error.ts';
import type { Settings } from './records.ts';

/** A request's JSON body. */
export type Body = Record<string, unknown>;

const RUNTIMES = ['nodejs22.x', 'nodejs24.x', 'nodejs26.x'];
const RETIRED = /^nodejs(?:(?:4|6|8|10|12|14|16|18|20)\..*)?$/;
const ROLE = /^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/;
const ENVIRONMENT_BYTES = 4096;
const RESERVED =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_REGION|AWS_DEFAULT_REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_.*|AWS_ACCESS_KEY|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|TZ|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR)$/;

const CODE_MEMBERS = ['FunctionName', 'Code', 'PackageType', 'Publish', 'Tags'];
const SETTING_MEMBERS = [
  'Runtime',
  'Handler',
  'Role',
  'Description',
  'Timeout',
  'MemorySize',
  'EphemeralStorage',
  'LoggingConfig',
  'Environment',
  'Layers',
  'VpcConfig',
  'KMSKeyArn',
];

export function invalidParameter(message: string): AwsError {
  return new AwsError(400, 'InvalidParameterValueException', message);
}

function violation(value: unknown, member: string, constraint: string): AwsError {
  const text = `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`;
  return new AwsError(400, 'ValidationException', text);
}

export function validateName(name: string): string {
  if (/^[a-zA-Z0-9-_]{1,64}$/.test(name)) return name;
  throw violation(name, 'functionName', 'Member must satisfy regular expression pattern: [a-zA-Z0-9-_]{1,64}');
}

/** Settings of a new function; `body` is that of CreateFunction. */
export function newSettings(body: Body): Settings {
  rejectUnknown(body, [...CODE_MEMBERS, ...SETTING_MEMBERS, 'Architectures']);
  for (const member of ['Role', 'Handler', 'Runtime']) {
    if (body[member] === undefined) throw violation('null', lowerFirst(member), 'Member must not be null');
  }
  const defaults: Settings = {
    Runtime: '',
    Handler: '',
    Role: '',
    Description: '',
    Timeout: 3,
    MemorySize: 128,
    Architectures: architectures(body.Architectures) ?? ['x86_64'],
    EphemeralStorage: { Size: 512 },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${String(body.FunctionName)}` },
  };
  return merge(defaults, body);
}

/** Settings after UpdateFunctionConfiguration: what the body does not name stays. */
export function changedSettings(settings: Settings, body: Body): Settings {
  rejectUnknown(body, [...SETTING_MEMBERS, 'FunctionName', 'RevisionId']);
  return merge(settings, body);
}

export function architectures(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const [only] = Array.isArray(value) ? value : [];
  if (only === 'x86_64' || only === 'arm64') return [only];
  throw violation(JSON.stringify(value), 'architectures', 'Member must satisfy enum value set: [x86_64, arm64]');
}

export function validateTags(tags: Record<string, string>): Record<string, string> {
  for (const [key, value] of Object.entries(tags)) {
    if (key.length < 1 || key.length > 128 || value.length > 256) throw invalidParameter(`The tag ${key} is too long`);
    if (key.startsWith('aws:')) throw invalidParameter('Tag keys that start with aws: are reserved');
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + value))
      throw invalidParameter(`The tag ${key} contains invalid characters`);
  }
  if (Object.keys(tags).length > 50) throw invalidParameter('The number of tags exceeds the limit of 50');
  return tags;
}

/** AWS has members this server does not know; to accept them without doing anything would be a lie. */
function rejectUnknown(body: Body, known: readonly string[]): void {
  const unknown = Object.keys(body).find((member) => !known.includes(member) && body[member] !== null);
  if (unknown !== undefined) throw invalidParameter(`${unknown} is not supported by the embedded AWS`);
  if (body.PackageType !== undefined && body.PackageType !== 'Zip')
    throw invalidParameter('Only the package type Zip is supported');
}

function merge(settings: Settings, body: Body): Settings {
  const merged: Settings = { ...settings };
  if (body.Runtime != null) merged.Runtime = runtime(body.Runtime);
  if (body.Handler != null) merged.Handler = text(body, 'Handler', /^[^\s]{1,128}$/);
  if (body.Role != null) merged.Role = text(body, 'Role', ROLE);
  if (body.Description != null) merged.Description = text(body, 'Description', /^.{0,256}$/s);
  if (body.KMSKeyArn != null) merged.KMSKeyArn = text(body, 'KMSKeyArn', /^(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)?$/);
  if (body.Timeout != null) merged.Timeout = integer(body, 'Timeout', 1, 900);
  if (body.MemorySize != null) merged.MemorySize = integer(body, 'MemorySize', 128, 10_240);
  if (body.EphemeralStorage != null) {
    merged.EphemeralStorage = { Size: integer(body.EphemeralStorage as Body, 'Size', 512, 10_240) };
  }
  if (body.Environment != null) merged.Environment = { Variables: variables((body.Environment as Body).Variables) };
  if (body.Layers != null) merged.Layers = strings(body.Layers, 'layers', 5);
  if (body.LoggingConfig != null) merged.LoggingConfig = logging(body.LoggingConfig as Body, settings.LoggingConfig);
  if (body.VpcConfig != null) merged.VpcConfig = vpc(body.VpcConfig as Body);
  return merged;
}

function runtime(value: unknown): string {
  if (typeof value === 'string' && RUNTIMES.includes(value)) return value;
  if (typeof value === 'string' && RETIRED.test(value)) {
    throw invalidParameter(
      `The runtime parameter of ${value} is no longer supported for creating or updating AWS Lambda functions. ` +
        'We recommend you use a supported runtime while creating or updating functions.',
    );
  }
  throw invalidParameter(
    `Value ${value} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${RUNTIMES.join(', ')}] or be a valid ARN`,
  );
}

function text(body: Body, member: string, pattern: RegExp): string {
  const value = body[member];
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw violation(value, lowerFirst(member), `Member must satisfy regular expression pattern: ${pattern.source}`);
}

function integer(body: Body, member: string, least: number, most: number): number {
  const value = body[member];
  const at = lowerFirst(member);
  if (typeof value !== 'number' || !Number.isInteger(value)) throw violation(value, at, 'Member must be an integer');
  if (value < least) throw violation(value, at, `Member must have value greater than or equal to ${least}`);
  if (value > most) throw violation(value, at, `Member must have value less than or equal to ${most}`);
  return value;
}

function strings(value: unknown, member: string, most: number): string[] {
  if (Array.isArray(value) && value.length <= most && value.every((item) => typeof item === 'string')) return value;
  throw violation(JSON.stringify(value), member, `Member must have length less than or equal to ${most}`);
}

function variables(value: unknown): Record<string, string> {
  const all = (value ?? {}) as Record<string, unknown>;
  const invalid = Object.entries(all).find(([key, item]) => !/^[a-zA-Z]\w+$/.test(key) || typeof item !== 'string');
  const reserved = Object.keys(all).filter((key) => RESERVED.test(key));
  if (reserved.length > 0) {
    throw invalidParameter(
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
        'contains reserved keys that are currently not supported for modification. ' +
        `Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  if (invalid !== undefined)
    throw violation(invalid[0], 'environment.variables', 'Map keys must satisfy [a-zA-Z]([a-zA-Z0-9_])+');
  const bytes = Object.entries(all).reduce((sum, [key, item]) => sum + Buffer.byteLength(`${key}${item}`), 0);
  if (bytes > ENVIRONMENT_BYTES) {
    throw invalidParameter(
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
        `exceeded the 4KB limit. Bytes measured: ${bytes}`,
    );
  }
  return all as Record<string, string>;
}

function logging(value: Body, before: Settings['LoggingConfig']): Settings['LoggingConfig'] {
  if (value.LogFormat != null && value.LogFormat !== 'Text')
    throw invalidParameter('Only the log format Text is supported');
  return value.LogGroup == null
    ? before
    : { LogFormat: 'Text', LogGroup: text(value, 'LogGroup', /^[.\-_/#A-Za-z0-9]{1,512}$/) };
}

function vpc(value: Body): NonNullable<Settings['VpcConfig']> {
  return {
    SubnetIds: strings(value.SubnetIds ?? [], 'vpcConfig.subnetIds', 16),
    SecurityGroupIds: strings(value.SecurityGroupIds ?? [], 'vpcConfig.securityGroupIds', 5),
  };
}

function lowerFirst(member: string): string {
  return member.charAt(0).toLowerCase() + member.slice(1);
}
