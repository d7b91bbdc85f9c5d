import { describe, expect, test } from 'vitest';
import { functionName } from '../../src/functions/name.ts';
import { type PolicyOptions, policyDocument } from '../../src/functions/policy.ts';
import { project, task } from './helpers.ts';

const OPTIONS: PolicyOptions = {
  project: project([task('seed')]),
  repository: 'o/r',
  region: 'eu-west-1',
  account: '123456789012',
  bucket: undefined,
  format: 'json',
};

interface Statement {
  Sid: string;
  Action: string[];
  Resource: unknown[];
  Condition?: object;
}

const parse = (options: Partial<PolicyOptions> = {}) => JSON.parse(policyDocument({ ...OPTIONS, ...options }));
const sids = (policy: { Statement: Statement[] }): string[] => policy.Statement.map((statement) => statement.Sid);
const statement = (policy: { Statement: Statement[] }, sid: string): Statement | undefined =>
  policy.Statement.find((each) => each.Sid === sid);

describe('json', () => {
  test('previews and the protected environment are kept apart', () => {
    const { PullRequests, Production } = parse();
    expect(PullRequests.deployer.trust.Statement[0].Condition.StringEquals).toEqual({
      'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
      'token.actions.githubusercontent.com:sub': 'repo:o/r:pull_request',
    });
    expect(JSON.stringify(PullRequests)).not.toContain('production');
    expect(Production.deployer.trust.Statement[0].Condition.StringEquals).toMatchObject({
      'token.actions.githubusercontent.com:sub': 'repo:o/r:environment:production',
    });
    expect(statement(PullRequests.execution.policy, 'Secrets')?.Resource).toEqual([
      'arn:aws:ssm:eu-west-1:123456789012:parameter/shop/pr-*/*',
    ]);
  });

  test('a plain project gets nothing it does not need', () => {
    const { Production } = parse();
    expect(sids(Production.deployer.policy)).toEqual([
      'Functions',
      'PassExecutionRole',
      'State',
      'UsedPackages',
      'StateList',
    ]);
    expect(sids(Production.execution.policy)).toEqual(['Logs', 'Secrets', 'SecretKeys']);
    expect(statement(Production.deployer.policy, 'Functions')?.Resource).toEqual([
      'arn:aws:lambda:eu-west-1:123456789012:function:shop--production--*',
    ]);
    expect(functionName('shop', 'production', 'seed')).toMatch(/^shop--production--/);
    expect(statement(Production.deployer.policy, 'State')?.Resource).toEqual([
      'arn:aws:s3:::lumo-tasks-123456789012-eu-west-1/lumo-tasks/state/shop/production/*',
      'arn:aws:s3:::lumo-tasks-123456789012-eu-west-1/lumo-tasks/runs/shop/production/*',
      'arn:aws:s3:::lumo-tasks-123456789012-eu-west-1/lumo-tasks/artifacts/*',
    ]);
  });

  test('each setting brings its statement, and only then', () => {
    const settings = {
      vpc: { subnetIds: ['subnet-1'], securityGroupIds: ['sg-1'] },
      layers: ['arn:aws:lambda:eu-west-1:1:layer:l:1'],
      kmsKeyArn: 'arn:aws:kms:eu-west-1:1:key/k',
      role: 'arn:aws:iam::123456789012:role/own',
      logGroup: '/tasks',
    };
    const tasks = [task('seed', settings), task('migrate', { function: 'old-migrate:live' })];
    const { Production } = parse({
      project: project(tasks, { executionRole: 'arn:aws:iam::123456789012:role/tasks', eventBusName: 'bus' }),
    });
    const { policy } = Production.deployer;
    expect(sids(policy)).toEqual([
      'Functions',
      'ExistingFunctions',
      'PassExecutionRole',
      'Layers',
      'Vpc',
      'EnvironmentKeys',
      'State',
      'UsedPackages',
      'StateList',
    ]);
    expect(statement(policy, 'ExistingFunctions')).toMatchObject({
      Action: ['lambda:InvokeFunction'],
      Resource: [
        'arn:aws:lambda:eu-west-1:123456789012:function:old-migrate',
        'arn:aws:lambda:eu-west-1:123456789012:function:old-migrate:*',
      ],
    });
    expect(statement(policy, 'PassExecutionRole')?.Resource).toEqual([
      'arn:aws:iam::123456789012:role/tasks',
      'arn:aws:iam::123456789012:role/own',
    ]);
    expect(sids(Production.execution.policy)).toEqual([
      'Logs',
      'Vpc',
      'Secrets',
      'SecretKeys',
      'EnvironmentKeys',
      'Events',
    ]);
  });

  test('a project of existing Lambdas, without bucket, may invoke them and nothing else', () => {
    const only = {
      project: project([task('migrate', { function: 'old-migrate', layers: ['arn:l'] })]),
      bucket: 'none',
    };
    const { Production } = parse(only);
    expect(sids(Production.deployer.policy)).toEqual(['ExistingFunctions']);
    expect(Production).not.toHaveProperty('execution');
    const { Resources, Outputs } = parse({ ...only, format: 'cloudformation' });
    expect(Object.keys({ ...Resources, ...Outputs }).filter((name) => name.includes('ExecutionRole'))).toEqual([]);
  });

  test('without a bucket nothing of S3 is asked for', () => {
    expect(policyDocument({ ...OPTIONS, bucket: 'none' })).not.toContain('s3:');
    expect(policyDocument({ ...OPTIONS, bucket: 'none', format: 'cloudformation' })).not.toMatch(/s3:|bucket/i);
  });

  test('what is not known is a placeholder', () => {
    const text = policyDocument({ ...OPTIONS, repository: undefined, region: undefined, account: undefined });
    expect(text).toContain('arn:aws:lambda:REGION:ACCOUNT:function:shop--pr-*');
    expect(text).toContain('repo:OWNER/REPOSITORY:pull_request');
    expect(policyDocument({ ...OPTIONS, region: 'cn-north-1' })).toContain('arn:aws-cn:lambda:cn-north-1');
  });
});

