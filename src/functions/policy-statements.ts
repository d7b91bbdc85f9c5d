import type { Project, TaskSettings } from '../project/types.ts';
import { keySegment } from '../state/keys.ts';
import { parseFunctionReference } from './existing.ts';
import { functionNamePattern } from './name.ts';

export interface Statement {
  Sid: string;
  Effect: 'Allow';
  Action: readonly string[];
  Resource: readonly unknown[];
  Condition?: Record<string, Record<string, string>>;
}

/** What the statements are about. Texts may hold variables of CloudFormation's Fn::Sub. */
export interface PolicyScope {
  project: Project;
  /** Name of the environment, or a pattern such as `pr-*`. */
  environment: string;
  partition: string;
  region: string;
  account: string;
  /** `undefined`: no bucket is used. */
  bucket: string | undefined;
  /** ARNs, or CloudFormation's expressions for them. */
  executionRoles: readonly unknown[];
}

const FUNCTION_ACTIONS = [
  'lambda:CreateFunction',
  'lambda:DeleteFunction',
  'lambda:GetFunction',
  'lambda:InvokeFunction',
  'lambda:ListTags',
  'lambda:ListVersionsByFunction',
  'lambda:PublishVersion',
  'lambda:TagResource',
  'lambda:UpdateFunctionCode',
  'lambda:UpdateFunctionConfiguration',
];

/** The least that the role of the workflow needs: exactly the calls this action makes. */
export function deployerStatements(scope: PolicyScope): Statement[] {
  const { project, environment, bucket, executionRoles, region } = scope;
  const settings = ownSettings(project);
  const existing = project.tasks.flatMap(({ settings: { function: reference } }) =>
    reference === undefined ? [] : invokeResources(scope, reference),
  );
  const functions = settings.length > 0 ? [functionArn(scope, functionNamePattern(project.name, environment))] : [];
  const layers = settings.flatMap((task) => task.layers);
  const ofProject = keySegment(project.name);
  const path = `${ofProject}/${statePattern(environment)}`;
  const objects = (...keys: string[]): string[] =>
    bucket === undefined ? [] : keys.map((key) => objectArn(scope, bucket, key));
  return present([
    allow('Functions', FUNCTION_ACTIONS, functions),
    allow('ExistingFunctions', ['lambda:InvokeFunction'], existing),
    allow('PassExecutionRole', ['iam:PassRole'], settings.length > 0 ? executionRoles : [], {
      StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' },
    }),
    allow('Layers', ['lambda:GetLayerVersion'], layers),
    allow(
      'Vpc',
      ['ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ec2:DescribeVpcs'],
      settings.some((task) => task.vpc) ? ['*'] : [],
    ),
    allow('EnvironmentKeys', ['kms:CreateGrant', 'kms:Decrypt', 'kms:Encrypt'], kmsKeys(project), {
      StringEquals: { 'kms:ViaService': `lambda.${region}.amazonaws.com` },
    }),
    // Also what a running attempt may do below runs/: its URLs are signed by the deployer, its own role needs nothing.
    allow(
      'State',
      ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'],
      objects(`state/${path}/*`, `runs/${path}/*`, 'artifacts/*'),
    ),
    // `destroy` keeps the stored packages that another environment of the project uses.
    allow(
      'UsedPackages',
      ['s3:GetObject'],
      objects(...['marker', 'progress'].map((name) => `state/${ofProject}/*/${name}.json`)),
    ),
    // IfExists: reading an object that is not there has no prefix, and is "not found" only for who may list.
    allow('StateList', ['s3:ListBucket'], bucket === undefined ? [] : [`arn:${scope.partition}:s3:::${bucket}`], {
      StringLikeIfExists: { 's3:prefix': 'lumo-tasks/*' },
    }),
  ]);
}

/** The least that the tasks themselves need; what they do in their own code comes on top. */
export function executionStatements(scope: PolicyScope): Statement[] {
  const { project, environment, partition, region, account } = scope;
  const settings = ownSettings(project);
  const own = settings.flatMap((task) => (task.logGroup === undefined ? [] : [task.logGroup]));
  const groups = [`/aws/lambda/${functionNamePattern(project.name, environment)}`, ...own];
  return present([
    allow(
      'Logs',
      ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      groups.map((group) => `arn:${partition}:logs:${region}:${account}:log-group:${group}:*`),
    ),
    allow(
      'Vpc',
      [
        'ec2:AssignPrivateIpAddresses',
        'ec2:CreateNetworkInterface',
        'ec2:DeleteNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:UnassignPrivateIpAddresses',
      ],
      settings.some((task) => task.vpc) ? ['*'] : [],
    ),
    allow(
      'Secrets',
      ['ssm:GetParameter'],
      [`arn:${partition}:ssm:${region}:${account}:parameter/${project.name}/${environment}/*`],
    ),
    allow('SecretKeys', ['kms:Decrypt'], [`arn:${partition}:kms:${region}:${account}:key/*`], {
      StringEquals: { 'kms:ViaService': `ssm.${region}.amazonaws.com` },
    }),
    allow('EnvironmentKeys', ['kms:Decrypt'], kmsKeys(project)),
    allow(
      'Events',
      ['events:PutEvents'],
      project.eventBusName === undefined
        ? []
        : [`arn:${partition}:events:${region}:${account}:event-bus/${project.eventBusName}`],
    ),
  ]);
}

/** Of the tasks that become functions; one with `function` is invoked only, and its role is its owner's affair. */
export function ownSettings(project: Project): TaskSettings[] {
  return project.tasks.map((task) => task.settings).filter((settings) => settings.function === undefined);
}

/** Who may become an execution role. */
export const EXECUTION_TRUST = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};

/** Who may become a deployer role: jobs of one repository, by the subject of their OIDC token. */
export function deployerTrust(provider: unknown, subject: string) {
  const issuer = 'token.actions.githubusercontent.com';
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: provider },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { [`${issuer}:aud`]: 'sts.amazonaws.com', [`${issuer}:sub`]: subject } },
      },
    ],
  };
}

export function policyOf(statements: readonly Statement[]) {
  return { Version: '2012-10-17', Statement: statements };
}

function allow(
  Sid: string,
  Action: readonly string[],
  resources: readonly unknown[],
  Condition?: Statement['Condition'],
): Statement {
  return { Sid, Effect: 'Allow', Action, Resource: [...new Set(resources)], ...(Condition && { Condition }) };
}

/** Statements about nothing are left out. */
function present(statements: Statement[]): Statement[] {
  return statements.filter((statement) => statement.Resource.length > 0);
}

function functionArn({ partition, region, account }: PolicyScope, name: string): string {
  return `arn:${partition}:lambda:${region}:${account}:function:${name}`;
}

/** The function itself, and its versions and aliases. */
function invokeResources(scope: PolicyScope, reference: string): string[] {
  const { functionName = reference } = parseFunctionReference(reference) ?? {};
  const arn = functionName.startsWith('arn:') ? functionName : functionArn(scope, functionName.replace(/^.*:/, ''));
  return [arn, `${arn}:*`];
}

function objectArn({ partition }: PolicyScope, bucket: string, key: string): string {
  return `arn:${partition}:s3:::${bucket}/lumo-tasks/${key}`;
}

function kmsKeys(project: Project): string[] {
  return ownSettings(project).flatMap((settings) => settings.kmsKeyArn ?? []);
}

/** Keys hold names as `keySegment` writes them; a pattern stays a pattern. */
function statePattern(environment: string): string {
  return environment.split('*').map(keySegment).join('*');
}
