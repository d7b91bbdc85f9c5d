import { describe, expect, test } from 'vitest';
import {
  alreadyCompleted,
  completePlanned,
  createMarker,
  forgetCompleted,
  startProgress,
  whyNotRecorded,
} from '../../src/state/progress.ts';
import type { CompletedTask, Marker, Progress } from '../../src/state/types.ts';
import { completed, marker, markerTask, OWNER, progress, RUN } from './samples.ts';

/** `progress` with a task that was planned and has completed. */
function recordCompleted(progress: Progress, task: string, entry: CompletedTask): Progress {
  const { completedAt, ...planned } = entry;
  const before = { ...progress, planned: { deployment: '41-1-abc', tasks: { [task]: planned } } };
  return completePlanned(before, task, completedAt);
}

const OTHER_RUN = { id: '50', attempt: 1, url: null };
const MIGRATE = { name: 'migrate', digest: 'aa', runOn: ['deploy', 'update'] as const };
const SEED = { name: 'seed', digest: 'bb', runOn: ['deploy'] as const };
const SEEDED = completed({ digest: 'bb', runOn: ['deploy'] });

function start(previous: Progress | undefined, recorded?: Marker, change: object = {}): Progress {
  const details = { project: 'shop', environment: 'production', run: RUN, version: 'v1.0.0', phase: 'deploy' as const };
  const history = { previousVersion: undefined, source: 'none' as const };
  return startProgress(previous, recorded, { ...OWNER, ...details, ...history, ...change });
}

describe('what a deployment starts with', () => {
  test('the first one starts with nothing', () => {
    expect(start(undefined)).toEqual(progress());
    expect(start(undefined, undefined, { previousVersion: 'v0.9.0', phase: 'update', source: 'tag' })).toEqual(
      progress({ previousVersion: 'v0.9.0', phase: 'update', source: 'tag' }),
    );
  });

  test('a later step or attempt of the same workflow run keeps what completed', () => {
    const before = progress({ completed: { migrate: completed(), seed: SEEDED } });
    expect(start(before, undefined, { run: { ...RUN, attempt: 2 } }).completed).toEqual(before.completed);
  });

  test('for another version of the same run only first-deploy tasks stay', () => {
    const before = progress({ completed: { migrate: completed(), seed: SEEDED } });
    expect(start(before, undefined, { version: 'v1.0.1' }).completed).toEqual({ seed: SEEDED });
  });

  test('of another, unfinished deployment only first-deploy tasks stay', () => {
    const before = progress({ completed: { migrate: completed(), seed: SEEDED } });
    expect(start(before, undefined, { run: OTHER_RUN, version: 'v1.0.1' }).completed).toEqual({ seed: SEEDED });
  });

  test('once the environment is recorded, nothing of another deployment stays', () => {
    const before = progress({ completed: { migrate: completed(), seed: SEEDED } });
    expect(start(before, marker(), { run: OTHER_RUN, version: 'v1.0.1', phase: 'update' }).completed).toEqual({});
  });

  test('a re-run of a recorded run takes it from the marker, when another deployment has overwritten the progress', () => {
    const tasks = { migrate: markerTask(), seed: markerTask({ status: 'SKIPPED' }) };
    const others = progress({ run: OTHER_RUN, completed: { warm: completed({ run: OTHER_RUN }) } });
    const started = start(others, marker({ tasks }), { phase: 'update' });
    expect(started.completed).toEqual({ migrate: completed({ runOn: [] }) });
    expect(alreadyCompleted(MIGRATE, started, 'failed')).toBe('already completed in run 41');
    expect(start(others, marker({ tasks }), { version: 'v1.0.1' }).completed).toEqual({});
  });
});

test('a task that is not known to have completed stays planned: its result may still be found', () => {
  const { completedAt, ...planned } = SEEDED;
  const before = progress({ planned: { deployment: '41-1-abc', tasks: { seed: planned } } });
  const unknown = forgetCompleted(before, 'seed');
  expect(unknown.completed).toEqual({});
  const found = completePlanned(unknown, 'seed', completedAt);
  expect(found).toMatchObject({ completed: { seed: SEEDED }, planned: { tasks: {} } });
  expect(completePlanned(found, 'other', completedAt)).toBe(found);
});

