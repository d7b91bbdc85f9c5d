import { ActionError } from '../errors.ts';
import type { Log } from '../runner/types.ts';
import type { Relation, Repository } from './repository.ts';

export interface GitHubAccess {
  token: string;
  /** `owner/name`. */
  repository: string;
  /** e.g. `https://api.github.com`; GitHub Enterprise Servers have their own. */
  apiUrl: string;
}

/** Where a commit is, seen from another one. */
export type Comparison = 'ahead' | 'behind' | 'identical' | 'diverged' | 'unrelated';

export interface GitHubRepository extends Repository {
  /** Both are names of tags or commits; annotated tags are taken for their commits. */
  compare(base: string, head: string): Promise<Comparison>;
}

const TIMEOUT_MS = 30_000;
/** Tags of other branches that are looked at before giving up; the first one nearly always is the one. */
const MAX_COMPARISONS = 100;
const REF = 'refs/tags/';

/** Asks only for what is needed: the tokens of workflows share 1,000 requests an hour and repository. */
export async function gitHubRepository(
  { token, repository, apiUrl }: GitHubAccess,
  log: Log,
): Promise<GitHubRepository> {
  const { getOctokit } = await import('@actions/github');
  const toDebug = (line: string): void => log.debug(line);
  const octokit = getOctokit(token, {
    baseUrl: apiUrl,
    log: { debug: toDebug, info: toDebug, warn: toDebug, error: toDebug },
  });
  const base = `/repos/${repository.split('/').map(encodeURIComponent).join('/')}`;

  const get = async (url: string, what: string): Promise<Answer> => {
    try {
      return await octokit.request(`GET ${url}`, { request: { signal: AbortSignal.timeout(TIMEOUT_MS) } });
    } catch (error) {
      // Histories that share no commit are a 404 as well, and no failure.
      if (isNoCommonAncestor(error)) return { data: { status: 'unrelated' }, headers: {} };
      throw lookUpFailed(what, error);
    }
  };

  const compare = async (baseRef: string, head: string): Promise<Comparison> => {
    const what = `how ${baseRef} and ${head} relate`;
    // Only the status is wanted, so a page of one commit is enough.
    const range = `${encodeURIComponent(baseRef)}...${encodeURIComponent(head)}`;
    const { data } = await get(`${base}/compare/${range}?per_page=1`, what);
    return comparisonOf((data as { status?: unknown } | null)?.status, what);
  };

  let comparisons = 0;
  return {
    name: 'the GitHub API',

    async tags(prefix) {
      const names: string[] = [];
      const folder = prefix === '' ? 'tags' : `tags/${encodeURIComponent(prefix)}`;
      let url: string | undefined = `${base}/git/matching-refs/${folder}?per_page=100`;
      while (url !== undefined) {
        const page: Answer = await get(url, 'the tags');
        names.push(...refNames(page.data));
        url = nextPage(page.headers.link, apiUrl);
      }
      return names.filter((name) => name.startsWith(prefix));
    },

    async relation(tag, commit) {
      comparisons += 1;
      if (comparisons > MAX_COMPARISONS) throw tooManyTags();
      return RELATIONS[await compare(tag, commit)];
    },

    compare,
  };
}

const RELATIONS: Readonly<Record<Comparison, Relation>> = {
  ahead: 'before',
  identical: 'same',
  behind: 'other',
  diverged: 'other',
  unrelated: 'other',
};

interface Answer {
  data: unknown;
  headers: { link?: string | undefined };
}

function comparisonOf(status: unknown, what: string): Comparison {
  if (typeof status === 'string' && Object.hasOwn(RELATIONS, status)) return status as Comparison;
  throw lookUpFailed(what, new Error(`the answer has no status, but ${JSON.stringify(status)}`));
}

function refNames(data: unknown): string[] {
  // An empty answer must not pass for "no tags".
  if (!Array.isArray(data)) throw lookUpFailed('the tags', new Error('the answer is no list'));
  return data.flatMap((entry: { ref?: unknown } | null) =>
    typeof entry?.ref === 'string' && entry.ref.startsWith(REF) ? [entry.ref.slice(REF.length)] : [],
  );
}

/** The address of the next page; the token goes to no other server than the API's own. */
function nextPage(link: string | undefined, apiUrl: string): string | undefined {
  const next = /<([^<>]+)>;\s*rel="next"/.exec(link ?? '')?.[1];
  if (next === undefined || new URL(next).origin === new URL(apiUrl).origin) return next;
  throw lookUpFailed('the tags', new Error(`the next page lies on another server, ${new URL(next).origin}`));
}

function isNoCommonAncestor(error: unknown): boolean {
  return error instanceof Error && statusOf(error) === 404 && /no common ancestor/i.test(error.message);
}

function lookUpFailed(what: string, error: unknown): ActionError {
  const status = statusOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return new ActionError(
    'HISTORY_FAILED',
    `GitHub could not be asked for ${what}: ${status === undefined ? '' : `HTTP ${status}, `}${message}`,
    {
      advice:
        status !== undefined && status >= 400 && status < 500
          ? 'The job needs `permissions: contents: read` (or, when a rate limit was hit, a later run). With `fetch-depth: 0` at actions/checkout GitHub is not asked.'
          : 'Run the job again. With `fetch-depth: 0` at actions/checkout GitHub is not asked.',
      cause: new Error(message),
    },
  );
}

function tooManyTags(): ActionError {
  return new ActionError('HISTORY_FAILED', `The ${MAX_COMPARISONS} highest version tags lie on other branches.`, {
    advice:
      'Check out with `fetch-depth: 0`, so that all tags can be compared, or say what was deployed before with the input `previous-version`.',
  });
}

function statusOf(error: unknown): number | undefined {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' ? status : undefined;
}
