import type { TaskContext } from '../../runtime/context.js';
import type { TaskResult } from '../../runtime/protocol.js';
export type { TaskContext, TaskResult };
/** What a task's file exports as `run`. */
export type TaskHandler = (context: TaskContext) => Promise<TaskResult>;
