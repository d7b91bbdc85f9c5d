import { describe, expect, test } from 'vitest';
import type { ActionError } from '../../src/errors.ts';
import type { Repository } from '../../src/history/repository.ts';
import { type HistoryOptions, isPullRequestEnvironment, resolveHistory } from '../../src/history/resolve.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { marker, progress, RUN } from '../state/samples.ts';

/** A repository of one line of commits: the tags lie on the commit they are given with, `HEAD` is the last. */
function repository(tags: Record<string, 'before' | 'same' | 'other'>): Repository {
  return {
    name: 'the repository',
    tags: async (prefix) => Object.keys(tags).filter((tag) => tag.startsWith(prefix)),
    relation: async (tag) => tags[tag] ?? 'other',
  };
}

async function resolve(change: Partial<HistoryOptions> = {}) {
  const log = new MemoryLog();
  const history = await resolveHistory({
    previousVersion: undefined,
    history: 'auto',
    unknownHistory: 'error',
    tagPrefix: 'v',
    version: 'v2.0.0',
    commit: 'HEAD',
    environment: 'production',
    provider: 'aws',
    bucketless: false,
    run: RUN,
    marker: undefined,
    progress: undefined,
    openRepository: async () => repository({}),
    log,
    ...change,
  });
  return { ...history, warnings: log.lines };
}

const FIRST = { phase: 'deploy', isFirstDeploy: true, previousVersion: undefined, source: 'none' };
const update = (previousVersion: string | undefined, source: string) => ({
  phase: 'update',
  isFirstDeploy: false,
  previousVersion,
  source,
});
const TAGGED = { openRepository: async () => repository({ 'v1.0.0': 'before', 'v1.1.0': 'before', 'v2.0.0': 'same' }) };
const FAILING = { openRepository: () => Promise.reject(new Error('it must not be asked')) };

describe('the chain', () => {
  test('the input comes first, and makes it an update', async () => {
    const change = { previousVersion: 'v1.9.0', marker: marker({ version: 'v1.0.0' }), ...FAILING };
    expect(await resolve(change)).toMatchObject(update('v1.9.0', 'input'));
    expect(await resolve({ ...change, marker: undefined, provider: 'local' })).toMatchObject(update('v1.9.0', 'input'));
  });

  test('then the marker, which nothing overrules', async () => {
    const recorded = marker({ version: 'v1.0.0' });
    const change = { marker: recorded, ...FAILING };
    expect(await resolve(change)).toMatchObject(update('v1.0.0', 'marker'));
    expect(await resolve({ ...change, environment: 'pr-3', unknownHistory: 'first-deploy' })).toMatchObject(
      update('v1.0.0', 'marker'),
    );
    expect(await resolve({ ...change, provider: 'local', history: 'tags' })).toMatchObject(update('v1.0.0', 'marker'));
    expect(await resolve({ ...change, progress: progress() })).toMatchObject(update('v1.0.0', 'marker'));
  });

  test('the same version again has the same previous one', async () => {
    const again = marker({ version: 'v2.0.0', previousVersion: 'v1.5.0' });
    expect(await resolve({ marker: again })).toMatchObject(update('v1.5.0', 'marker'));
    expect(await resolve({ marker: marker({ version: 'v2.0.0' }) })).toMatchObject(update(undefined, 'marker'));
  });

  test('then the progress of the same workflow run, and of no other', async () => {
    const first = progress({ run: { ...RUN, attempt: 1 } });
    expect(await resolve({ progress: first, run: { ...RUN, attempt: 2 }, ...FAILING })).toMatchObject(FIRST);
    const later = progress({ phase: 'update', previousVersion: 'v1.0.0', source: 'tag' });
    expect(await resolve({ progress: later, environment: 'pr-1' })).toMatchObject(update('v1.0.0', 'tag'));
    const other = progress({ run: { ...RUN, id: '99' }, phase: 'update', previousVersion: 'v1.0.0', source: 'tag' });
    expect(await resolve({ progress: other })).toMatchObject(FIRST);
  });

  test('then environments of pull requests and the embedded AWS, which are new without a word', async () => {
    expect(await resolve({ environment: 'pr-12', ...FAILING })).toMatchObject({ ...FIRST, warnings: [] });
    expect(await resolve({ provider: 'local', ...FAILING })).toMatchObject({ ...FIRST, warnings: [] });
    expect(['pr-1', 'pr-', 'pr-1a', 'spr-1', 'pr-1\n'].map(isPullRequestEnvironment)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('tags', () => {
  test('none: first, said loudly', async () => {
    const { warnings, ...history } = await resolve();
    expect(history).toMatchObject(FIRST);
    expect(warnings).toEqual([
      expect.stringMatching(/^warning: This counts as the first deployment\. There is no marker/),
    ]);
    expect((await resolve({ openRepository: async () => undefined })).warnings).toHaveLength(1);
  });

  test('decide without a bucket, and when the user says so', async () => {
    expect(await resolve({ bucketless: true, ...TAGGED })).toMatchObject(update('v1.1.0', 'tag'));
    expect(await resolve({ history: 'tags', ...TAGGED })).toMatchObject(update('v1.1.0', 'tag'));
    expect(await resolve({ bucketless: true })).toMatchObject(FIRST);
    expect(await resolve({ history: 'marker', ...FAILING })).toMatchObject(FIRST);
  });

  test('beside a bucket without marker: an error that prints both choices', async () => {
    const error = await resolve(TAGGED).then(
      () => undefined,
      (thrown: ActionError) => thrown,
    );
    expect(error?.code).toBe('HISTORY_AMBIGUOUS');
    expect(error?.message).toContain('v1.1.0');
    const choices = error?.details.map(({ message }) => message) ?? [];
    expect(choices[0]).toContain('`unknown-history: first-deploy` when production is new');
    expect(choices[1]).toContain('`unknown-history: update` when production was deployed before');
  });

  test('unknown-history decides', async () => {
    expect(await resolve({ ...TAGGED, unknownHistory: 'first-deploy' })).toMatchObject(FIRST);
    expect(await resolve({ ...TAGGED, unknownHistory: 'update' })).toMatchObject(update('v1.1.0', 'tag'));
  });

  test('of which none can have come before: still not known to be the first', async () => {
    const elsewhere = { version: 'main', openRepository: async () => repository({ 'v3.0.0': 'other' }) };
    await expect(resolve(elsewhere)).rejects.toMatchObject({ code: 'HISTORY_AMBIGUOUS' });
    expect(await resolve({ ...elsewhere, unknownHistory: 'update' })).toMatchObject(update(undefined, 'tag'));
    expect(await resolve({ ...elsewhere, bucketless: true })).toMatchObject(FIRST);
  });

  test('only of this very commit: first', async () => {
    const here = { openRepository: async () => repository({ 'v2.0.0': 'same' }) };
    expect(await resolve(here)).toMatchObject(FIRST);
    expect(await resolve({ ...here, version: 'main' })).toMatchObject(FIRST);
  });

  test('that cannot be looked up: an error', async () => {
    await expect(resolve({ openRepository: () => Promise.reject(new Error('offline')) })).rejects.toThrow('offline');
  });
});
