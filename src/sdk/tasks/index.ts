/**
 * What authors of tasks import. Names of the API that have no meaning in a deployment exist, so that files which
 * import them still bundle, and throw `NotAvailableError` when they are called; what a task can do without is a warning.
 */
import { notAvailable } from './not-available.ts';
import { withoutEffect } from './without-effect.ts';

export type { Context, DeploymentPayload, GitContext, TaskContext } from '../../runtime/context.ts';
export type { TaskResult } from '../../runtime/protocol.ts';
export { defineConfig, type TriggerConfig } from './config.ts';
export { AbortTaskRunError, CompleteTaskWithOutput, OutOfMemoryError } from './errors.ts';
export { type RegisterHook, tasks } from './global-hooks.ts';
export type * from './hooks.ts';
export { type LocalsKey, locals } from './locals.ts';
export { type LogLevel, logger, type Span } from './logger.ts';
export { type Json, metadata } from './metadata.ts';
export { type NotAvailable, NotAvailableError } from './not-available.ts';
export { type Queue, type QueueOption, queue } from './queue.ts';
export { retry } from './retry.ts';
export type { MachineOption, MachinePreset, RetryOptions, TaskRetryOptions } from './retry-options.ts';
export type { Schema, SchemaInput, SchemaOutput, StandardSchema } from './schema.ts';
export { type DefaultPayload, type SchemaTaskOptions, schemaTask, type Task, type TaskOptions, task } from './task.ts';
export { timeout } from './timeout.ts';
export type { RunHandle, TaskRunResult, TaskTriggers } from './triggers.ts';
export { type WaitOptions, type WaitPeriod, wait, waitUntil } from './wait.ts';

export const ApiError = notAvailable('ApiError');
export const AuthenticationError = notAvailable('AuthenticationError');
export const BadRequestError = notAvailable('BadRequestError');
export const BatchTriggerError = notAvailable('BatchTriggerError');
export const ConflictError = notAvailable('ConflictError');
export const InternalServerError = notAvailable('InternalServerError');
export const NotFoundError = notAvailable('NotFoundError');
export const PermissionDeniedError = notAvailable('PermissionDeniedError');
export const RateLimitError = notAvailable('RateLimitError');
export const SubtaskUnwrapError = notAvailable('SubtaskUnwrapError');
export const TriggerClient = notAvailable('TriggerClient');
export const UnprocessableEntityError = notAvailable('UnprocessableEntityError');
export const auth = notAvailable('auth');
export const batch = notAvailable('batch');
export const configure = notAvailable('configure');
export const deployments = notAvailable('deployments');
export const envvars = notAvailable('envvars');
export const heartbeats = { yield: withoutEffect('heartbeats.yield') };
export const idempotencyKeys = notAvailable('idempotencyKeys');
export const otel = notAvailable('otel');
export const prompts = notAvailable('prompts');
export const query = notAvailable('query');
export const queues = notAvailable('queues');
export const runs = notAvailable('runs');
export const schedules = notAvailable('schedules');
export const sessions = notAvailable('sessions');
export const skills = notAvailable('skills');
export const streams = notAvailable('streams');
export const tags = { add: withoutEffect('tags.add') };
export const toolTask = notAvailable('toolTask');
export const usage = notAvailable('usage');
export const webhooks = notAvailable('webhooks');
