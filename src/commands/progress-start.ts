import type { History } from '../history/types.ts';
import type { DeploymentStart } from '../state/progress.ts';
import type { Deployment } from './deployment.ts';

/** What the progress of this deployment starts from. */
export function deploymentStart({ session, target }: Deployment, history: History): DeploymentStart {
  return {
    ...target.owner,
    project: target.identity.project,
    environment: target.identity.environment,
    run: session.workflow.run,
    version: target.version,
    phase: history.phase,
    previousVersion: history.previousVersion,
    source: history.source,
  };
}
