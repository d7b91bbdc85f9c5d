import { partitionOf } from '../aws/arn.ts';
import type { Project } from '../project/types.ts';
import {
  deployerStatements,
  deployerTrust,
  EXECUTION_TRUST,
  executionStatements,
  ownSettings,
  policyOf,
} from './policy-statements.ts';
import { cloudformationTemplate, type RoleGroup } from './policy-template.ts';

export interface PolicyOptions {
  project: Project;
  /** `owner/name`; `undefined`: a placeholder. */
  repository: string | undefined;
  /** GitHub environments that deploy to the environment of the same name; `undefined`: the configuration's, or production. */
  environments?: readonly string[] | undefined;
  region: string | undefined;
  account: string | undefined;
  /** `none`: no bucket is used; `undefined`: `lumo-tasks-<account>-<region>`. */
  bucket: string | undefined;
  format: 'json' | 'cloudformation';
}

/**
 * What must exist in AWS for a project, as text: the least policies, or a template that makes the roles with them. What is
 * not known is a placeholder in capitals (`ACCOUNT`), in a template CloudFormation's own.
 */
export function policyDocument(options: PolicyOptions): string {
  const document = options.format === 'cloudformation' ? template(options) : policies(options);
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

const PLACEHOLDER = { repository: 'OWNER/REPOSITORY', region: 'REGION', account: 'ACCOUNT' };

function template({ project, repository, environments, bucket }: PolicyOptions): unknown {
  return cloudformationTemplate({ project, bucket, groups: roleGroups(project, repository, environments) });
}

function policies({ project, repository, environments, ...options }: PolicyOptions): unknown {
  const region = options.region ?? PLACEHOLDER.region;
  const account = options.account ?? PLACEHOLDER.account;
  const partition = partitionOf(region);
  const bucket = options.bucket ?? `lumo-tasks-${account}-${region}`;
  const projectRole = project.executionRole ?? `arn:${partition}:iam::${account}:role/EXECUTION_ROLE`;
  const executionRoles = [projectRole, ...ownSettings(project).flatMap((settings) => settings.role ?? [])];
  const provider = `arn:${partition}:iam::${account}:oidc-provider/token.actions.githubusercontent.com`;
  const groups = roleGroups(project, repository, environments).map(({ id, environment, subject }) => {
    const scope = {
      project,
      environment,
      partition,
      region,
      account,
      bucket: bucket === 'none' ? undefined : bucket,
      executionRoles,
    };
    const deployer = { trust: deployerTrust(provider, subject), policy: policyOf(deployerStatements(scope)) };
    if (ownSettings(project).length === 0) return [id, { environment, deployer }];
    const execution = { trust: EXECUTION_TRUST, policy: policyOf(executionStatements(scope)) };
    return [id, { environment, deployer, execution }];
  });
  return Object.fromEntries(groups);
}

/** Pull requests may touch previews only; a protected environment only jobs that GitHub lets into it. */
function roleGroups(
  project: Project,
  repository = PLACEHOLDER.repository,
  environments: readonly string[] = [project.environment ?? 'production'],
): RoleGroup[] {
  return [
    { id: 'PullRequests', environment: 'pr-*', subject: `repo:${repository}:pull_request` },
    ...[...new Set(environments)].map((environment) => ({
      id: resourceId(environment),
      environment,
      subject: `repo:${repository}:environment:${environment}`,
    })),
  ];
}

/** `production` becomes `Production`: CloudFormation takes letters and digits only, so others are written as their code. */
function resourceId(environment: string): string {
  const id = environment.replace(/[^A-Za-z0-9]/g, (character) => `x${character.charCodeAt(0).toString(16)}`);
  return id.charAt(0).toUpperCase() + id.slice(1);
}
