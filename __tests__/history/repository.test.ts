import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { gitHead } from '../../src/history/git.ts';
import { openRepository } from '../../src/history/repository.ts';
import { findPreviousTag } from '../../src/history/tags.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { GitFixture } from './git-fixture.ts';
import { GitHubFixture, send } from './github-fixture.ts';

const cleanUps: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

function kept(git: GitFixture): GitFixture {
  cleanUps.push(() => git.remove());
  return git;
}

async function gitHub(git: GitFixture): Promise<GitHubFixture> {
  const server = await GitHubFixture.start(git);
  cleanUps.push(() => server.stop());
  return server;
}

interface Asked {
  github?: GitHubFixture;
  tagPrefix?: string;
  version?: string;
  commit?: string;
}

async function previousOf(git: GitFixture, { github, tagPrefix = 'v', version = 'main', commit = 'HEAD' }: Asked = {}) {
  const repository = await openRepository({
    root: git.folder,
    github: github?.access,
    tagPrefix,
    log: new MemoryLog(),
  });
  if (!repository) throw new Error('no repository');
  return { from: repository.name, ...(await findPreviousTag(repository, { tagPrefix, version, commit })) };
}

describe('in the local repository', () => {
  test('the highest tag below a tagged version, whatever is reachable from it', async () => {
    const git = kept(GitFixture.create());
    git.commit('v1.2.0');
    git.commit('v1.10.0');
    git.git('checkout', '--quiet', 'v1.2.0');
    git.commit('v1.2.1');
    expect(await previousOf(git, { version: 'v1.10.0' })).toMatchObject({ previous: 'v1.2.1' });
    expect(await previousOf(git, { version: '1.10.0' })).toMatchObject({ previous: 'v1.2.1' });
    expect(await previousOf(git, { version: 'v1.2.1' })).toMatchObject({ previous: 'v1.2.0' });
    expect(await previousOf(git, { version: 'v1.2.0' })).toMatchObject({ previous: undefined, others: true });
  });

  test('an untagged version takes the highest one that is reachable from the commit before it', async () => {
    const git = kept(GitFixture.create());
    git.commit('v1.0.0');
    git.git('checkout', '--quiet', '-b', 'next');
    git.commit('v2.0.0');
    git.git('checkout', '--quiet', 'main');
    git.commit('v1.1.0');
    expect(await previousOf(git)).toMatchObject({ previous: 'v1.0.0', from: 'the local repository' });
    git.commit();
    expect(await previousOf(git)).toMatchObject({ previous: 'v1.1.0' });
    git.git('merge', '--quiet', '--no-ff', '-m', 'merge', 'next');
    expect(await previousOf(git)).toMatchObject({ previous: 'v2.0.0' });
    expect(await previousOf(git, { commit: git.git('rev-parse', 'v1.1.0^{commit}') })).toMatchObject({
      previous: 'v1.0.0',
    });
  });

  test('annotated tags count as their commits, also when they are tagged again', async () => {
    const git = kept(GitFixture.create());
    git.git('tag', '--annotate', 'v1.0.0', '--message', 'first');
    git.git('tag', '--annotate', 'v1.0.1', '--message', 'again', 'v1.0.0');
    expect(await previousOf(git)).toMatchObject({ previous: undefined, others: false });
    git.commit();
    expect(await previousOf(git)).toMatchObject({ previous: 'v1.0.1' });
  });

  test('pre-releases count only for a pre-release', async () => {
    const git = kept(GitFixture.create());
    git.commit('v1.0.0');
    git.commit('v1.1.0-rc.1');
    git.commit('v1.1.0-rc.2');
    git.commit('v1.1.0');
    git.commit();
    expect(await previousOf(git, { version: 'v1.1.0' })).toMatchObject({ previous: 'v1.0.0' });
    expect(await previousOf(git, { version: 'v1.1.0-rc.2' })).toMatchObject({ previous: 'v1.1.0-rc.1' });
    expect(await previousOf(git, { version: 'v1.1.0-rc.1' })).toMatchObject({ previous: 'v1.0.0' });
    expect(await previousOf(git, { version: 'v1.2.0-rc.1' })).toMatchObject({ previous: 'v1.1.0' });
    expect(await previousOf(git)).toMatchObject({ previous: 'v1.1.0' });
  });

  test('tags that are no versions, and those of another prefix, are nothing', async () => {
    const git = kept(GitFixture.create());
    git.commit('v1', 'v1.2', 'latest', 'version-1.0.0', 'vv1.0.0', 'v01.2.3', 'shop@1.0.0', 'shop@1.1.0', 'api@9.0.0');
    git.commit();
    expect(await previousOf(git)).toMatchObject({ previous: undefined, others: false });
    expect(await previousOf(git, { tagPrefix: 'shop@' })).toMatchObject({ previous: 'shop@1.1.0' });
    expect(await previousOf(git, { tagPrefix: 'shop@', version: 'shop@1.1.0' })).toMatchObject({
      previous: 'shop@1.0.0',
    });
  });

  test('a prefix is no pattern and no option', async () => {
    const git = kept(GitFixture.create());
    git.commit('v1.0.0');
    git.commit();
    for (const tagPrefix of ['*', '[v]', '--format=', '../']) {
      expect(await previousOf(git, { tagPrefix })).toMatchObject({ previous: undefined, others: false });
    }
  });

  test('a folder inside the repository and a git hook around us change nothing', async () => {
    const git = kept(GitFixture.create());
    const other = kept(GitFixture.create());
    git.commit('v1.0.0');
    const head = git.commit();
    vi.stubEnv('GIT_DIR', path.join(other.folder, '.git'));
    vi.stubEnv('GIT_WORK_TREE', other.folder);
    const repository = await openRepository({
      root: path.join(git.folder, '.git', 'refs'),
      github: undefined,
      tagPrefix: 'v',
      log: new MemoryLog(),
    });
    expect(await repository?.tags('v')).toEqual(['v1.0.0']);
    expect(await gitHead(git.folder)).toBe(head);
  });

  test.runIf(process.getuid?.() === 0)('a checkout of another user is read too, as in containers', async () => {
    const git = kept(GitFixture.create());
    git.commit('v1.0.0');
    git.commit();
    chownSync(git.folder, 65534, 65534);
    chownSync(path.join(git.folder, '.git'), 65534, 65534);
    expect(() => git.git('rev-parse', 'HEAD')).toThrow('dubious ownership');
    expect(await previousOf(git)).toMatchObject({ previous: 'v1.0.0' });
  });

  test('a commit that git does not know is an error', async () => {
    const git = kept(GitFixture.create());
    git.commit('v1.0.0');
    await expect(previousOf(git, { commit: 'f'.repeat(40) })).rejects.toMatchObject({ code: 'HISTORY_FAILED' });
  });
});

