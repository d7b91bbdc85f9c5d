import { ActionError } from '../errors.ts';
import type { Log } from '../runner/types.ts';
import { localAncestry } from './git.ts';
import { type GitHubAccess, gitHubRepository } from './github.ts';
import { isCommit } from './version.ts';

export interface AncestryOptions {
  /** The project, or any folder of its repository. */
  root: string;
  /** `undefined` outside Actions or without a token. */
  github: GitHubAccess | undefined;
  log: Log;
}

/**
 * Whether the commit `older` is an ancestor of `newer`, from the local repository when it knows both, else from the
 * GitHub API. `undefined`, with a line in the log: nobody can tell, which must not keep anybody from deploying.
 */
export async function isAncestor(
  older: string,
  newer: string,
  { root, github, log }: AncestryOptions,
): Promise<boolean | undefined> {
  const unknown = (level: 'info' | 'warning', why: string): undefined => {
    log[level](`Whether ${older} came before ${newer} cannot be told, so it is taken for newer: ${why}.`);
  };
  if (!isCommit(older) || !isCommit(newer)) return unknown('info', 'they are not both commits');
  const known = await localAncestry(root, older, newer);
  if (known !== undefined) return known;
  if (github === undefined) return unknown('info', 'the clone does not tell, and there is no `github-token`');
  try {
    const repository = await gitHubRepository(github, log);
    return (await repository.compare(newer, older)) === 'behind';
  } catch (error) {
    if (!(error instanceof ActionError)) throw error;
    return unknown('warning', error.message.replace(/\.$/, ''));
  }
}
