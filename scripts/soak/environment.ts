import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endsAt } from '../../src/state/lock-body.ts';
import { checkRuns } from './check-runs.ts';
import { checkState } from './check-state.ts';
import type { PlannedDeployment, Shape } from './plan.ts';
import type { DeploymentRecord, EnvironmentRecord, Snapshot, Violation } from './records.ts';
import { runStep } from './step.ts';
import type { Release, Workspaces } from './workspace.ts';
import type { World } from './world.ts';

/** Requests of a killed process that are still on their way arrive within this time. */
const LATE_REQUESTS_MS = 400;
/** `Date` and `Last-Modified` are whole seconds. */
const ROUNDING_MS = 2_000;

/** One environment of the soak, deployed again and again with versions that go forward. */
export class SoakEnvironment {
  readonly name: string;
  busy = false;
  /** When the lock that somebody left behind has ended, milliseconds since the epoch. */
  freeAt = 0;
  readonly deployments: DeploymentRecord[] = [];
  readonly #world: World;
  readonly #shape: Shape;
  /** Versions are tags; else commits. */
  readonly #tagged: boolean;
  readonly #snapshots: Snapshot[] = [];
  #versions = 0;

  constructor(name: string, shape: Shape, tagged: boolean, world: World) {
    this.name = name;
    this.#shape = shape;
    this.#tagged = tagged;
    this.#world = world;
  }

  /** Deploys all at once, then looks at everything that is known about the environment. */
  async deploy(round: number, plans: readonly PlannedDeployment[]): Promise<DeploymentRecord[]> {
    const deployed = await Promise.all(plans.map((plan) => this.#deployOne(round, plan, plans.length)));
    this.deployments.push(...deployed.toSorted((a, b) => a.startedAt - b.startedAt));
    if (deployed.some(({ interrupted }) => interrupted)) await delay(LATE_REQUESTS_MS);
    const snapshot = await this.#world.observer.snapshot(this.#shape.project, this.name);
    this.#snapshots.push(snapshot);
    const { lock } = snapshot;
    if (lock?.body.state === 'held') {
      this.freeAt = endsAt({ ...lock, etag: '' }) - this.#world.clockSkewMs + ROUNDING_MS;
    }
    return deployed;
  }

  async record(): Promise<EnvironmentRecord> {
    const { ledger, observer } = this.#world;
    const [entries, markers, channelResults] = await Promise.all([
      ledger.of(this.name),
      observer.markers(this.#shape.project, this.name),
      observer.channelResults(this.#shape.project, this.name),
    ]);
    const { name: environment, deployments } = this;
    return { environment, deployments, entries, snapshots: this.#snapshots, markers, channelResults };
  }

  async check(): Promise<Violation[]> {
    const record = await this.record();
    return [...checkRuns(record, this.#world.expected), ...checkState(record, this.#world.expected)];
  }

  async #deployOne(round: number, plan: PlannedDeployment, together: number): Promise<DeploymentRecord> {
    await delay(plan.startsAfterMs);
    const { tempDir, logsDir, workspaces } = this.#world;
    const identity = this.#identify(plan);
    const release = releaseOf(workspaces, identity.versionNumber);
    const startedAt = Date.now();
    const { log, ...step } = await runStep({
      tempDir,
      workspace: workspaces.folder(identity.plan.variant),
      inputs: this.#inputs(plan, together),
      env: { ...this.#world.awsEnv, ...this.#runEnvironment(identity, release) },
      interruption: plan.interruption,
    });
    const logFile = path.join(logsDir, `${String(round).padStart(5, '0')}-${this.name}-${identity.runId}.log`);
    await writeFile(logFile, `${JSON.stringify(identity.plan)}\n${log}`);
    const version = this.#tagged ? release.tag : release.commit.slice(0, 12);
    const errors = [...log.matchAll(/^::error [^\n]*?title=([A-Z_]+)[,:]/gm)].map(([, code = '']) => code);
    return {
      ...step,
      ...identity,
      round,
      version,
      environment: this.name,
      together,
      startedAt,
      endedAt: Date.now(),
      errors,
      logFile,
    };
  }

  /** Another version than before, unless the same workflow run is started again. */
  #identify(plan: PlannedDeployment): Pick<DeploymentRecord, 'plan' | 'runId' | 'runAttempt' | 'versionNumber'> {
    const last = this.deployments.at(-1);
    if (plan.mode === 'rerun' && last && last.together === 1) {
      const { runId, versionNumber } = last;
      return { plan: { ...plan, variant: last.plan.variant }, runId, runAttempt: last.runAttempt + 1, versionNumber };
    }
    this.#versions += 1;
    return { plan, runId: this.#world.nextRunId(), runAttempt: 1, versionNumber: this.#versions };
  }

  #inputs(plan: PlannedDeployment, together: number): Record<string, string> {
    return {
      environment: this.name,
      'working-directory': this.#shape.project,
      payload: JSON.stringify({ scripts: plan.scripts }),
      'max-parallel': String(this.#shape.maxParallel),
      'fail-fast': String(plan.failFast),
      'unknown-history': 'first-deploy',
      'lock-timeout': plan.mode === 'impatient' ? '0' : together > 1 ? '5' : '20',
      'execution-role-arn': this.#world.role,
    };
  }

  #runEnvironment(
    { runId, runAttempt }: Pick<DeploymentRecord, 'runId' | 'runAttempt'>,
    { commit, tag }: Release,
  ): Record<string, string> {
    return {
      GITHUB_RUN_ID: runId,
      GITHUB_RUN_ATTEMPT: String(runAttempt),
      GITHUB_SHA: commit,
      GITHUB_REF: this.#tagged ? `refs/tags/${tag}` : 'refs/heads/main',
      GITHUB_REF_NAME: this.#tagged ? tag : 'main',
      GITHUB_REF_TYPE: this.#tagged ? 'tag' : 'branch',
    };
  }
}

function releaseOf({ releases }: Workspaces, versionNumber: number): Release {
  const release = releases[versionNumber - 1];
  if (release === undefined) throw new Error(`There is no version ${versionNumber}`);
  return release;
}
