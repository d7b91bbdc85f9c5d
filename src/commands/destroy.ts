import { ActionError } from '../errors.ts';
import { deleteArtifacts } from '../functions/artifacts.ts';
import { functionName } from '../functions/name.ts';
import { deleteFunctions } from '../functions/prune.ts';
import { loadProjectToRemove } from '../project/index.ts';
import { count } from '../report/format.ts';
import type { Report } from '../report/types.ts';
import type { EnvironmentState } from '../state/environment.ts';
import { loadAws } from './cloud.ts';
import { type Deployment, ownTasks, underLock, withCloud } from './deployment.ts';
import { recordedFunctions } from './functions.ts';
import { openProject } from './open-project.ts';
import { previewEnvironment, type Session } from './session.ts';

/** `destroy`: everything of one environment that is ours, in AWS and in the bucket. Doing it twice is fine. */
export async function destroy(session: Session, report: Report): Promise<void> {
  if (session.inputs.environment === undefined && previewEnvironment(session.workflow) === undefined) {
    throw new ActionError('ENVIRONMENT_REQUIRED', '`destroy` needs to be told which environment.', {
      advice: 'Set the input `environment`, or run it on a pull_request event, where it is `pr-<number>`.',
      location: { key: 'environment' },
    });
  }
  const [opened, aws] = await session.runner.group('Project', () =>
    Promise.all([openProject(session, report, loadProjectToRemove), loadAws()]),
  );
  await withCloud(session, report, [opened, aws], (deployment) =>
    underLock(deployment, async (state) => {
      await session.runner.group('Functions', () => deleteAll(deployment, state));
      await session.runner.group('State', () => deleteStored(deployment, state));
    }),
  );
}

/** Names from the inventory, the marker and the checkout together: each may know functions the others do not. */
async function deleteAll({ api, project, report, target }: Deployment, state: EnvironmentState): Promise<void> {
  const { identity } = target;
  const names = [
    ...recordedFunctions(state),
    ...ownTasks(project.tasks).map(({ name }) => functionName(identity.project, identity.environment, name)),
  ];
  const deleted = await deleteFunctions(api, names, identity, `environment ${identity.environment} is destroyed`);
  report.functions.push(...deleted);
  if (deleted.length === 0) api.log.info('No functions to delete.');
}

async function deleteStored({ cloud, report, session, target }: Deployment, state: EnvironmentState): Promise<void> {
  const { store } = cloud;
  if (store === undefined) return;
  const artifacts = await deleteArtifacts(store, target.keys);
  await state.remove();
  session.runner.info(`Marker, progress, history and lock of ${report.environment} are deleted.`);
  if (artifacts > 0) session.runner.info(`${count(artifacts, 'stored package')} deleted.`);
}
