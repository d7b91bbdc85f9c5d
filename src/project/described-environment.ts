import { lumoId } from '../package/entries.ts';
import { mentionOf } from './mentions.ts';
import type { ConfigShape } from './schema.ts';

interface EnvironmentOptions {
  /** `LUMO_ENVIRONMENT`. */
  environment: string;
  /** The host's, of which `LUMO_*` and the region are taken and nothing else. */
  env: NodeJS.ProcessEnv;
}

/** They are about a process on Lambda, with its files and layers around it. */
const NOT_HERE = ['NODE_OPTIONS', 'AWS_LAMBDA_EXEC_WRAPPER', 'LD_PRELOAD', 'LD_LIBRARY_PATH'];

/**
 * The environment in which a task file is loaded to be described: what the configuration gives its tasks, as far as is
 * known before loading: for the file's own name, and for every id that is written in it.
 */
export function describedEnvironment(
  config: Partial<ConfigShape>,
  { environment, env }: EnvironmentOptions,
): (file: string, source: string | undefined) => NodeJS.ProcessEnv {
  const region = config.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  const host = Object.entries(env).filter(
    ([name]) => name.startsWith('LUMO_') || (process.platform === 'win32' && name === 'SystemRoot'),
  );
  const common = {
    ...Object.fromEntries(host),
    ...(region !== undefined && { AWS_REGION: region, AWS_DEFAULT_REGION: region }),
  };
  const set = {
    ...(config.projectName !== undefined && { LUMO_PROJECT_NAME: config.projectName }),
    ...(config.events?.eventBus !== undefined && { EVENT_BUS_NAME: config.events.eventBus }),
    LUMO_ENVIRONMENT: environment,
  };
  return (file, source) => {
    const entries = [...(config.tasks ?? [])].filter(
      ([name]) => name === lumoId(file) || mentionOf(name, source) !== undefined,
    );
    const configured = [config.taskDefaults?.env, ...entries.map(([, entry]) => entry.env)].flatMap((each) =>
      Object.entries(each ?? {}),
    );
    const kept = configured.filter(([name]) => !NOT_HERE.includes(name));
    return { ...common, ...Object.fromEntries(kept), ...set };
  };
}
