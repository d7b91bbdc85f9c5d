import semver from 'semver';
import { ActionError } from '../errors.ts';
import type { Marker } from '../state/types.ts';
import { parseVersion } from './tags.ts';

export interface SuccessionOptions {
  /** What is recorded of the environment. */
  marker: Marker | undefined;
  version: string;
  /** A full commit id; `HEAD` when nothing knows it. */
  commit: string;
  tagPrefix: string;
  allowDowngrade: boolean;
  /** Whether the first commit is an ancestor of the second; `undefined`: not known. */
  isAncestor(older: string, newer: string): Promise<boolean | undefined>;
}

/** Newer code that is deployed already. */
export interface Superseded {
  /** Its version. */
  by: string;
  /** One sentence for log and summary. */
  explanation: string;
}

/**
 * What has overtaken this deployment, when its commit is an ancestor of the recorded one; `undefined`: it may follow.
 * Throws `DOWNGRADE` for a lower version: that somebody has chosen, and must not take for done. To be asked under the lock.
 */
export async function supersededBy(options: SuccessionOptions): Promise<Superseded | undefined> {
  const { marker, version, commit, tagPrefix, allowDowngrade } = options;
  if (marker === undefined || allowDowngrade) return undefined;
  if (isLower(version, marker.version, tagPrefix)) throw downgrade(version, marker);
  if (commit === marker.commit || !(await options.isAncestor(commit, marker.commit))) return undefined;
  return {
    by: marker.version,
    explanation: `Newer code is deployed already: ${marker.version} of ${marker.deployedAt}, whose commit ${marker.commit} comes after ${commit}. Nothing is done; \`allow-downgrade: true\` deploys older code all the same.`,
  };
}

/** Only versions compare: nothing says which of two branches or commits is higher. */
function isLower(version: string, recorded: string, tagPrefix: string): boolean {
  // Workflows that read it from package.json give the version without the prefix.
  const [own, other] = [version, recorded].map((name) => parseVersion(name, tagPrefix) ?? parseVersion(name, ''));
  return own !== undefined && other !== undefined && semver.lt(own, other);
}

function downgrade(version: string, { environment, version: recorded, deployedAt }: Marker): ActionError {
  return new ActionError(
    'DOWNGRADE',
    `${version} is lower than ${recorded}, which was deployed to ${environment} on ${deployedAt}.`,
    {
      advice:
        'Deploy a higher version. When going back is what you want, set `allow-downgrade: true`: the tasks then run as in any update, so they must know how to go back.',
    },
  );
}