describe('cloudformation', () => {
  const template = parse({ format: 'cloudformation', environments: ['production', 'eu.2'] });

  /** Every object with exactly this one key, anywhere in the template. */
  function expressions(key: string, node: unknown = template): unknown[] {
    if (Array.isArray(node)) return node.flatMap((each) => expressions(key, each));
    if (node === null || typeof node !== 'object') return [];
    const own = Object.keys(node).length === 1 && key in node ? [(node as Record<string, unknown>)[key]] : [];
    return [...own, ...Object.values(node).flatMap((each) => expressions(key, each))];
  }

  test('has a bucket, the provider and two roles for each group', () => {
    expect(Object.keys(template.Resources)).toEqual([
      'Bucket',
      'OidcProvider',
      'PullRequestsExecutionRole',
      'PullRequestsDeployerRole',
      'ProductionExecutionRole',
      'ProductionDeployerRole',
      'Eux2e2ExecutionRole',
      'Eux2e2DeployerRole',
    ]);
    expect(Object.keys(template.Resources).join('')).toMatch(/^[A-Za-z0-9]+$/);
    expect(template.Resources.Bucket.Properties.LifecycleConfiguration.Rules).toMatchObject([
      {
        Prefix: 'lumo-tasks/runs/',
        ExpirationInDays: 30,
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      },
      { NoncurrentVersionExpiration: { NoncurrentDays: 30 } },
    ]);
  });

  test('every reference has its target', () => {
    const names = [...Object.keys(template.Parameters), ...Object.keys(template.Resources)];
    const targets = [...expressions('Ref'), ...expressions('Fn::GetAtt').map((value) => (value as string[])[0])];
    expect(targets.length).toBeGreaterThan(10);
    for (const target of targets) expect(names).toContain(target);
    for (const [condition] of expressions('Fn::If') as [string][])
      expect(template.Conditions).toHaveProperty(condition);
    for (const { Condition } of Object.values(template.Resources) as { Condition?: string }[]) {
      if (Condition) expect(template.Conditions).toHaveProperty(Condition);
    }
  });

  test('every variable is known to CloudFormation and stands in Fn::Sub', () => {
    const substitutions = expressions('Fn::Sub').map((value) => (Array.isArray(value) ? value : [value, {}]));
    const inside = substitutions.flatMap(([text, own]) =>
      [...text.matchAll(/\$\{([^}]+)\}/g)].map(
        ([, name]) => (name ?? '') in own || /^AWS::(Region|AccountId|Partition)$/.test(name ?? ''),
      ),
    );
    expect(inside.length).toBe(JSON.stringify(template).split('${').length - 1);
    expect(inside.every(Boolean)).toBe(true);
  });

  test('a deployer role can pass its own execution role only', () => {
    const pass = (id: string) =>
      statement(template.Resources[`${id}DeployerRole`].Properties.Policies[0].PolicyDocument, 'PassExecutionRole');
    expect(pass('PullRequests')?.Resource).toEqual([{ 'Fn::GetAtt': ['PullRequestsExecutionRole', 'Arn'] }]);
    expect(pass('Production')?.Resource).toEqual([{ 'Fn::GetAtt': ['ProductionExecutionRole', 'Arn'] }]);
  });

  test('fits what CloudFormation and IAM take', () => {
    expect(JSON.stringify(template).length).toBeLessThan(51_200);
    for (const policies of expressions('Version')) expect(policies).toBe('2012-10-17');
    for (const id of ['PullRequests', 'Production']) {
      const { Policies } = template.Resources[`${id}DeployerRole`].Properties;
      expect(JSON.stringify(Policies).length).toBeLessThan(10_240);
    }
  });
});
