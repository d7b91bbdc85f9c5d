import type { History } from '../history/types.ts';
import type { ProjectTask } from '../project/types.ts';
import type { EventOf } from '../runs/attempt.ts';
import type { InvokeEvent } from '../runtime/protocol.ts';
import { type Deployment, taskConfig } from './deployment.ts';
import type { Session } from './session.ts';
import type { Target } from './target.ts';

/**
 * What the attempts of each task receive. A Lambda that is not ours gets the payload itself with the deployment beside
 * it; ours finds in it what its context is made of.
 */
export function eventsOf(deployment: Deployment, history: History): (task: ProjectTask) => EventOf {
  const { project, session, target } = deployment;
  const createdAt = new Date(session.clock.now()).toISOString();
  const deployed = {
    id: session.deploymentId,
    isFirstDeploy: history.isFirstDeploy,
    ...(history.previousVersion !== undefined && { previousVersion: history.previousVersion }),
    environment: target.identity.environment,
    version: target.version,
  };
  return (task) => {
    const payload = { ...task.settings.payload, ...session.inputs.payload };
    if (task.settings.function !== undefined) return () => ({ ...payload, deployment: deployed });
    const { maxDuration, queue, retry } = task.behaviour;
    return ({ number, runStartedAt, machine: { name, cpu, memory }, channel }) => ({
      lumo: 1,
      task: task.name,
      deployment: deployed,
      config: { ...taskConfig(task), payload },
      payload,
      run: {
        id: `${session.deploymentId}/${task.name}`,
        createdAt,
        startedAt: runStartedAt,
        isReplay: session.workflow.run.attempt > 1,
      },
      attempt: { number, maxAttempts: retry.maxAttempts },
      retry,
      ...(maxDuration !== undefined && { maxDuration }),
      machine: { ...(name !== undefined && { name }), cpu, memory },
      queue: { name: queue.name },
      source: sourceOf(session, target),
      strictHooks: project.strictHooks,
      ...(channel && { channel }),
    });
  };
}

function sourceOf({ workflow }: Session, { commit, identity }: Target): InvokeEvent['source'] {
  const { repository, ref, actor } = workflow;
  const pullRequest = workflow.payload.pull_request?.number;
  return {
    project: identity.project,
    ...(commit !== 'HEAD' && { commit }),
    ...(repository !== undefined && { repository }),
    ...(ref !== undefined && { ref }),
    ...(pullRequest !== undefined && { pullRequest }),
    actor,
  };
}
