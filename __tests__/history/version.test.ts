import { expect, test } from 'vitest';
import { defaultVersion, headCommit, type VersionEvent } from '../../src/history/version.ts';

const SHA = 'a'.repeat(40);
const HEAD = 'b'.repeat(40);

function event(change: Partial<VersionEvent>): VersionEvent {
  return { eventName: 'push', ref: 'refs/heads/main', refType: 'branch', sha: SHA, payload: {}, ...change };
}

test.each<[string, Partial<VersionEvent>, string]>([
  ['a push to a branch', {}, 'aaaaaaaaaaaa'],
  ['a tag', { ref: 'refs/tags/shop@1.2.0', refType: 'tag' }, 'shop@1.2.0'],
  ['a branch that looks like a tag', { ref: 'refs/heads/refs/tags/v1' }, 'aaaaaaaaaaaa'],
  ['a release', { eventName: 'release', payload: { release: { tag_name: 'v2.0.0' } } }, 'v2.0.0'],
  ['a pull request', { eventName: 'pull_request', payload: { pull_request: { head: { sha: HEAD } } } }, 'bbbbbbbbbbbb'],
  [
    'a pull request in the payload of another event',
    { payload: { pull_request: { head: { sha: HEAD } } } },
    'aaaaaaaaaaaa',
  ],
  [
    'a head that is no commit',
    { eventName: 'pull_request', payload: { pull_request: { head: { sha: '$(id)' } } } },
    'aaaaaaaaaaaa',
  ],
])('%s', (_name, change, version) => {
  expect(defaultVersion(event(change), undefined)).toBe(version);
});

test('the command line takes the commit that is checked out', () => {
  const nothing = event({ eventName: undefined, ref: undefined, refType: undefined, sha: undefined });
  expect(defaultVersion(nothing, HEAD)).toBe('bbbbbbbbbbbb');
  expect(defaultVersion(nothing, undefined)).toBe('local');
  expect(headCommit(nothing)).toBeUndefined();
});

test('the commit of a pull request is its head, not the merge commit', () => {
  expect(headCommit(event({ eventName: 'pull_request', payload: { pull_request: { head: { sha: HEAD } } } }))).toBe(
    HEAD,
  );
  expect(headCommit(event({}))).toBe(SHA);
});
