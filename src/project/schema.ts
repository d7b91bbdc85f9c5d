import { type BehaviourEntry, behaviourChecks, flag } from './behaviour-checks.ts';
import {
  below,
  type Check,
  describeType,
  integer,
  isObject,
  jsonObject,
  listOf,
  mapOf,
  object,
  oneOf,
  report,
  text,
} from './check.ts';
import type { Phase, TaskSettings, VpcSettings } from './types.ts';

/** What the configuration says about one task, or about all of them: no defaults filled in. */
export interface TaskEntry
  extends Omit<TaskSettings, 'copyAssets' | 'vpc' | 'role' | 'kmsKeyArn' | 'logGroup' | 'function'>,
    BehaviourEntry {
  copyAssets: { from?: string; to?: string }[];
  /** `false`: none, against `taskDefaults`. */
  vpc: VpcSettings | false;
  role: string;
  kmsKeyArn: string;
  logGroup: string;
  function: string;
}

/** The configuration as far as this action reads it; the optional parts are those that are written there. */
export interface ConfigShape {
  projectName: string;
  provider: 'aws' | 'local';
  environment: string;
  region: string;
  domainName: string;
  networking: { natGateways?: number };
  build: { exclude?: string[] };
  secrets: Map<string, { value?: unknown; description?: string }>;
  events: { eventBus?: string; subscribers?: Map<string, { events?: string[] }> };
  roles: { tasks?: string };
  tasks: Map<string, Partial<TaskEntry>>;
  taskDefaults: Partial<TaskEntry>;
  strictHooks: boolean;
  aliasSdk: boolean;
}

const anyText: Check<string> = (value, spot) =>
  typeof value === 'string' ? value : report(spot, `is ${describeType(value)}; a string is expected`);

const arn = (service: string) => new RegExp(`^arn:aws[a-z-]*:${service}:`);
const roleArn = text('the ARN of a role ("arn:aws:iam::…:role/…")', /^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/);
const phases: Check<Phase[]> = listOf(oneOf('deploy', 'update'), 'an array of "deploy" and "update"');
const strings = (what: string, pattern?: RegExp, most?: number) =>
  listOf(text(what, pattern), 'an array of strings', most);

const copyAsset = object<{ from: string; to: string }>(
  { from: text('a path'), to: text('a path') },
  { what: 'an object with "from" and "to"', required: ['from'], unknownKey: 'is not a setting of a copied asset' },
);

const vpcSettings = object<VpcSettings>(
  {
    subnetIds: strings('the id of a subnet ("subnet-…")', /^subnet-\w+$/, 16),
    securityGroupIds: strings('the id of a security group ("sg-…")', /^sg-\w+$/, 5),
  },
  {
    what: 'false or an object with "subnetIds" and "securityGroupIds"',
    required: ['subnetIds', 'securityGroupIds'],
    unknownKey: 'is not a setting of a VPC',
  },
);

const vpc: Check<VpcSettings | false> = (value, spot) => {
  if (value === false) return false;
  const { subnetIds, securityGroupIds } = vpcSettings(value, spot) ?? {};
  if (!subnetIds || !securityGroupIds) return undefined;
  if (subnetIds.length > 0 && securityGroupIds.length > 0) return { subnetIds, securityGroupIds };
  return report(spot, 'needs at least one subnet and one security group; "vpc: false" means none');
};

/** Values may be secrets, so they are never printed. */
const env: Check<Record<string, string>> = (value, spot) => {
  const variables = mapOf(anyText, 'an object of strings')(value, spot);
  return variables && Object.fromEntries(variables);
};

/** Lambda's limits on tags, less those the action sets itself. */
const tags: Check<Record<string, string>> = (value, spot) => {
  const checked = mapOf(anyText, 'an object of strings')(value, spot);
  for (const [key, content] of checked ?? []) {
    const at = below(spot, key);
    if (/^(aws|lumo):/i.test(key)) report(at, 'has a reserved name; those with aws: and lumo: are');
    if (key === '' || key.length > 128) report(at, 'has a name that is not 1 to 128 characters long');
    if (content.length > 256) report(at, `has ${content.length} characters; at most 256 are possible`);
  }
  if (checked && checked.size > 40) report(spot, `has ${checked.size} entries; at most 40 are possible`);
  return checked && Object.fromEntries(checked);
};

