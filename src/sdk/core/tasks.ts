import type { TaskContext } from '../../runtime/context.ts';
import type { TaskResult } from '../../runtime/protocol.ts';

export type { TaskContext, TaskResult };

/** What a task's file exports as `run`. */
export type TaskHandler = (context: TaskContext) => Promise<TaskResult>;
