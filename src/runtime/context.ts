import type { InvokeEvent } from './protocol.ts';

/** The framework's TaskContext: what a plain Lumo task's `run` receives. */
export interface TaskContext {
  deployment: {
    isFirstDeploy: boolean;
    /** Absent on a first deployment. */
    previousVersion?: string;
    environment: string;
  };
  /** The task's entry of the configuration, defaults filled in. */
  config: Record<string, unknown>;
  /** The unpacked package: where `copyAssets` lie. Read-only on Lambda. */
  workingDirectory: string;
}

/** What is known of the commit that is deployed. */
export interface GitContext {
  commitSha?: string;
  /** As in `GITHUB_REF`. */
  commitRef?: string;
  /** `owner/name` */
  repository?: string;
  pullRequestNumber?: number;
  /** Whoever started the workflow. */
  ghUsername?: string;
}

/**
 * `ctx` of `run` and of every hook. It does not change while an attempt runs; what does not exist in a deployment
 * (batches, organizations, costs) is not there.
 */
export interface Context extends TaskContext {
  deployment: TaskContext['deployment'] & {
    /** Of this deployment. */
    id: string;
    /** The version that is being deployed. */
    version: string;
    git: GitContext;
  };
  task: {
    id: string;
    /** Path of the task's file relative to the project. */
    filePath: string;
  };
  attempt: {
    /** Counts from 1. */
    number: number;
    startedAt: Date;
  };
  run: {
    /** `<deployment id>/<task>`, the same in all attempts. */
    id: string;
    tags: string[];
    isTest: boolean;
    /** True on "Re-run jobs". */
    isReplay: boolean;
    /** When the deployment began its runs. */
    createdAt: Date;
    /** When the first attempt was started. */
    startedAt: Date;
    /** Attempts in total. */
    maxAttempts: number;
    version: string;
    /** Seconds of compute time. */
    maxDuration?: number;
  };
  queue: { name: string };
  environment: {
    /** Name of the environment that is deployed to. */
    slug: string;
    git: GitContext;
  };
  project: { slug: string; name: string };
  machine: {
    /** The preset, when there is one. */
    name?: string;
    /** vCPU that the function really has. */
    cpu: number;
    /** MB that the function really has. */
    memory: number;
  };
}

/** What a task knows of its deployment whatever its payload is; no payload overrides it. */
export type DeploymentPayload = TaskContext;

export function contextOf(event: InvokeEvent, file: string, startedAt: Date): Context {
  const { deployment, run, attempt, machine, maxDuration } = event;
  const { id, isFirstDeploy, previousVersion, environment, version } = deployment;
  const git = gitOf(event);
  return deepFreeze({
    deployment: {
      isFirstDeploy,
      ...(previousVersion === undefined ? {} : { previousVersion }),
      environment,
      id,
      version,
      git,
    },
    config: event.config,
    workingDirectory: process.cwd(),
    task: { id: event.task, filePath: file },
    attempt: { number: attempt.number, startedAt },
    run: {
      id: run.id,
      tags: [],
      isTest: false,
      isReplay: run.isReplay,
      createdAt: new Date(run.createdAt),
      startedAt: new Date(run.startedAt),
      maxAttempts: attempt.maxAttempts,
      version,
      ...(maxDuration === undefined ? {} : { maxDuration }),
    },
    queue: { name: event.queue.name },
    environment: { slug: environment, git },
    project: { slug: event.source.project, name: event.source.project },
    machine: {
      ...(machine.name === undefined ? {} : { name: machine.name }),
      cpu: machine.cpu,
      memory: machine.memory,
    },
  });
}

/** What a plain Lumo task's `run` receives: the framework's context and nothing else, as its authors know it. */
export function taskContextOf(event: InvokeEvent): TaskContext {
  const { isFirstDeploy, previousVersion, environment } = event.deployment;
  return {
    deployment: { isFirstDeploy, ...(previousVersion === undefined ? {} : { previousVersion }), environment },
    config: structuredClone(event.config),
    workingDirectory: process.cwd(),
  };
}

/** Configured payload and that of the action, with what every task gets; the author's part of it is `event.payload`. */
export function withDeployment(payload: unknown, event: InvokeEvent): unknown {
  if (!isPlainObject(payload)) {
    return payload;
  }
  return { ...payload, ...taskContextOf(event) };
}

/** True for an event the action sent: a task never runs with a context that was made up. */
export function isInvokeEvent(event: unknown): event is InvokeEvent {
  const { lumo, task, deployment, config, ...parts } = (event ?? {}) as Partial<InvokeEvent>;
  const { payload, run, attempt, retry, machine, queue, source } = parts;
  return (
    lumo === 1 &&
    typeof task === 'string' &&
    typeof deployment?.isFirstDeploy === 'boolean' &&
    typeof deployment.environment === 'string' &&
    Number.isInteger(attempt?.number) &&
    [config, payload, run, retry, machine, queue, source].every((part) => typeof part === 'object' && part !== null)
  );
}

function gitOf({ source }: InvokeEvent): GitContext {
  const { commit, ref, repository, pullRequest, actor } = source;
  return {
    ...(commit === undefined ? {} : { commitSha: commit }),
    ...(ref === undefined ? {} : { commitRef: ref }),
    ...(repository === undefined ? {} : { repository }),
    ...(pullRequest === undefined ? {} : { pullRequestNumber: pullRequest }),
    ...(actor === undefined ? {} : { ghUsername: actor }),
  };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) {
      deepFreeze(member);
    }
  }
  return value;
}
