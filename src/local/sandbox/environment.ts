import path from 'node:path';
import { LOCAL_KEY } from '../s3/signature.ts';

/** What a sandbox needs to know of the function version it runs. */
export interface SandboxSpec {
  /** With the version. */
  arn: string;
  functionName: string;
  version: string;
  handler: string;
  /** Declared runtime, e.g. `nodejs24.x`. */
  runtime: string;
  region: string;
  timeoutSeconds: number;
  memoryMb: number;
  logGroup: string;
  /** The function's own environment variables. */
  variables: Record<string, string>;
  /** Of the embedded AWS. */
  endpoint: string;
  /** Path of the bundled runtime interface client. */
  runtimeClient: string;
}

export interface SandboxFolders {
  /** The unpacked code. */
  task: string;
  /** The sandbox's `/tmp`. */
  temporary: string;
  /** Does not exist: nothing of the machine's user (credentials, settings) is found from a task. */
  home: string;
}

/**
 * The whole environment of a task: what Lambda sets, the function's variables, and the way to this server. Nothing is
 * inherited from the process that runs the action.
 */
export function sandboxEnvironment(
  spec: SandboxSpec,
  folders: SandboxFolders,
  runtimeApi: string,
  logStream: string,
): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: spec.endpoint,
    ...spec.variables,
    AWS_ACCESS_KEY_ID: LOCAL_KEY,
    AWS_SECRET_ACCESS_KEY: LOCAL_KEY,
    AWS_SESSION_TOKEN: LOCAL_KEY,
    AWS_REGION: spec.region,
    AWS_DEFAULT_REGION: spec.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${spec.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: spec.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: spec.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: spec.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    LAMBDA_TASK_ROOT: folders.task,
    _HANDLER: spec.handler,
    TZ: 'UTC',
    LANG: spec.variables.LANG ?? 'en_US.UTF-8',
    PATH: spec.variables.PATH ?? `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    TMPDIR: folders.temporary,
    HOME: spec.variables.HOME ?? folders.home,
  };
}

/** Flags Lambda starts Node with: the heap is bounded by the function's memory. */
export function nodeFlags(memoryMb: number): string[] {
  return [
    `--max-old-space-size=${Math.floor(memoryMb * 0.9)}`,
    `--max-semi-space-size=${Math.max(1, Math.floor(memoryMb * 0.05))}`,
  ];
}