describe('without a repository', () => {
  test('there is none, and no head', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'lumo-no-git-'));
    cleanUps.push(() => rmSync(folder, { recursive: true }));
    const github = await gitHub(kept(GitFixture.create()));
    const options = { root: folder, github: github.access, tagPrefix: 'v', log: new MemoryLog() };
    expect(await openRepository(options)).toBeUndefined();
    expect(await gitHead(folder)).toBeUndefined();
    expect(github.requests).toEqual([]);
  });

  test('one without commits has no head and no tags', async () => {
    const git = kept(new GitFixture());
    git.git('init', '--quiet');
    expect(await gitHead(git.folder)).toBeUndefined();
    expect(await previousOf(git)).toMatchObject({ previous: undefined, others: false });
  });

  test('without git, GitHub is asked; without both it is an error', async () => {
    const git = kept(GitFixture.create());
    git.commit('v1.0.0');
    const commit = git.commit();
    const github = await gitHub(git);
    const real = process.env.PATH;
    github.override = () => {
      vi.stubEnv('PATH', real);
      return false;
    };
    vi.stubEnv('PATH', '/nowhere');
    expect(await previousOf(git, { github, commit })).toMatchObject({ previous: 'v1.0.0', from: 'the GitHub API' });
    vi.stubEnv('PATH', '/nowhere');
    await expect(previousOf(git)).rejects.toMatchObject({
      code: 'HISTORY_FAILED',
      message: expect.stringContaining('git is not installed'),
    });
    expect(await gitHead(git.folder)).toBeUndefined();
  });
});

