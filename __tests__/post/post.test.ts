import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EnvironmentPlace } from '../../src/hand-over.ts';
import { finishDeployment } from '../../src/post/finish.ts';
import { reportFinish, reportRecord } from '../../src/post/report.ts';
import { openEnvironment } from '../../src/state/environment.ts';
import { channelKeys, channelPrefix, stateKeys } from '../../src/state/keys.ts';
import { MemoryStore } from '../helpers/memory-store.ts';
import { VirtualTime } from '../helpers/virtual-time.ts';
import { recorder } from '../report/recorder.ts';
import { OWNER, progress, RUN } from '../state/samples.ts';

const KEYS = stateKeys('shop', 'production');
const PLACE: EnvironmentPlace = {
  provider: 'aws',
  root: '/nowhere',
  region: 'eu-central-1',
  bucket: 'memory',
  project: 'shop',
  environment: 'production',
  owner: OWNER,
  run: RUN,
  actor: 'ada',
  deployment: '41-1-abc',
};
const RESULT = channelKeys(channelPrefix('shop', 'production', '41-1-abc'), 'seed', 1).result;
const UNKNOWN = {
  task: 'seed',
  status: 'UNKNOWN',
  message: 'may have run',
  error: { name: 'ResultUnknown' },
  attempts: [{ number: 1, status: 'UNKNOWN', error: { name: 'ResultUnknown' } }],
};

let time: VirtualTime;
let store: MemoryStore;
let folder: string;
let resultsFile: string;
let said: ReturnType<typeof recorder>;

beforeEach(async () => {
  time = new VirtualTime();
  store = new MemoryStore({ now: () => time.now });
  said = recorder();
  folder = await mkdtemp(path.join(os.tmpdir(), 'post-'));
  resultsFile = path.join(folder, 'results.json');
  await writeFile(resultsFile, JSON.stringify({ recorded: false, results: [UNKNOWN] }));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The main step is gone with an attempt in flight that has `seconds` left. */
async function leave(seconds: number, channel: 'open' | 'none' = 'open'): Promise<string> {
  const identity = { ...PLACE, keys: KEYS, store, log: said.runner };
  const state = await time.run(openEnvironment({ ...identity, timeoutSeconds: 0, clock: time.clock() }));
  const seed = { ...progress().completed, digest: 'bb', version: 'v1.0.0', run: RUN, runOn: ['deploy' as const] };
  const planned = { ...seed, function: 'f', functionVersion: '1', codeSha256: 'AA=', options: {} };
  const tasks = { seed: planned };
  await time.run(state.saveProgress(progress({ planned: { deployment: PLACE.deployment, tasks } })));
  const deadline = new Date(time.now + seconds * 1000);
  await time.run(
    state.attemptStarting({ task: 'seed', attempt: 1, deadline, nonce: channel === 'open' ? 'n' : undefined }),
  );
  state.attemptEnded('seed', 'UNKNOWN');
  await time.run(state.close());
  said.lines.length = 0;
  said.annotations.length = 0;
  return state.lockOwner ?? '';
}

const finish = (lockOwner: string, place: EnvironmentPlace = PLACE): Promise<void> =>
  time.run(
    finishDeployment({ place, lockOwner, resultsFile: undefined }, { store, clock: time.clock(), runner: said.runner }),
  );

const answer = (status: string, more = {}) =>
  store.put(
    RESULT,
    JSON.stringify({
      lumo: 1,
      nonce: 'n',
      envelope: { lumo: 1, task: 'seed', status, logs: [], droppedLines: 0, ...more },
    }),
  );

const report = async (): Promise<unknown> => JSON.parse(await readFile(resultsFile, 'utf8'));

test('a result that comes while it waits counts, and the lock is free at once', async () => {
  const owner = await leave(600);
  const began = time.now;
  const answering = time.sleep(5_000).then(() => answer('COMPLETED', { result: { success: true, message: 'all in' } }));
  await Promise.all([finish(owner), answering]);
  expect(time.now - began).toBeLessThan(20_000);
  expect(said.lines.join('\n')).toContain('seed COMPLETED: all in (attempt 1, found in its channel).');
  expect(store.json(KEYS.lock)).toMatchObject({ state: 'free', inFlight: [] });
  expect(store.json(KEYS.progress).completed).toMatchObject({ seed: { digest: 'bb' } });
});

test('the results file says what was found and nothing that contradicts it, and no text of the task', async () => {
  const leftovers = [
    { task: 'seed', attempt: 1, status: 'COMPLETED' as const, message: 'seed COMPLETED: secret words' },
  ];
  await reportFinish({ leftovers, freed: true, environment: 'production' }, { runner: said.runner, resultsFile });
  const reason = 'found in its channel after the step had ended';
  expect(await report()).toEqual({
    recorded: false,
    results: [{ task: 'seed', status: 'COMPLETED', reason, attempts: [{ number: 1, status: 'COMPLETED' }] }],
  });
});

test('what a plain task says about its failure is said', async () => {
  const owner = await leave(600);
  await answer('FAILED', { result: { success: false, message: 'no table' } });
  await finish(owner);
  expect(said.lines.join('\n')).toContain('seed FAILED: no table');
});

test('an attempt that nothing is heard of any more is waited for until it cannot be running', async () => {
  const owner = await leave(120);
  const began = time.now;
  await finish(owner);
  expect(time.now - began).toBeGreaterThan(120_000);
  expect(time.now - began).toBeLessThan(140_000);
  expect(store.json(KEYS.lock)).toMatchObject({ state: 'free' });
  expect(said.lines.join('\n')).toContain('seed may have run');
});

test('one that may take longer than there is time keeps the lock, and that is said once', async () => {
  const owner = await leave(900);
  const began = time.now;
  await finish(owner);
  expect(time.now - began).toBeLessThan(5 * 60_000);
  expect(store.json(KEYS.lock)).toMatchObject({ state: 'held', inFlight: [{ task: 'seed' }] });
  expect(said.annotations.filter(({ message }) => message.includes('The lock stays'))).toHaveLength(1);
});

test('one without a channel is not waited for', async () => {
  const owner = await leave(900, 'none');
  const began = time.now;
  await finish(owner);
  expect(time.now - began).toBeLessThan(10_000);
  expect(store.json(KEYS.lock)).toMatchObject({ state: 'held' });
});

test('on the embedded AWS nothing can be running any more', async () => {
  const owner = await leave(900);
  const began = time.now;
  await finish(owner, { ...PLACE, provider: 'local' });
  expect(time.now - began).toBeLessThan(10_000);
  expect(store.json(KEYS.lock)).toMatchObject({ state: 'free' });
});

test('a lock that somebody else has is left alone', async () => {
  await leave(1);
  const before = store.json(KEYS.lock);
  await finish('somebody else');
  expect(store.json(KEYS.lock)).toEqual(before);
});

test('a results file that is gone is no error', async () => {
  await rm(resultsFile);
  await reportRecord({ environment: 'production', why: undefined }, { runner: said.runner, resultsFile });
  expect(said.lines).toEqual(['production is recorded: the job has succeeded.']);
});
