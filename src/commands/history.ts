import { isAncestor } from '../history/ancestry.ts';
import { openRepository } from '../history/repository.ts';
import { resolveHistory } from '../history/resolve.ts';
import { supersededBy } from '../history/succession.ts';
import type { History } from '../history/types.ts';
import type { Report } from '../report/types.ts';
import type { Marker, Progress, RunIdentity } from '../state/types.ts';
import type { Cloud } from './cloud.ts';
import type { Deployment } from './deployment.ts';
import type { Session } from './session.ts';
import type { Target } from './target.ts';

/** First deployment or update, and what came before; puts the answer into the report. `run` is whose progress counts. */
export async function workOutHistory(
  session: Session,
  { provider, store }: Cloud,
  { version, commit, identity }: Target,
  { marker, progress }: { marker: Marker | undefined; progress: Progress | undefined },
  report: Report,
  run: RunIdentity = session.workflow.run,
): Promise<History> {
  const { inputs, runner: log } = session;
  const history = await resolveHistory({
    ...inputs,
    version,
    commit,
    environment: identity.environment,
    provider,
    bucketless: store === undefined,
    run,
    marker,
    progress,
    openRepository: () =>
      openRepository({ root: session.root, github: gitHubAccess(session), tagPrefix: inputs.tagPrefix, log }),
    log,
  });
  report.history = history;
  const before = history.previousVersion === undefined ? '' : `, previous version ${history.previousVersion}`;
  log.info(`Version ${version}, phase ${history.phase}${before}: ${history.explanation}`);
  return history;
}

/**
 * True when newer code is deployed already, so that nothing is to be done: the report says why. Throws `DOWNGRADE`. What
 * cannot be told counts as newer.
 */
export async function isSuperseded(
  { report, session, target }: Deployment,
  marker: Marker | undefined,
): Promise<boolean> {
  const { inputs, runner: log } = session;
  const github = gitHubAccess(session);
  report.superseded = await supersededBy({
    ...inputs,
    ...target,
    marker,
    isAncestor: (older, newer) => isAncestor(older, newer, { root: session.root, github, log }),
  });
  if (report.superseded === undefined) return false;
  report.notices.push(report.superseded.explanation);
  return true;
}

function gitHubAccess({ inputs, workflow }: Session) {
  if (!inputs.githubToken || !workflow.repository) return undefined;
  return {
    token: inputs.githubToken,
    repository: workflow.repository,
    apiUrl: workflow.apiUrl ?? 'https://api.github.com',
  };
}
