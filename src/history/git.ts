import { execFile } from 'node:child_process';
import { ActionError } from '../errors.ts';
import type { Relation, Repository } from './repository.ts';

export interface LocalRepository extends Repository {
  /** The clone was cut off, so it does not know all commits and tags. */
  readonly shallow: boolean;
}

/** What is known about the repository a folder lies in without asking anybody else. */
export type LocalState = LocalRepository | 'no-repository' | 'no-git';

export async function localRepository(folder: string): Promise<LocalState> {
  const shallow = await git(folder, ['rev-parse', '--is-shallow-repository']);
  if (shallow.missing) return 'no-git';
  if (isNoRepository(shallow)) return 'no-repository';
  return {
    name: 'the local repository',
    shallow: lines(shallow)[0] === 'true',
    tags: async (prefix) => (await tagNames(folder)).filter((tag) => tag.startsWith(prefix)),
    relation: relationsOf(folder),
  };
}

/** The commit that is checked out; `undefined` without git, without a repository and before its first commit. */
export async function gitHead(folder: string): Promise<string | undefined> {
  const head = await git(folder, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
  return head.missing || isNoRepository(head) || head.code === 1 ? undefined : lines(head)[0];
}

/**
 * Whether the commit `older` is an ancestor of `newer`, both full ids. `undefined`: there is no repository, it does not
 * hold both, or it was cut off somewhere between them.
 */
export async function localAncestry(folder: string, older: string, newer: string): Promise<boolean | undefined> {
  const answer = await git(folder, ['merge-base', '--is-ancestor', older, newer]);
  if (answer.code === 0) return true;
  if (answer.code !== 1) return undefined;
  const shallow = await git(folder, ['rev-parse', '--is-shallow-repository']);
  return lines(shallow)[0] === 'true' ? undefined : false;
}

/** A few questions to git for each commit, however many tags are asked about. Annotated tags count as their commits. */
function relationsOf(folder: string): Repository['relation'] {
  const known = new Map<string, ReturnType<typeof tagsAround>>();
  return async (tag, commit): Promise<Relation> => {
    const asked = known.get(commit) ?? tagsAround(folder, commit);
    known.set(commit, asked);
    const { before, reachable } = await asked;
    if (before.has(tag)) return 'before';
    return reachable.has(tag) ? 'same' : 'other';
  };
}

/** The tags that are reachable from `commit`, and those that are from a commit before it. */
async function tagsAround(folder: string, commit: string): Promise<{ before: Set<string>; reachable: Set<string> }> {
  const [line = ''] = lines(await git(folder, ['rev-list', '--parents', '--max-count=1', '--end-of-options', commit]));
  const [self = '', ...parents] = line.split(' ');
  const before = await Promise.all(parents.map((parent) => tagNames(folder, `--merged=${parent}`)));
  return { before: new Set(before.flat()), reachable: new Set(await tagNames(folder, `--merged=${self}`)) };
}

async function tagNames(folder: string, ...options: string[]): Promise<string[]> {
  return lines(await git(folder, ['for-each-ref', '--format=%(refname:strip=2)', ...options, 'refs/tags']));
}

interface GitAnswer {
  /** There is no git on this machine. */
  missing: boolean;
  code: number;
  stdout: string;
  stderr: string;
}

/** The lines git answered; its failure is an error. */
function lines({ missing, code, stdout, stderr }: GitAnswer): string[] {
  if (!missing && code === 0) return stdout.split('\n').filter((line) => line !== '');
  throw new ActionError(
    'HISTORY_FAILED',
    `git could not be asked about the history: ${stderr.trim() || `exit code ${code}`}`,
    {
      advice: 'Check out with `fetch-depth: 0`, or say what was deployed before with the input `previous-version`.',
    },
  );
}

function isNoRepository({ code, stderr }: GitAnswer): boolean {
  return code === 128 && /^fatal: not a git repository/m.test(stderr);
}

const NOT_FOUND = { missing: true, code: 127, stdout: '', stderr: 'git is not installed' };

function git(folder: string, args: readonly string[]): Promise<GitAnswer> {
  // In containers the checkout often belongs to another user, which git takes for a trap. The configuration that is
  // loaded from this very folder is code, so whoever owns it is trusted already.
  const trusted = ['-c', 'safe.directory=*', ...args];
  const options = { cwd: folder, env: gitEnvironment(process.env), maxBuffer: 256 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile('git', trusted, options, (error, stdout, stderr) => {
      if (error === null) resolve({ missing: false, code: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ missing: false, code: error.code, stdout, stderr });
      else if (error.code === 'ENOENT') resolve(NOT_FOUND);
      else reject(error);
    });
  });
}

/** Without what a surrounding git (a hook, an alias) says about its own repository; messages in English, no questions. */
function gitEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = Object.entries(env).filter(([name]) => !/^(GIT_|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(own), LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' };
}
