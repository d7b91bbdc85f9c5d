import { afterEach, describe, expect, test } from 'vitest';
import { isAncestor } from '../../src/history/ancestry.ts';
import { type SuccessionOptions, supersededBy } from '../../src/history/succession.ts';
import type { Marker } from '../../src/state/types.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { marker } from '../state/samples.ts';
import { GitFixture } from './git-fixture.ts';
import { GitHubFixture, send } from './github-fixture.ts';

const cleanUps: (() => void | Promise<void>)[] = [];

afterEach(async () => {
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

/** Two commits on `main`, one beside them. */
function history() {
  const git = kept(GitFixture.create());
  const older = git.commit();
  const newer = git.commit('newer');
  git.git('checkout', '--quiet', '-b', 'branch', older);
  const side = git.commit('side');
  git.git('checkout', '--quiet', 'main');
  return { git, older, newer, side };
}

describe('which commit came first', () => {
  async function ask(git: GitFixture, older: string, newer: string, github?: GitHubFixture) {
    const log = new MemoryLog();
    const answer = await isAncestor(older, newer, { root: git.folder, github: github?.access, log });
    return { answer, said: log.lines.filter((line) => !line.startsWith('debug')) };
  }

  test('a complete clone knows', async () => {
    const { git, older, newer, side } = history();
    const github = await gitHub(git);
    expect(await ask(git, older, newer, github)).toEqual({ answer: true, said: [] });
    expect(await ask(git, newer, older, github)).toEqual({ answer: false, said: [] });
    expect(await ask(git, side, newer, github)).toEqual({ answer: false, said: [] });
    expect(github.requests).toEqual([]);
  });

  test('a shallow clone asks GitHub, also when it holds both commits', async () => {
    const { git, older, newer, side } = history();
    const github = await gitHub(git);
    const shallow = kept(git.clone('--depth=1', '--no-single-branch'));
    expect(await ask(shallow, older, newer, github)).toEqual({ answer: true, said: [] });
    expect(await ask(shallow, side, newer, github)).toEqual({ answer: false, said: [] });
    expect(await ask(shallow, newer, side, github)).toEqual({ answer: false, said: [] });
    expect(github.requests).toEqual([
      `/repos/acme/shop/compare/${newer}...${older}`,
      `/repos/acme/shop/compare/${newer}...${side}`,
      `/repos/acme/shop/compare/${side}...${newer}`,
    ]);
  });

  test('what a shallow clone does see needs nobody else', async () => {
    const { git, older, newer } = history();
    const shallow = kept(git.clone('--depth=2'));
    expect(await ask(shallow, older, newer)).toEqual({ answer: true, said: [] });
  });

  test('a commit that the clone does not hold is asked for', async () => {
    const { git, newer, side } = history();
    const github = await gitHub(git);
    const single = kept(git.clone('--single-branch'));
    expect(await ask(single, side, newer, github)).toEqual({ answer: false, said: [] });
    expect(github.requests).toHaveLength(1);
  });

  test('nobody knows: said, and no error', async () => {
    const { git, older, newer } = history();
    const shallow = kept(git.clone('--depth=1'));
    const alone = await ask(shallow, older, newer);
    expect(alone).toEqual({ answer: undefined, said: [expect.stringContaining('there is no `github-token`')] });
    const github = await gitHub(git);
    const gone = await ask(shallow, 'f'.repeat(40), newer, github);
    expect(gone).toEqual({ answer: undefined, said: [expect.stringMatching(/^warning: .*HTTP 404/)] });
    github.override = (response) => {
      send(response, 502, { message: 'bad gateway' });
      return true;
    };
    const down = await ask(shallow, older, newer, github);
    expect(down).toEqual({ answer: undefined, said: [expect.stringMatching(/^warning: .*HTTP 502/)] });
  });

  test('what is no commit id is never shown to git or GitHub', async () => {
    const { git, newer } = history();
    const github = await gitHub(git);
    for (const text of ['HEAD', '--output=x', 'main', newer.slice(0, 12)]) {
      expect((await ask(git, text, newer, github)).answer).toBeUndefined();
      expect((await ask(git, newer, text, github)).answer).toBeUndefined();
    }
    expect(github.requests).toEqual([]);
  });
});

describe('what may follow what is recorded', () => {
  const [OLD, NEW] = ['a'.repeat(40), 'b'.repeat(40)];

  async function follow(recorded: Partial<Marker> | undefined, change: Partial<SuccessionOptions>) {
    const asked: string[] = [];
    const superseded = await supersededBy({
      marker: recorded && marker({ commit: NEW, ...recorded }),
      version: 'main',
      commit: NEW,
      tagPrefix: 'v',
      allowDowngrade: false,
      isAncestor: async (older, newer) => {
        asked.push(`${older[0]}<${newer[0]}`);
        return older === OLD && newer === NEW;
      },
      ...change,
    });
    return { by: superseded?.by, asked };
  }

  test('anything, when nothing is recorded', async () => {
    expect(await follow(undefined, { version: 'v0.1.0', commit: OLD })).toEqual({ by: undefined, asked: [] });
  });

  test('no ancestor of the recorded commit', async () => {
    expect(await follow({ version: 'main' }, { commit: OLD })).toEqual({ by: 'main', asked: ['a<b'] });
    expect(await follow({ version: 'v1.0.0' }, { commit: OLD, version: 'v1.1.0' })).toMatchObject({ by: 'v1.0.0' });
    expect(await follow({ version: 'v1.0.0' }, { commit: OLD, version: 'v1.0.0' })).toMatchObject({ by: 'v1.0.0' });
    expect(await follow({ commit: OLD }, { commit: NEW })).toEqual({ by: undefined, asked: ['b<a'] });
  });

  test('the same commit again, without asking anybody', async () => {
    expect(await follow({ version: 'v1.0.0' }, { version: 'v1.0.0' })).toEqual({ by: undefined, asked: [] });
  });

  test('what nobody can compare', async () => {
    expect(await follow({}, { commit: OLD, isAncestor: async () => undefined })).toMatchObject({ by: undefined });
  });

  test.each([
    ['v1.2.0', 'v1.10.0', 'v'],
    ['v2.0.0-rc.1', 'v2.0.0', 'v'],
    ['shop@1.0.0', 'shop@1.0.1', 'shop@'],
    ['1.2.0', 'v1.3.0', 'v'],
  ])('no lower version: %s after %s is DOWNGRADE', async (version, recorded, tagPrefix) => {
    const error = follow({ version: recorded }, { version, tagPrefix, commit: OLD });
    await expect(error).rejects.toMatchObject({ code: 'DOWNGRADE', message: expect.stringContaining(recorded) });
  });

  test.each([
    ['v1.10.0', 'v1.2.0', 'v'],
    ['v1.0.0', 'v1.0.0', 'v'],
    ['v1.0.0+later', 'v1.0.0+earlier', 'v'],
    ['shop@1.0.0', 'api@2.0.0', 'shop@'],
    ['0123456789ab', 'v2.0.0', 'v'],
    ['v1.0.0', 'main', 'v'],
    ['v1.0', 'v2.0', 'v'],
  ])('%s may follow %s', async (version, recorded, tagPrefix) => {
    expect(await follow({ version: recorded }, { version, tagPrefix })).toMatchObject({ by: undefined });
  });

  test('allow-downgrade: anything, without asking anybody', async () => {
    const older = { commit: OLD, version: 'v1.0.0', allowDowngrade: true };
    expect(await follow({ version: 'v2.0.0' }, older)).toEqual({ by: undefined, asked: [] });
  });
});
