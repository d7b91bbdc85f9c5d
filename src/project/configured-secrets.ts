import { isObject } from './check.ts';

/**
 * What a configuration, not yet checked, holds that nobody may see: the values of `secrets` and of every `env`. Known
 * before the first word about the project is printed; what is wrong in it changes nothing about that.
 */
export function configuredSecrets(config: unknown, secrets: Readonly<Record<string, string>>): string[] {
  const { tasks, taskDefaults } = isObject(config) ? config : {};
  const entries = [taskDefaults, ...(isObject(tasks) ? Object.values(tasks) : [])];
  const variables = entries.flatMap((entry) =>
    isObject(entry) && isObject(entry.env) ? Object.values(entry.env) : [],
  );
  return [...new Set([...Object.values(secrets), ...variables.filter((value) => typeof value === 'string')])];
}
