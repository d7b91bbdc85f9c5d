import type { Entry } from '../../scripts/soak/ledger.ts';
import { quietDeployment } from '../../scripts/soak/plan.ts';
import type { DeploymentRecord, EnvironmentRecord, Snapshot } from '../../scripts/soak/records.ts';
import type { RunResult, RunStatus } from '../../src/runs/types.ts';
import type { LockBody, Marker, Progress } from '../../src/state/types.ts';

/** Seconds after this moment are what the samples are timed in. */
const START = Date.UTC(2026, 2, 1, 10);
const at = (seconds: number): number => START + seconds * 1000;
const iso = (seconds: number): string => new Date(at(seconds)).toISOString();

/** A deployment that took the seconds from 10 x `round` to 10 x `round` + 5. */
export function deployment(round: number, change: Partial<DeploymentRecord> = {}): DeploymentRecord {
  return {
    round,
    plan: quietDeployment(),
    environment: 'env-1',
    runId: String(round),
    runAttempt: 1,
    version: `v1.0.${round}`,
    versionNumber: round,
    together: 1,
    startedAt: at(round * 10),
    endedAt: at(round * 10 + 5),
    errors: [],
    logFile: `${round}.log`,
    exitCode: 0,
    interrupted: undefined,
    outputs: { status: 'succeeded', recorded: 'true' },
    results: [],
    ...change,
  };
}

/** Deployment `round` in which `task` ended like this after so many attempts. */
export function reported(round: number, task: string, status: RunStatus, attempts = 1): DeploymentRecord {
  const good = status === 'COMPLETED' || status === 'SKIPPED';
  const outputs = { status: good ? 'succeeded' : 'failed', recorded: 'false' };
  return deployment(round, { results: [result(task, status, attempts)], outputs, exitCode: good ? 0 : 1 });
}

function result(task: string, status: RunStatus, attempts: number): RunResult {
  const numbers = Array.from({ length: attempts }, (_, index) => index + 1);
  return {
    task,
    file: null,
    status,
    attempts: numbers.map((number) => ({ number, status, startedAt: iso(0), durationMs: 1 })),
    startedAt: null,
    durationMs: 1,
    billedMs: 1,
    maxMemoryMb: 1,
    function: null,
    version: null,
    warnings: [],
  };
}

let executions = 0;

/** An execution in deployment `round`, in its first two seconds. */
export function entry(round: number, task: string, change: Partial<Entry> = {}): Entry {
  executions += 1;
  return {
    execution: String(executions),
    environment: 'env-1',
    deployment: `${round}-1-0a1b2c3d`,
    task,
    attempt: 1,
    variant: 'a',
    isFirstDeploy: round === 1,
    started: at(round * 10),
    seen: at(round * 10 + 2),
    ending: 'ok',
    ...change,
  };
}

export function marker(round: number, generation: number, change: Partial<Marker> = {}): Marker {
  return {
    schema: 1,
    project: 'soak-1',
    environment: 'env-1',
    repository: 'acme/soak',
    path: 'soak-1',
    region: 'eu-central-1',
    version: `v1.0.${round}`,
    phase: 'update',
    commit: 'c0ffee',
    deployedAt: iso(round * 10 + 4),
    actor: 'octocat',
    run: { id: String(round), attempt: 1, url: null },
    generation,
    tasks: {},
    ...change,
  };
}

export function progress(round: number, ...completed: string[]): Progress {
  const { deployedAt: completedAt, generation: _1, tasks: _2, commit: _3, actor: _4, ...rest } = marker(round, 1);
  const task = { digest: '', version: rest.version, run: rest.run, completedAt, runOn: [], function: '' };
  const entries = completed.map((name) => [name, { ...task, functionVersion: '1', codeSha256: '', options: {} }]);
  return { ...rest, source: 'none', completed: Object.fromEntries(entries) };
}

/** What lay in the bucket two seconds after deployment `round` had ended. */
export function snapshot(round: number, stored: Partial<Omit<Snapshot, 'at'>> = {}): Snapshot {
  return { at: at(round * 10 + 7), marker: undefined, progress: undefined, lock: undefined, ...stored };
}

/** A lock that was written `age` seconds ago; `busyFor`: seconds from now on. */
export function lock(state: LockBody['state'], age: number, busyFor?: number): Snapshot['lock'] {
  const body: LockBody = {
    schema: 1,
    state,
    owner: 'somebody',
    run: { id: '1', attempt: 1, url: null },
    actor: 'octocat',
    acquiredAt: iso(0),
    ttlSeconds: 60,
    busyUntil: busyFor === undefined ? null : iso(busyFor),
    generation: 1,
    revision: 1,
  };
  return { body, lastModified: at(-age), serverNow: at(0) };
}

export function record(change: Partial<EnvironmentRecord>): EnvironmentRecord {
  return {
    environment: 'env-1',
    deployments: [],
    entries: [],
    snapshots: [],
    markers: [],
    channelResults: new Set(),
    ...change,
  };
}
