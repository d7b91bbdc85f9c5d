import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ProjectIdentity } from '../functions/settings.ts';
import { gitHead } from '../history/git.ts';
import { defaultVersion, headCommit } from '../history/version.ts';
import { relativePosix } from '../package/resolve.ts';
import type { Report } from '../report/types.ts';
import type { StateOwner } from '../state/documents.ts';
import { type StateKeys, stateKeys } from '../state/keys.ts';
import type { Cloud } from './cloud.ts';
import type { OpenProject } from './open-project.ts';
import type { Session } from './session.ts';

/** What is deployed, and whose it is. */
export interface Target {
  version: string;
  /** Full commit id, or `HEAD` when nothing knows it. */
  commit: string;
  identity: ProjectIdentity;
  owner: StateOwner;
  keys: StateKeys;
}

export async function openTarget(
  session: Session,
  { project, environment }: Pick<OpenProject, 'project' | 'environment'>,
  { region }: Pick<Cloud, 'region'>,
  report: Report,
): Promise<Target> {
  const { workflow, inputs, root, boundary } = session;
  const [head, repository] = await Promise.all([gitHead(root), workflow.repository ?? originRepository(root)]);
  const place = relativePosix(boundary, root) || '.';
  const version = inputs.version ?? defaultVersion({ ...workflow }, head);
  report.version = version;
  return {
    version,
    commit: headCommit({ ...workflow }) ?? head ?? 'HEAD',
    identity: { project: project.name, environment, repository: place === '.' ? repository : `${repository}/${place}` },
    owner: { repository, path: place, region },
    keys: stateKeys(project.name, environment),
  };
}

/** On the command line, so that a deployment by hand owns what the workflow deployed: `owner/name` of the remote `origin`. */
async function originRepository(root: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', ['remote', 'get-url', 'origin'], { cwd: root });
    const [, name] = /[:/]([^:/]+\/[^/]+?)(?:\.git)?\/?\s*$/.exec(stdout) ?? [];
    return name ?? 'local';
  } catch {
    return 'local'; // no git, no repository, or no such remote
  }
}
