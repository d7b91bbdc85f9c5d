import path from 'node:path';
import { type Finding, formatPath } from './check.ts';
import type { TaskEntry } from './schema.ts';
import type { Phase, TaskSettings } from './types.ts';

/** All names and values of a function's environment together, in bytes (Lambda quota). */
const ENV_LIMIT_BYTES = 4096;

/** Names that Lambda sets itself and refuses in a function's configuration. */
const RESERVED_BY_LAMBDA = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
  'TZ',
]);

/** Names that the action sets in every function. */
const SET_BY_ACTION = new Set(['LUMO_PROJECT_NAME', 'LUMO_ENVIRONMENT']);

/**
 * A task's settings: its own entry, else `taskDefaults`, else the default of the contract. `env`, `tags` and `payload`
 * are merged key by key. `limits` have been worked out with the task's code.
 */
export function taskSettings(
  own: Partial<TaskEntry>,
  defaults: Partial<TaskEntry>,
  exclude: readonly string[],
  limits: Pick<TaskSettings, 'timeout' | 'memory'>,
): TaskSettings {
  const entry = { ...defaults, ...own };
  return {
    timeout: limits.timeout,
    runOn: [...new Set<Phase>(entry.runOn ?? ['deploy', 'update'])],
    copyAssets: (entry.copyAssets ?? []).map(({ from = '', to = path.posix.basename(from) }) => ({ from, to })),
    needs: [...new Set(entry.needs)],
    memory: limits.memory,
    env: { ...defaults.env, ...own.env },
    nodeModules: [...new Set(entry.nodeModules)],
    external: [...new Set(entry.external ?? exclude)],
    vpc: entry.vpc || undefined,
    layers: entry.layers ?? [],
    architecture: entry.architecture ?? 'x86_64',
    ephemeralStorage: entry.ephemeralStorage ?? 512,
    role: entry.role,
    runtime: entry.runtime ?? 'nodejs24.x',
    tags: { ...defaults.tags, ...own.tags },
    kmsKeyArn: entry.kmsKeyArn,
    logGroup: entry.logGroup,
    function: own.function,
    payload: { ...defaults.payload, ...own.payload },
  };
}

/** Names that Lambda or the action keep for themselves, of `tasks.<name>.env` or `taskDefaults.env`. */
export function envNameFindings(owner: readonly string[], env: Record<string, string> = {}): Finding[] {
  return Object.keys(env).flatMap((name) => {
    const why = envNameProblem(name);
    const path = [...owner, 'env', name];
    return why === undefined
      ? []
      : [{ code: 'TASK_ENV_INVALID' as const, path, message: `${formatPath(path)} ${why}` }];
  });
}

function envNameProblem(name: string): string | undefined {
  if (RESERVED_BY_LAMBDA.has(name)) return 'is a name that Lambda reserves for itself';
  if (SET_BY_ACTION.has(name)) return 'is always set by the action';
  if (/^[A-Za-z]\w+$/.test(name)) return undefined;
  return 'is no name Lambda accepts: a letter, then at least one letter, digit or underscore';
}

/** The finding that a task's environment with what the action adds is more than Lambda takes, with all sizes. */
export function envSizeFinding(task: string, env: Record<string, string>, added: Record<string, string>): Finding[] {
  const sizes = Object.entries({ ...env, ...added })
    .map(([name, value]) => ({ name, bytes: Buffer.byteLength(name) + Buffer.byteLength(value) }))
    .sort((a, b) => b.bytes - a.bytes);
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= ENV_LIMIT_BYTES) return [];
  const list = sizes.map(({ name, bytes }) => `${name} ${bytes}`).join(', ');
  const path = ['tasks', task, 'env'];
  const message = `${formatPath(path)} has ${total} bytes of names and values; Lambda takes ${ENV_LIMIT_BYTES}: ${list}`;
  return [{ code: 'TASK_ENV_INVALID', path, message }];
}
