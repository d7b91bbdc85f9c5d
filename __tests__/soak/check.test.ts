import { describe, expect, test } from 'vitest';
import { checkRuns, seedings } from '../../scripts/soak/check-runs.ts';
import { checkState, recordedSilently } from '../../scripts/soak/check-state.ts';
import type { Expectations } from '../../scripts/soak/records.ts';
import { deployment, entry, lock, marker, progress, record, reported, snapshot } from './samples.ts';

const NOW: Expectations = { channel: false, order: false };
const STRICT: Expectations = { channel: true, order: true };

function broken(change: Parameters<typeof record>[0], expected = NOW): string[] {
  const all = record(change);
  return [...checkRuns(all, expected), ...checkState(all, expected)].map(({ rule }) => rule);
}

test('a deployment that did what it says breaks nothing', () => {
  const seeded = {
    deployments: [reported(1, 'seed', 'COMPLETED')],
    entries: [entry(1, 'seed')],
    markers: [marker(1, 1)],
  };
  expect(
    broken({ ...seeded, snapshots: [snapshot(1, { marker: marker(1, 1), lock: lock('free', 1) })] }, STRICT),
  ).toEqual([]);
});

describe('the ledger', () => {
  test('an attempt that ran twice', () => {
    const entries = [entry(1, 'migrate'), entry(1, 'migrate', { started: entry(1, 'migrate').seen })];
    expect(broken({ deployments: [reported(1, 'migrate', 'COMPLETED')], entries })).toContain('an attempt ran twice');
  });

  test('attempts that overlap, of one deployment or of two; not those of different tasks', () => {
    const rule = 'two attempts of one task overlapped';
    const deployments = [deployment(1), deployment(2)];
    const long = entry(1, 'migrate', { seen: entry(2, 'migrate').started + 1, ending: null });
    expect(broken({ deployments, entries: [long, entry(2, 'migrate')] })).toContain(rule);
    expect(broken({ deployments, entries: [long, entry(2, 'index')] })).not.toContain(rule);
    expect(broken({ deployments, entries: [entry(1, 'migrate'), entry(2, 'migrate')] })).not.toContain(rule);
  });

  test('code that is not the deployed one', () => {
    const entries = [entry(1, 'migrate', { variant: 'b' })];
    expect(broken({ deployments: [reported(1, 'migrate', 'COMPLETED')], entries })).toEqual([
      'other code ran than was deployed',
    ]);
  });
});

describe('what was reported', () => {
  test.each([
    ['nothing ran', []],
    ['it failed', [entry(1, 'migrate', { ending: 'throw' })]],
    ['it never ended', [entry(1, 'migrate', { ending: null })]],
    ['another attempt completed', [entry(1, 'migrate', { attempt: 2 })]],
  ])('COMPLETED although %s', (_why, entries) => {
    expect(broken({ deployments: [reported(1, 'migrate', 'COMPLETED')], entries })).toContain(
      'reported as completed, unknown to the ledger',
    );
  });

  test.each(['FAILED', 'TIMED_OUT', 'CRASHED', 'SYSTEM_FAILURE', 'CANCELED'] as const)(
    '%s although it completed',
    (status) => {
      const deployments = [reported(1, 'migrate', status)];
      expect(broken({ deployments, entries: [entry(1, 'migrate')] })).toEqual(['a completed result was lost']);
      expect(broken({ deployments, entries: [entry(1, 'migrate', { ending: 'throw' })] })).toEqual([]);
    },
  );

  test('SKIPPED although it ran', () => {
    const entries = [entry(1, 'migrate', { ending: 'throw' })];
    expect(broken({ deployments: [reported(1, 'migrate', 'SKIPPED')], entries })).toEqual([
      'reported as not run, but it ran',
    ]);
  });

  test('UNKNOWN is allowed, with a channel only when the result is not in there', () => {
    const unknown = { deployments: [reported(1, 'migrate', 'UNKNOWN')], entries: [entry(1, 'migrate')] };
    const channelResults = new Set(['1-1-0a1b2c3d/migrate/1']);
    expect(broken({ ...unknown, channelResults })).toEqual([]);
    expect(broken(unknown, STRICT)).toEqual([]);
    expect(broken({ ...unknown, channelResults }, STRICT)).toEqual(['a completed result was lost']);
    const deployments = [{ ...reported(1, 'migrate', 'UNKNOWN'), interrupted: { by: 'cancel' as const, tookMs: 10 } }];
    expect(broken({ ...unknown, deployments, channelResults }, STRICT)).toEqual([]);
  });
});

describe('first deployments', () => {
  const entries = [entry(1, 'seed'), entry(2, 'seed', { isFirstDeploy: true })];
  const again = [reported(1, 'seed', 'UNKNOWN'), reported(2, 'seed', 'COMPLETED')];

  test('seeding again is wrong when the first time was known', () => {
    const rule = 'seeded twice';
    expect(broken({ deployments: again, entries })).not.toContain(rule);
    const stored = [snapshot(1, { progress: progress(1, 'seed') })];
    expect(broken({ deployments: again, entries, snapshots: stored })).toContain(rule);
    expect(
      broken({ deployments: [reported(1, 'seed', 'COMPLETED'), reported(2, 'seed', 'COMPLETED')], entries }),
    ).toContain(rule);
    const channelResults = new Set(['1-1-0a1b2c3d/seed/1']);
    expect(broken({ deployments: again, entries, channelResults }, STRICT)).toContain(rule);
    expect(seedings(record({ deployments: again, entries }))).toMatchObject([{ known: false }]);
  });

  test('there is none after one was recorded', () => {
    const deployments = [reported(1, 'seed', 'COMPLETED'), reported(2, 'migrate', 'COMPLETED')];
    const ran = [entry(1, 'seed'), entry(2, 'migrate', { isFirstDeploy: true })];
    const snapshots = [snapshot(1, { marker: marker(1, 1) })];
    expect(broken({ deployments, entries: ran, snapshots, markers: [marker(1, 1), marker(2, 2)] })).toEqual([
      'a first deployment after one was recorded',
    ]);
  });
});

