import type { DeploymentPayload } from '../../runtime/context.ts';
import { registerTask, type TaskDefinition } from '../../runtime/registry.ts';
import type {
  CancelHook,
  CatchErrorHook,
  CleanupHook,
  CompleteHook,
  FailureHook,
  InitHook,
  InitOutput,
  MiddlewareHook,
  RunParams,
  StartAttemptHook,
  StartHook,
  SuccessHook,
  WaitHook,
} from './hooks.ts';
import type { QueueOption } from './queue.ts';
import type { MachineOption, TaskRetryOptions } from './retry-options.ts';
import type { Schema, SchemaInput, SchemaOutput } from './schema.ts';
import { type TaskTriggers, triggers } from './triggers.ts';

/** Fields of `task()`. */
export interface TaskOptions<TId extends string, TPayload, TOutput, TInit extends InitOutput> {
  /** Unique in the project; it should not change between versions. */
  id: TId;
  /** For people who read plans and reports. */
  description?: string | undefined;
  /** Default: 3 attempts with an exponential delay. */
  retry?: TaskRetryOptions | undefined;
  /** Limits how many runs execute at once. Default: a queue of the task's own, unlimited. */
  queue?: QueueOption | undefined;
  /** Default: 1024 MB. */
  machine?: MachineOption | undefined;
  /** Seconds of compute time of one attempt, waits not counted: 5 to 870. */
  maxDuration?: number | undefined;
  /** Accepted without effect: a deployment starts its tasks at once. */
  ttl?: string | number | undefined;
  /** Accepted without effect. */
  jsonSchema?: unknown;
  /**
   * Runs before each attempt. What it returns is `init` of `run` and of the hooks. An error in it is reported and
   * ignored.
   */
  init?: InitHook<TPayload, TInit> | undefined;
  middleware?: MiddlewareHook<TPayload> | undefined;
  onStart?: StartHook<TPayload, TInit> | undefined;
  onStartAttempt?: StartAttemptHook<TPayload> | undefined;
  onWait?: WaitHook<TPayload, TInit> | undefined;
  onResume?: WaitHook<TPayload, TInit> | undefined;
  /** The task's code. What it returns has to be JSON; an error that it throws fails the attempt. */
  run: (payload: TPayload, params: RunParams<TInit>) => Promise<TOutput> | TOutput;
  onSuccess?: SuccessHook<TPayload, NoInfer<TOutput>, TInit> | undefined;
  onFailure?: FailureHook<TPayload, TInit> | undefined;
  onComplete?: CompleteHook<TPayload, NoInfer<TOutput>, TInit> | undefined;
  onCancel?: CancelHook<TPayload, NoInfer<TOutput>, TInit> | undefined;
  catchError?: CatchErrorHook<TPayload, TInit> | undefined;
  /** Older name of `catchError`. */
  handleError?: CatchErrorHook<TPayload, TInit> | undefined;
  cleanup?: CleanupHook<TPayload, TInit> | undefined;
}

export interface SchemaTaskOptions<TId extends string, TSchema extends Schema, TOutput, TInit extends InitOutput>
  extends TaskOptions<TId, SchemaOutput<TSchema>, TOutput, TInit> {
  /** Checks and converts the payload before anything else runs. A payload that it refuses fails the run at once. */
  schema: TSchema;
}

/** A task that is defined. Its runs are started by the deployment, not by code. */
export interface Task<TId extends string, TPayload, TOutput> extends TaskTriggers<TId, TPayload, TOutput> {
  readonly id: TId;
}

/** The payload of a task whose author gave no type: what the deployment tells, and whatever was configured. */
export type DefaultPayload = DeploymentPayload & { [key: string]: unknown };

/**
 * Defines a task. It need not be exported: whatever is defined while a file of `functions/tasks` is loaded is a task.
 * The payload is the task's `payload` of the configuration, then that of the action, then `deployment`, `config` and
 * `workingDirectory`.
 */
export function task<
  TId extends string,
  TPayload = DefaultPayload,
  TOutput = unknown,
  TInit extends InitOutput = InitOutput,
>(options: TaskOptions<TId, TPayload, TOutput, TInit>): Task<TId, TPayload, TOutput> {
  return define(options as unknown as TaskDefinition, options.id);
}

/** Defines a task whose payload is checked by a schema; `run` receives what the schema makes of it. */
export function schemaTask<
  TId extends string,
  TSchema extends Schema,
  TOutput = unknown,
  TInit extends InitOutput = InitOutput,
>(options: SchemaTaskOptions<TId, TSchema, TOutput, TInit>): Task<TId, SchemaInput<TSchema>, TOutput> {
  return define(options as unknown as TaskDefinition, options.id);
}

function define<TId extends string, TPayload, TOutput>(
  definition: TaskDefinition,
  id: TId,
): Task<TId, TPayload, TOutput> {
  if (typeof id !== 'string' || typeof definition.run !== 'function') {
    throw new TypeError('task() needs an id and a function "run"');
  }
  registerTask(definition);
  return { id, ...triggers<TId, TPayload, TOutput>(id) };
}
