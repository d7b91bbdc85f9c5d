import type { ActionError } from '../errors.ts';
import type { Superseded } from '../history/succession.ts';
import type { History } from '../history/types.ts';
import type { TaskBehaviour } from '../project/types.ts';
import type { RunResult } from '../runs/types.ts';

/** What was or would be done to one function. */
export interface FunctionChange {
  task: string;
  function: string;
  action: 'create' | 'update' | 'unchanged' | 'delete' | 'existing';
  /** Why, in words: `code changed`, `memory 1024 -> 2048`; empty for `unchanged` and `existing`. */
  reasons: string[];
  /** Published version, once it is known. */
  version?: string;
}

/** What `plan` says of one task. */
export interface PlannedTask {
  task: string;
  file: string | null;
  /** Name of the Lambda function. */
  function: string;
  action: FunctionChange['action'] | 'unknown';
  /** Why the function would be created or updated. */
  reasons: string[];
  run: boolean;
  /** Why it would run or be skipped. */
  reason: string;
  /** How it would be run. */
  dialect: TaskBehaviour['dialect'];
  maxAttempts: number;
  queue: string;
  /** Attempts on that queue at a time, or null for as many as may be. */
  concurrencyLimit: number | null;
  /** Name of the machine preset, or null. */
  machine: string | null;
  /** MB, or null for a Lambda that is not ours. */
  memoryMb: number | null;
  /** Kinds of hooks, in the order they run. */
  hooks: string[];
}

/** One finding of the preflight. */
export interface PreflightCheck {
  name: string;
  ok: boolean;
  message: string;
}

export type ReportStatus = 'succeeded' | 'failed' | 'cancelled' | 'superseded' | 'planned';

/** True for what a step ends with that does not fail. */
export function isSuccess(status: ReportStatus): boolean {
  return status !== 'failed' && status !== 'cancelled';
}

/** One report of one execution of a command; every renderer reads it and nothing else. */
export interface Report {
  command: string;
  project: string;
  /** Folder of the project relative to the workspace, with `/`; `.` at its top. `RunResult.file` is relative to it. */
  projectPath: string;
  environment: string;
  region: string;
  version: string;
  history: History | undefined;
  /** Why nothing was, or would be, done: newer code is deployed already. */
  superseded: Superseded | undefined;
  status: ReportStatus;
  recorded: boolean;
  /** Why the environment was not recorded: what is still missing. */
  notRecorded: string | undefined;
  functions: FunctionChange[];
  results: RunResult[];
  /** Filled by `plan` only. */
  plan: PlannedTask[];
  preflight: PreflightCheck[];
  warnings: string[];
  /** What ended the command early, or undefined. */
  error: ActionError | undefined;
  /** ISO 8601. */
  startedAt: string;
  durationMs: number;
  /** URL of the workflow run, or null outside Actions. */
  runUrl: string | null;
  /** What is missing because there is no bucket, and other notices of the place it ran in. */
  notices: string[];
}
