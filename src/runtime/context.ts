import type { InvokeEvent } from './protocol.ts';

/** What `run` receives: exactly the framework's TaskContext. */
export interface TaskContext {
  deployment: {
    isFirstDeploy: boolean;
    /** Absent on a first deployment. */
    previousVersion?: string;
    environment: string;
  };
  config: Record<string, unknown>;
  /** The unpacked package: where `copyAssets` lie. Read-only on Lambda. */
  workingDirectory: string;
}

export function contextOf(event: InvokeEvent): TaskContext {
  const { isFirstDeploy, previousVersion, environment } = event.deployment;
  return {
    deployment: { isFirstDeploy, ...(previousVersion === undefined ? {} : { previousVersion }), environment },
    config: event.config,
    workingDirectory: process.cwd(),
  };
}

/** True for an event the action sent: a task never runs with a context that was made up. */
export function isInvokeEvent(event: unknown): event is InvokeEvent {
  const { lumo, deployment, config } = (event ?? {}) as Partial<InvokeEvent>;
  return (
    lumo === 1 &&
    typeof deployment?.isFirstDeploy === 'boolean' &&
    typeof deployment.environment === 'string' &&
    typeof config === 'object'
  );
}
