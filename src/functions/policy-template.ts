import type { Project } from '../project/types.ts';
import {
  deployerStatements,
  deployerTrust,
  EXECUTION_TRUST,
  executionStatements,
  ownSettings,
  policyOf,
} from './policy-statements.ts';

export interface TemplateOptions {
  project: Project;
  /** Of the bucket that is made; `undefined`: `lumo-tasks-<account>-<region>`; `none`: no bucket is used. */
  bucket: string | undefined;
  groups: readonly RoleGroup[];
}

/** One deployer role with its execution role. */
export interface RoleGroup {
  /** Of the resources, letters and digits only. */
  id: string;
  /** Environment or pattern: what the roles may touch. */
  environment: string;
  /** Subject of the OIDC tokens that may take the deployer role. */
  subject: string;
}

type Json = unknown;

/** `role-duration-seconds` may be raised up to this: long migrations outlive the default of one hour. */
const MAX_SESSION_SECONDS = 14_400;
const RUNS_KEPT_DAYS = 30;
const OLD_VERSIONS_KEPT_DAYS = 30;

/**
 * A CloudFormation template with everything the action needs in an account: bucket, OIDC provider (both only when there is
 * none yet), and per group an execution role and a deployer role, so that code of a pull request cannot take a role that
 * reads production's secrets.
 */
export function cloudformationTemplate(options: TemplateOptions): Json {
  const { project, groups, bucket } = options;
  const withBucket = bucket !== 'none';
  const roles = Object.assign({}, ...groups.map((group) => roleResources(options, group)));
  const outputs = Object.assign({}, ...groups.map(({ id }) => roleOutputs(project, id)));
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `What the deploy-time tasks of ${project.name} need: execution roles and GitHub deployer roles`,
    Parameters: {
      ...(withBucket && {
        ExistingBucket: {
          Type: 'String',
          Default: '',
          Description: 'Name of the bucket if there is one already, for example of another project; empty: make it',
        },
      }),
      ExistingOidcProvider: {
        Type: 'String',
        Default: '',
        Description: 'ARN of the provider token.actions.githubusercontent.com if the account has it; empty: make it',
      },
    },
    Conditions: {
      ...(withBucket && { MakeBucket: { 'Fn::Equals': [{ Ref: 'ExistingBucket' }, ''] } }),
      MakeOidcProvider: { 'Fn::Equals': [{ Ref: 'ExistingOidcProvider' }, ''] },
    },
    Resources: {
      ...(withBucket && { Bucket: bucketResource(bucket ?? `lumo-tasks-${ACCOUNT}-${REGION}`) }),
      OidcProvider: {
        Type: 'AWS::IAM::OIDCProvider',
        Condition: 'MakeOidcProvider',
        Properties: { Url: 'https://token.actions.githubusercontent.com', ClientIdList: ['sts.amazonaws.com'] },
      },
      ...roles,
    },
    Outputs: { ...(withBucket && { Bucket: { Description: 'Input bucket', Value: BUCKET_NAME } }), ...outputs },
  };
}

const REGION = variable('AWS::Region');
const ACCOUNT = variable('AWS::AccountId');
const BUCKET_VARIABLE = variable('BucketName');
const BUCKET_NAME = { 'Fn::If': ['MakeBucket', { Ref: 'Bucket' }, { Ref: 'ExistingBucket' }] };
const OIDC_PROVIDER = { 'Fn::If': ['MakeOidcProvider', { Ref: 'OidcProvider' }, { Ref: 'ExistingOidcProvider' }] };

function bucketResource(name: string): Json {
  return {
    Type: 'AWS::S3::Bucket',
    Condition: 'MakeBucket',
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      BucketName: substituted(name),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: {
        Rules: [
          {
            Id: 'runs',
            Status: 'Enabled',
            Prefix: 'lumo-tasks/runs/',
            ExpirationInDays: RUNS_KEPT_DAYS,
            // The status of a running attempt is written anew every second or so.
            NoncurrentVersionExpiration: { NoncurrentDays: 1 },
          },
          {
            Id: 'old-versions',
            Status: 'Enabled',
            Prefix: 'lumo-tasks/',
            NoncurrentVersionExpiration: { NoncurrentDays: OLD_VERSIONS_KEPT_DAYS },
          },
        ],
      },
    },
  };
}

function roleResources(
  { project, bucket }: TemplateOptions,
  { id, environment, subject }: RoleGroup,
): Record<string, Json> {
  const execution = `${id}ExecutionRole`;
  const own = ownSettings(project).flatMap((settings) => settings.role ?? []);
  const scope = {
    project,
    environment,
    partition: variable('AWS::Partition'),
    region: REGION,
    account: ACCOUNT,
    bucket: bucket === 'none' ? undefined : BUCKET_VARIABLE,
    executionRoles: [{ 'Fn::GetAtt': [execution, 'Arn'] }, ...own],
  };
  const deployer = role(deployerTrust(OIDC_PROVIDER, subject), deployerStatements(scope), MAX_SESSION_SECONDS);
  if (ownSettings(project).length === 0) return { [`${id}DeployerRole`]: deployer };
  return { [execution]: role(EXECUTION_TRUST, executionStatements(scope)), [`${id}DeployerRole`]: deployer };
}

function role(trust: Json, statements: Parameters<typeof policyOf>[0], maxSessionSeconds?: number): Json {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: trust,
      ...(maxSessionSeconds && { MaxSessionDuration: maxSessionSeconds }),
      Policies: [{ PolicyName: 'lumo-tasks', PolicyDocument: substituted(policyOf(statements)) }],
    },
  };
}

function roleOutputs(project: Project, id: string): Record<string, Json> {
  const arn = (description: string, name: string): Json => ({
    Description: description,
    Value: { 'Fn::GetAtt': [name, 'Arn'] },
  });
  const deployer = arn('role-to-assume of aws-actions/configure-aws-credentials', `${id}DeployerRole`);
  if (ownSettings(project).length === 0) return { [`${id}DeployerRoleArn`]: deployer };
  const execution = arn('Input execution-role-arn', `${id}ExecutionRole`);
  return { [`${id}DeployerRoleArn`]: deployer, [`${id}ExecutionRoleArn`]: execution };
}

/** What Fn::Sub replaces by the value of that name. */
function variable(name: string): string {
  return `$\{${name}}`;
}

/** Every text with variables in it, wrapped so that CloudFormation fills it in. */
function substituted(value: Json): Json {
  if (typeof value === 'string') {
    if (value.includes(BUCKET_VARIABLE)) return { 'Fn::Sub': [value, { BucketName: BUCKET_NAME }] };
    return /\$\{[^}]+\}/.test(value) ? { 'Fn::Sub': value } : value;
  }
  if (Array.isArray(value)) return value.map(substituted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, substituted(each)]));
}
