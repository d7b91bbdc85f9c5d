import semver from 'semver';
import type { Repository } from './repository.ts';

/** A tag whose name is `<prefix><semantic version>`. */
export interface VersionTag {
  name: string;
  version: semver.SemVer;
}

/** The semantic version that follows `prefix`, or undefined for a name that is none. */
export function parseVersion(name: string, prefix: string): semver.SemVer | undefined {
  // `semver` would take `v1.2.3` for a version too.
  if (!name.startsWith(prefix) || !/^\d/.test(name.slice(prefix.length))) return undefined;
  return semver.parse(name.slice(prefix.length)) ?? undefined;
}

/** The tags that are versions, highest first; pre-releases only where they count. */
export function versionTags(names: readonly string[], prefix: string, prereleases: boolean): VersionTag[] {
  return names
    .flatMap((name) => {
      const version = parseVersion(name, prefix);
      return version && (prereleases || version.prerelease.length === 0) ? [{ name, version }] : [];
    })
    .sort((one, other) => semver.rcompare(one.version, other.version));
}

export interface PreviousTag {
  /** Name of the tag of the version before this one. */
  previous: string | undefined;
  /** There are further version tags, but they say nothing about what was before. */
  others: boolean;
}

export interface Deployed {
  tagPrefix: string;
  version: string;
  /** A full commit id, or `HEAD`. */
  commit: string;
}

/**
 * The highest version lower than the deployed one when that is a tag itself, else the highest one whose commit is an
 * ancestor of the deployed commit. Pre-releases count only when a pre-release is deployed.
 */
export async function findPreviousTag(repository: Repository, deployed: Deployed): Promise<PreviousTag> {
  const { tagPrefix, version } = deployed;
  const names = await repository.tags(tagPrefix);
  // Workflows that read it from package.json give the version without the prefix.
  const own = parseVersion(version, tagPrefix) ?? parseVersion(version, '');
  const tags = versionTags(names, tagPrefix, (own?.prerelease.length ?? 0) > 0);
  const ownTag = [version, `${tagPrefix}${version}`].find((name) => names.includes(name));
  if (own && ownTag !== undefined) {
    const previous = tags.find((tag) => semver.lt(tag.version, own))?.name;
    return { previous, others: tags.some(({ name }) => name !== ownTag) };
  }
  return await highestBefore(repository, tags, deployed.commit);
}

async function highestBefore(
  repository: Repository,
  tags: readonly VersionTag[],
  commit: string,
): Promise<PreviousTag> {
  let others = false;
  for (const { name } of tags) {
    const relation = await repository.relation(name, commit);
    if (relation === 'before') return { previous: name, others: true };
    others ||= relation === 'other';
  }
  return { previous: undefined, others };
}
