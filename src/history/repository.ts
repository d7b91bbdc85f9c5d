import { ActionError } from '../errors.ts';
import type { Log } from '../runner/types.ts';
import { localRepository } from './git.ts';
import { type GitHubAccess, gitHubRepository } from './github.ts';

/** Where a tagged commit lies, seen from another one: an ancestor of it, the same, or neither. */
export type Relation = 'before' | 'same' | 'other';

/** The version history of the project, wherever it can be read. Every look-up that fails throws `HISTORY_FAILED`. */
export interface Repository {
  /** For sentences: `the local repository`, `the GitHub API`. */
  readonly name: string;
  /** Names of all tags that start with `prefix`. */
  tags(prefix: string): Promise<string[]>;
  /** `commit` is a full commit id or `HEAD`. */
  relation(tag: string, commit: string): Promise<Relation>;
}

export interface RepositoryOptions {
  /** The project, or any folder of its repository. */
  root: string;
  /** `undefined` outside Actions or without a token. */
  github: GitHubAccess | undefined;
  /** Prefix of the version tags. */
  tagPrefix: string;
  log: Log;
}

/**
 * The local repository when it is complete and has such tags; the GitHub API when the clone is shallow or came without
 * tags, which is what actions/checkout makes by default. `undefined`: there is no git repository at all.
 */
export async function openRepository(options: RepositoryOptions): Promise<Repository | undefined> {
  const { root, github, tagPrefix, log } = options;
  const local = await localRepository(root);
  if (local === 'no-repository') return undefined;
  const usable = local !== 'no-git' && !local.shallow;
  if (usable && (github === undefined || (await local.tags(tagPrefix)).length > 0)) return local;
  const reason =
    local === 'no-git' ? 'git is not installed' : `the clone ${local.shallow ? 'is shallow' : 'has no tags'}`;
  if (github === undefined) throw unknowable(reason);
  log.debug(`Version tags are read from the GitHub API: ${reason}.`);
  return await gitHubRepository(github, log);
}

function unknowable(reason: string): ActionError {
  return new ActionError('HISTORY_FAILED', `The version tags cannot be read: ${reason}.`, {
    advice:
      'Give the input `github-token`, check out with `fetch-depth: 0`, or say what was deployed before with `previous-version`.',
  });
}