describe('through the GitHub API', () => {
  async function released() {
    const origin = kept(GitFixture.create());
    origin.commit('v1.0.0');
    origin.git('checkout', '--quiet', '-b', 'next');
    origin.commit('v2.0.0');
    origin.git('checkout', '--quiet', 'main');
    origin.commit();
    origin.git('tag', '--annotate', 'v1.1.0', '--message', 'annotated');
    const commit = origin.commit();
    return { origin, commit, github: await gitHub(origin) };
  }

  test('a shallow clone asks for the tags, and for as many comparisons as it takes', async () => {
    const { origin, commit, github } = await released();
    const clone = kept(origin.clone('--depth', '1'));
    expect(await previousOf(clone, { github, commit })).toMatchObject({ previous: 'v1.1.0', from: 'the GitHub API' });
    expect(github.requests).toEqual([
      '/repos/acme/shop/git/matching-refs/tags/v',
      `/repos/acme/shop/compare/v2.0.0...${commit}`,
      `/repos/acme/shop/compare/v1.1.0...${commit}`,
    ]);
    expect([...github.authorizations]).toEqual(['token secret-token']);
  });

  test('a tagged version needs the tags only', async () => {
    const { origin, github } = await released();
    const clone = kept(origin.clone('--depth', '1'));
    expect(await previousOf(clone, { github, version: 'v2.0.0' })).toMatchObject({ previous: 'v1.1.0' });
    expect(github.requests).toHaveLength(1);
  });

  test('a complete clone without tags asks too, one with tags does not', async () => {
    const { origin, commit, github } = await released();
    const bare = kept(origin.clone('--no-tags'));
    expect(await previousOf(bare, { github, commit })).toMatchObject({ previous: 'v1.1.0', from: 'the GitHub API' });
    expect(await previousOf(bare)).toMatchObject({ previous: undefined, from: 'the local repository' });
    github.requests.length = 0;
    const whole = kept(origin.clone());
    expect(await previousOf(whole, { github, commit })).toMatchObject({ previous: 'v1.1.0' });
    expect(github.requests).toEqual([]);
  });

  test('a tag on the commit itself does not count, one on another branch is no previous one', async () => {
    const { origin, github } = await released();
    const clone = kept(origin.clone('--depth', '1'));
    const commit = origin.git('rev-parse', 'v1.0.0^{commit}');
    expect(await previousOf(clone, { github, commit })).toMatchObject({ previous: undefined, others: true });
  });

  test('all pages are read, and prefixes of monorepos are found', async () => {
    const origin = kept(GitFixture.create());
    for (let minor = 0; minor < 7; minor += 1) origin.commit(`shop@1.${minor}.0`, `shopping@3.${minor}.0`);
    const commit = origin.commit();
    const github = await gitHub(origin);
    github.pageSize = 3;
    const clone = kept(origin.clone('--depth', '1'));
    const asked = { github, commit, tagPrefix: 'shop@' };
    expect(await previousOf(clone, asked)).toMatchObject({ previous: 'shop@1.6.0' });
    expect(github.requests.filter((request) => request.includes('matching-refs'))).toHaveLength(3);
    expect(await previousOf(clone, { ...asked, tagPrefix: '' })).toMatchObject({ previous: undefined });
  });

  test('a shallow clone without GitHub is an error, never "no tags"', async () => {
    const { origin } = await released();
    const clone = kept(origin.clone('--depth', '1'));
    await expect(previousOf(clone)).rejects.toMatchObject({
      code: 'HISTORY_FAILED',
      message: expect.stringContaining('shallow'),
      advice: expect.stringContaining('fetch-depth: 0'),
    });
  });

  test.each([
    ['403', 403, { message: 'Resource not accessible by integration' }, 'contents: read'],
    ['404', 404, { message: 'Not Found' }, 'contents: read'],
    ['500', 500, { message: 'Server Error' }, 'Run the job again'],
    ['an empty answer', 200, '', 'Run the job again'],
    ['an answer of another shape', 200, { tags: [] }, 'Run the job again'],
  ])('a look-up that fails with %s is an error', async (_name, status, body, advice) => {
    const { origin, commit, github } = await released();
    const clone = kept(origin.clone('--depth', '1'));
    github.override = (response, url) => {
      if (!url.pathname.includes('matching-refs')) return false;
      if (body === '') response.writeHead(status, { 'content-type': 'application/json' }).end();
      else send(response, status, body);
      return true;
    };
    await expect(previousOf(clone, { github, commit })).rejects.toMatchObject({
      code: 'HISTORY_FAILED',
      advice: expect.stringContaining(advice),
    });
  });

  test('a comparison that fails is an error; histories without common commit are not', async () => {
    const { origin, commit, github } = await released();
    const clone = kept(origin.clone('--depth', '1'));
    let message = 'No common ancestor between v2.0.0 and main.';
    github.override = (response, url) => {
      if (!url.pathname.includes('v2.0.0')) return false;
      send(response, 404, { message });
      return true;
    };
    expect(await previousOf(clone, { github, commit })).toMatchObject({ previous: 'v1.1.0' });
    message = 'Not Found';
    await expect(previousOf(clone, { github, commit })).rejects.toMatchObject({ code: 'HISTORY_FAILED' });
  });

  test('the token goes to no other server, and hundreds of foreign tags end in an error', async () => {
    const { origin, commit, github } = await released();
    const clone = kept(origin.clone('--depth', '1'));
    github.override = (response, url) => {
      if (!url.pathname.includes('matching-refs')) return false;
      response.setHeader('link', '<http://127.0.0.2:1/next>; rel="next"');
      send(response, 200, []);
      return true;
    };
    await expect(previousOf(clone, { github, commit })).rejects.toMatchObject({
      message: expect.stringContaining('lies on another server'),
    });
    github.override = (response, url) => {
      const tags = Array.from({ length: 300 }, (_, minor) => ({ ref: `refs/tags/v9.${minor}.0` }));
      send(response, 200, url.pathname.includes('matching-refs') ? tags : { status: 'diverged' });
      return true;
    };
    github.requests.length = 0;
    await expect(previousOf(clone, { github, commit })).rejects.toMatchObject({ code: 'HISTORY_FAILED' });
    expect(github.requests).toHaveLength(101);
  });
});
