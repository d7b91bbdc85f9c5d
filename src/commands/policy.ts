import { policyDocument } from '../functions/policy.ts';
import type { Report } from '../report/types.ts';
import { openProject } from './open-project.ts';
import type { Session } from './session.ts';

/** `policy`: what must exist in AWS for this project; needs no credentials. */
export async function policy(session: Session, report: Report): Promise<void> {
  const { project } = await openProject(session, report);
  const { env, inputs, workflow } = session;
  const role = inputs.executionRoleArn ?? project.executionRole;
  const document = policyDocument({
    project: role === undefined ? project : { ...project, executionRole: role },
    repository: workflow.repository,
    environments: inputs.environment === undefined ? undefined : [inputs.environment],
    region: inputs.region ?? project.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION,
    account: inputs.bucketOwner ?? role?.split(':')[4],
    bucket: inputs.bucket,
    format: inputs.format,
  });
  session.print(document);
}
