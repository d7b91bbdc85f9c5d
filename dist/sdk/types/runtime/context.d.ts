import type { InvokeEvent } from './protocol.js';
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
    queue: {
        name: string;
    };
    environment: {
        /** Name of the environment that is deployed to. */
        slug: string;
        git: GitContext;
    };
    project: {
        slug: string;
        name: string;
    };
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
export declare function contextOf(event: InvokeEvent, file: string, startedAt: Date): Context;
/** What a plain Lumo task's `run` receives: the framework's context and nothing else, as its authors know it. */
export declare function taskContextOf(event: InvokeEvent): TaskContext;
/** Configured payload and that of the action, with what every task gets; the author's part of it is `event.payload`. */
export declare function withDeployment(payload: unknown, event: InvokeEvent): unknown;
/** True for an event the action sent: a task never runs with a context that was made up. */
export declare function isInvokeEvent(event: unknown): event is InvokeEvent;