test('a re-run leaves alone what has completed and is stored', () => {
  const rerun = { ...reported(2, 'migrate', 'COMPLETED'), runId: '1', runAttempt: 2, version: 'v1.0.1' };
  const all = {
    deployments: [reported(1, 'migrate', 'COMPLETED'), rerun],
    entries: [entry(1, 'migrate'), entry(2, 'migrate', { deployment: '1-2-0a1b2c3d' })],
    markers: [marker(1, 1)],
  };
  expect(broken(all)).toEqual([]);
  expect(broken({ ...all, snapshots: [snapshot(1, { progress: progress(1, 'migrate') })] })).toEqual([
    'ran again in a re-run',
  ]);
});

describe('the marker', () => {
  const backwards = 'the marker went backwards';

  test('has a generation that never falls', () => {
    const deployments = [deployment(1), deployment(2)];
    const rising = [snapshot(1, { marker: marker(1, 1) }), snapshot(2, { marker: marker(2, 2) })];
    expect(broken({ deployments, snapshots: rising })).toEqual([]);
    const falling = [snapshot(1, { marker: marker(1, 2) }), snapshot(2, { marker: marker(2, 1) })];
    expect(broken({ deployments, snapshots: falling })).toEqual([backwards]);
    expect(broken({ deployments, snapshots: [snapshot(1, { marker: marker(1, 2) }), snapshot(2)] })).toContain(
      backwards,
    );
  });

  test('has a version that never falls, of two at once only where the order is promised', () => {
    const markers = [marker(2, 1), marker(1, 2)];
    const deployments = [deployment(1), deployment(2)];
    expect(broken({ deployments, markers })).toEqual([backwards]);
    const together = [deployment(1), deployment(2, { round: 1 })];
    expect(broken({ deployments: together, markers })).toEqual([]);
    expect(broken({ deployments: together, markers }, STRICT)).toEqual([backwards]);
  });

  test('is there when it is said to be', () => {
    expect(broken({ deployments: [deployment(1)] })).toEqual(['said to be recorded, but it is not']);
    const silent = deployment(1, { outputs: { status: 'succeeded', recorded: 'false' } });
    expect(
      recordedSilently(record({ deployments: [silent], snapshots: [snapshot(1, { marker: marker(1, 1) })] })),
    ).toHaveLength(1);
    expect(recordedSilently(record({ deployments: [silent], snapshots: [snapshot(1)] }))).toEqual([]);
  });
});

describe('the lock', () => {
  const failed = (round: number, change = {}) =>
    deployment(round, {
      errors: ['LOCK_HELD'],
      outputs: { status: 'failed', recorded: 'false' },
      exitCode: 1,
      ...change,
    });

  test('is not held for longer than a task may run', () => {
    const held = (age: number, busyFor?: number) => ({
      deployments: [failed(1, { errors: [] })],
      snapshots: [snapshot(1, { lock: lock('held', age, busyFor) })],
    });
    expect(broken(held(1, 33))).toEqual([]);
    expect(broken(held(1, 900))).toEqual(['a lock is held for too long']);
  });

  test('refuses nobody when nobody can have it', () => {
    expect(broken({ deployments: [failed(1)] })).toEqual(['a lock stays']);
    expect(broken({ deployments: [failed(1, { together: 2 })] })).toEqual([]);
    const { plan } = deployment(2);
    const impatient = failed(2, { plan: { ...plan, mode: 'impatient' } });
    expect(broken({ deployments: [impatient], snapshots: [snapshot(1, { lock: lock('held', 1) })] })).toEqual([]);
    expect(broken({ deployments: [impatient], snapshots: [snapshot(1, { lock: lock('free', 1) })] })).toEqual([
      'a lock stays',
    ]);
  });
});

describe('the end of a step', () => {
  const ended = (change: Parameters<typeof deployment>[1]) =>
    broken({
      deployments: [deployment(1, { outputs: { status: 'failed', recorded: 'false' }, exitCode: 1, ...change })],
    });

  test('fits what it says', () => {
    const wrong = 'the step says something else than its results';
    expect(ended({})).toEqual([]);
    expect(ended({ exitCode: 0 })).toEqual([wrong]);
    const outputs = { status: 'succeeded', recorded: 'false' };
    expect(ended({ outputs })).toEqual([wrong]);
    expect(ended({ outputs, exitCode: 0, results: reported(1, 'migrate', 'UNKNOWN').results })).toEqual([wrong]);
  });

  test('comes with a word, unless it was interrupted', () => {
    const silent = { exitCode: null, outputs: {} };
    expect(ended(silent)).toEqual(['it ended without a word']);
    expect(ended({ ...silent, interrupted: { by: 'kill', tookMs: 1 } })).toEqual([]);
    expect(ended({ ...silent, interrupted: { by: 'cancel', tookMs: 1 } })).toEqual([]);
  });

  test('comes before the runner gets rough, and is no defect of ours', () => {
    expect(ended({ interrupted: { by: 'cancel', tookMs: 7_600 } })).toEqual([
      'cancelled, but it did not leave in time',
    ]);
    expect(ended({ errors: ['INTERNAL'] })).toEqual(['a defect of the action']);
  });
});
