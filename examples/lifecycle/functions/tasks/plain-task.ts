import type { TaskContext, TaskResult } from '@lumo-framework/tasks';

/** A plain task, under the hooks of `init.ts` as all others are. */
export async function run(ctx: TaskContext): Promise<TaskResult> {
  const { environment, isFirstDeploy } = ctx.deployment;
  return {
    success: true,
    message: `${environment} was ${isFirstDeploy ? 'deployed for the first time' : 'updated'}`,
    data: { timeout: ctx.config.timeout },
  };
}