describe('what is not run again', () => {
  const done = progress({ completed: { migrate: completed(), seed: SEEDED } });

  test('a task that completed in this run with the same code', () => {
    expect(alreadyCompleted(MIGRATE, done, 'failed')).toBe('already completed in run 41');
    expect(alreadyCompleted({ ...MIGRATE, digest: 'cc' }, done, 'failed')).toBeUndefined();
    expect(alreadyCompleted({ ...MIGRATE, name: 'constructor' }, done, 'failed')).toBeUndefined();
  });

  test('a first-deploy task that completed in an earlier run, whatever its code is now', () => {
    const later = start(done, undefined, { run: OTHER_RUN, version: 'v1.0.1' });
    expect(alreadyCompleted({ ...SEED, digest: 'changed' }, later, 'failed')).toBe('already completed in run 41');
    expect(alreadyCompleted(MIGRATE, later, 'failed')).toBeUndefined();
    expect(alreadyCompleted({ ...SEED, runOn: ['deploy', 'update'] }, later, 'failed')).toBeUndefined();
  });

  test('rerun: all runs everything', () => {
    expect(alreadyCompleted(MIGRATE, done, 'all')).toBeUndefined();
    expect(alreadyCompleted(SEED, start(done, undefined, { run: OTHER_RUN }), 'all')).toBeUndefined();
  });

  test('a task that was run again and failed has to run', () => {
    const failed = forgetCompleted(done, 'seed');
    expect(alreadyCompleted(SEED, failed, 'failed')).toBeUndefined();
    expect(alreadyCompleted(MIGRATE, failed, 'failed')).toBe('already completed in run 41');
  });
});

describe('when the environment counts as deployed', () => {
  const phaseTasks = [MIGRATE, SEED, { name: 'warm', digest: 'cc', runOn: ['deploy', 'update'] as const }];
  const selected = new Set(['migrate', 'seed']);
  const started = start(undefined);
  const migrated = recordCompleted(started, 'migrate', completed());
  const seeded = recordCompleted(migrated, 'seed', SEEDED);
  const warmed = recordCompleted(seeded, 'warm', completed({ digest: 'cc' }));

  test('record-on: all wants every task of the phase, in as many steps as it takes', () => {
    const why = (now: Progress) => whyNotRecorded({ recordOn: 'all', phaseTasks, selected, progress: now });
    expect(why(started)).toBe('still missing: migrate, seed, warm');
    expect(why(seeded)).toBe('still missing: warm');
    expect(why(start(warmed, undefined, { run: { ...RUN, attempt: 2 } }))).toBeUndefined();
    expect(why(start(warmed, undefined, { run: OTHER_RUN, version: 'v1.0.1' }))).toBe('still missing: migrate, warm');
    expect(why(forgetCompleted(warmed, 'migrate'))).toBe('still missing: migrate');
  });

  test('code that changed since it completed does not count', () => {
    const changed = [{ ...MIGRATE, digest: 'new' }];
    expect(whyNotRecorded({ recordOn: 'all', phaseTasks: changed, selected, progress: warmed })).toBe(
      'still missing: migrate',
    );
  });

  test("record-on: job wants what all does, and the rest is the post step's", () => {
    expect(whyNotRecorded({ recordOn: 'job', phaseTasks, selected, progress: seeded })).toBe('still missing: warm');
    expect(whyNotRecorded({ recordOn: 'job', phaseTasks, selected, progress: warmed })).toBeUndefined();
  });

  test('record-on: selection wants the selected ones, record-on: never nothing', () => {
    expect(whyNotRecorded({ recordOn: 'selection', phaseTasks, selected, progress: seeded })).toBeUndefined();
    expect(whyNotRecorded({ recordOn: 'selection', phaseTasks, selected, progress: migrated })).toBe(
      'still missing: seed',
    );
    expect(whyNotRecorded({ recordOn: 'never', phaseTasks, selected, progress: warmed })).toContain('never');
  });
});

test('the marker holds the deployment, and what became of each task', () => {
  const { status: _status, ...migrate } = markerTask();
  const done = progress({
    phase: 'update',
    previousVersion: 'v0.9.0',
    generation: 7,
    completed: { migrate: completed() },
  });
  const before = marker({ tasks: { seed: markerTask() } });
  const details = { commit: 'b'.repeat(40), actor: 'bob', deployedAt: '2026-03-02T10:00:00.000Z' };
  const made = createMarker(done, before, { ...details, tasks: { migrate, seed: migrate, warm: migrate } });
  const { generation: _generation, ...expected } = marker({
    ...details,
    phase: 'update',
    previousVersion: 'v0.9.0',
    tasks: { migrate: markerTask(), seed: markerTask(), warm: markerTask({ status: 'SKIPPED' }) },
  });
  expect(made).toEqual(expected);
  expect(JSON.parse(JSON.stringify(made))).toEqual(made);
});
