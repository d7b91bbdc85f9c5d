/** Where an error comes from: a file relative to the workspace, with 1-based line and column, or a key path of the configuration. */
export interface ErrorLocation {
  file?: string;
  line?: number;
  column?: number;
  /** Key path, e.g. `tasks.run-migrations.timeout`. */
  key?: string;
}

export interface ActionErrorOptions {
  /** One line that says what to do about it. */
  advice: string;
  location?: ErrorLocation;
  cause?: unknown;
  /** Further single findings, each reported on its own line and, where it has a location, as its own annotation. */
  details?: readonly ErrorDetail[];
}

export interface ErrorDetail {
  message: string;
  location?: ErrorLocation;
}

/**
 * The one error of the action that is meant for people. `code` is stable and documented in `docs/errors.md`.
 * Whatever reaches the entry without being an `ActionError` is a defect of the action and reported as `INTERNAL`.
 */
export class ActionError extends Error {
  readonly code: ErrorCode;
  readonly advice: string;
  readonly location: ErrorLocation | undefined;
  readonly details: readonly ErrorDetail[];

  constructor(code: ErrorCode, message: string, options: ActionErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ActionError';
    this.code = code;
    this.advice = options.advice;
    this.location = options.location;
    this.details = options.details ?? [];
  }
}

/** Every code an `ActionError` can carry; `docs/errors.md` lists each, and a test keeps the two equal. */
export const ERROR_CODES = [
  'INPUT_INVALID',
  'CONFIG_NOT_FOUND',
  'CONFIG_INVALID',
  'CONFIG_LOAD_FAILED',
  'PROVIDER_UNSUPPORTED',
  'TASKS_NOT_FOUND',
  'TASK_UNKNOWN',
  'TASK_NEEDS_CYCLE',
  'TASK_NEEDS_UNMET',
  'TASK_DUPLICATE',
  'TASK_NOT_REGISTERED',
  'TASK_BUNDLE_FAILED',
  'TASK_IMPORT_FAILED',
  'TASK_TOO_LARGE',
  'TASK_ENV_INVALID',
  'NATIVE_ADDON',
  'NODE_MODULE_NOT_FOUND',
  'ASSET_MISSING',
  'ASSET_OUTSIDE',
  'ASSET_CONFLICT',
  'ESBUILD_UNAVAILABLE',
  'REGION_MISSING',
  'CREDENTIALS_MISSING',
  'CREDENTIALS_EXPIRED',
  'ACCESS_DENIED',
  'ROLE_MISSING',
  'BUCKET_UNKNOWN',
  'BUCKET_NOT_FOUND',
  'BUCKET_FOREIGN',
  'BUCKET_UNCONDITIONAL',
  'FUNCTION_NOT_OURS',
  'FUNCTION_NOT_FOUND',
  'FUNCTION_FAILED',
  'FUNCTION_BUSY',
  'AWS_FAILED',
  'HISTORY_AMBIGUOUS',
  'HISTORY_FAILED',
  'DOWNGRADE',
  'MARKER_FOREIGN',
  'STATE_INVALID',
  'LOCK_HELD',
  'LOCK_LOST',
  'NOT_DEPLOYED',
  'EVENT_REFUSED',
  'ENVIRONMENT_REQUIRED',
  'LOCAL_UNSUPPORTED',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Whatever is not an `ActionError` is a defect of ours: said so, with its stack as the cause. */
export function asActionError(error: unknown): ActionError {
  if (error instanceof ActionError) return error;
  return new ActionError('INTERNAL', `Unexpected error: ${error instanceof Error ? error.message : String(error)}`, {
    advice: 'This is a defect of the action. Please report it with the log of this step.',
    cause: error,
  });
}