const defaults = {
  timeout: integer(1, 900, 'seconds'),
  runOn: phases,
  copyAssets: listOf(copyAsset, 'an array of objects with "from" and "to"'),
  needs: strings('the name of a task'),
  memory: integer(128, 10_240, 'MB'),
  env,
  nodeModules: strings('the name of a package', /^(@[\w.~-]+\/)?[\w~-][\w.~-]*$/),
  external: strings('the name of a package or a pattern'),
  vpc,
  layers: strings('the ARN of a layer version', arn('lambda'), 5),
  architecture: oneOf('x86_64', 'arm64'),
  ephemeralStorage: integer(512, 10_240, 'MB'),
  role: roleArn,
  runtime: text('a Node.js runtime of Lambda ("nodejs24.x")', /^nodejs\d+\.x$/),
  tags,
  kmsKeyArn: text('the ARN of a key', arn('kms')),
  logGroup: text('the name of a log group', /^[\w./#-]{1,512}$/),
  payload: jsonObject,
  ...behaviourChecks(true),
};

const taskDefaults = oneSize(
  object<Omit<TaskEntry, 'function'>>(defaults, {
    what: 'an object with the settings of all tasks',
    unknownKey: 'is not a setting of a task',
  }),
);

const task = oneSize(
  object<TaskEntry>(
    { ...defaults, function: text('the name or ARN of a Lambda function', /^[\w:$-]{1,200}$/) },
    { what: 'an object with the settings of the task', unknownKey: 'is not a setting of a task' },
  ),
);

/** Memory is said once: as a machine or in MB. */
function oneSize<T extends Partial<TaskEntry>>(check: Check<T>): Check<T> {
  return (value, spot) => {
    const entry = check(value, spot);
    if (entry?.machine === undefined || entry.memory === undefined) return entry;
    report(below(spot, 'memory'), 'stands beside "machine", which decides the memory too; write one of the two');
    return entry;
  };
}

const natGateways: Check<number> = (value, spot) =>
  typeof value === 'number' && value >= 0 && value <= 3
    ? value
    : report(spot, `is ${typeof value === 'number' ? value : describeType(value)}; a number from 0 to 3 is expected`);

const secret = object<{ value: unknown; description: string }>(
  {
    value: (value, spot) =>
      typeof value === 'string' || typeof value === 'function'
        ? value
        : report(spot, `is ${describeType(value)}; a string or a function that answers one is expected`),
    description: anyText,
  },
  { what: 'an object with a "value"', required: ['value'] },
);

const config = object<ConfigShape>(
  {
    projectName: text('a name of at most 128 characters', /^.{1,128}$/u),
    provider: oneOf('aws', 'local'),
    environment: text('a name of at most 64 letters, digits, dots, underscores and hyphens', /^[\w.-]{1,64}$/),
    region: text('a region ("eu-central-1")', /^[a-z0-9-]+$/),
    domainName: anyText,
    networking: object<{ natGateways: number }>({ natGateways }, { what: 'an object with "natGateways"' }),
    build: object<{ exclude: string[] }>(
      { exclude: strings('the name of a package or a pattern') },
      { what: 'an object with "exclude"' },
    ),
    secrets: mapOf(secret, 'an object of secrets'),
    events: object<{ eventBus: string; subscribers: Map<string, { events?: string[] }> }>(
      {
        eventBus: text('the name of an event bus'),
        subscribers: mapOf(
          object<{ events: string[] }>(
            { events: listOf(anyText, 'an array of strings') },
            { what: 'an object with "events"', required: ['events'] },
          ),
          'an object of subscribers',
        ),
      },
      { what: 'an object with "subscribers"' },
    ),
    roles: object<{ tasks: string }>({ tasks: roleArn }, { what: 'an object with the role of "tasks"' }),
    tasks: mapOf(task, 'an object of tasks'),
    taskDefaults,
    strictHooks: flag,
    aliasSdk: flag,
  },
  { what: 'an object', required: ['projectName'] },
);

/** Checks everything at once. What is wrong is in the findings and left out of the answer. */
export const checkConfig: Check<Partial<ConfigShape>> = (value, spot) => {
  if (isObject(value)) return config(value, spot);
  const message =
    value === undefined ? 'The configuration has no default export' : `The default export is ${describeType(value)}`;
  spot.findings.push({ code: 'CONFIG_INVALID', path: [], message: `${message}; an object is expected` });
  return undefined;
};
