import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { ActionError } from '../errors.ts';
import type { FunctionChange } from '../report/types.ts';
import type { FunctionsApi } from './api.ts';
import { mapLimit } from './concurrency.ts';
import { inspectFunction } from './inspect.ts';
import { FUNCTIONS_AT_A_TIME } from './plan.ts';
import type { ProjectIdentity } from './settings.ts';
import { foreignTags } from './tags.ts';

/** Versions that are kept besides the one in use. */
const VERSIONS_KEPT = 2;

/**
 * Of `names`, those that exist and are this environment's: what `deleteFunctions` would delete; writes nothing. Functions
 * of somebody else are left out with a line in the log.
 */
export async function findDeletable(
  api: FunctionsApi,
  names: readonly string[],
  identity: ProjectIdentity,
  reason: string,
): Promise<FunctionChange[]> {
  const found = await mapLimit([...new Set(names)], FUNCTIONS_AT_A_TIME, async (name) => {
    const existing = await inspectFunction(api, name);
    if (!existing) return [];
    const differences = foreignTags(existing.tags, identity);
    if (differences.length === 0) {
      return [{ task: existing.tags['lumo:task'] ?? '', function: name, action: 'delete' as const, reasons: [reason] }];
    }
    api.log.info(`${name} is left alone, it is not of this project and environment: ${differences.join('; ')}`);
    return [];
  });
  return found.flat();
}

/** Deletes those of `names` that are ours, with all their versions; what is gone already is fine. */
export async function deleteFunctions(
  api: FunctionsApi,
  names: readonly string[],
  identity: ProjectIdentity,
  reason: string,
): Promise<FunctionChange[]> {
  const deletable = await findDeletable(api, names, identity, reason);
  await mapLimit(deletable, FUNCTIONS_AT_A_TIME, async (change) => {
    await api.delete(change.function);
    api.log.info(`${change.function}: deleted`);
  });
  return deletable;
}

/** Deletes the functions of tasks that are no longer in the project: the recorded names that are not wanted any more. */
export async function pruneFunctions(
  api: FunctionsApi,
  recorded: readonly string[],
  wanted: readonly string[],
  identity: ProjectIdentity,
): Promise<FunctionChange[]> {
  const keep = new Set(wanted);
  const names = recorded.filter((name) => !keep.has(name));
  return await deleteFunctions(api, names, identity, 'its task is no longer in the project');
}

/**
 * Deletes all published versions but the newest two and those `inUse`. Meant for functions that were changed, after their tasks
 * have run: a version that cannot be deleted costs only storage, so it is a warning.
 */
export async function deleteOldVersions(
  api: FunctionsApi,
  name: string,
  inUse: readonly (string | undefined)[],
): Promise<void> {
  try {
    const numbers = (await api.versions(name)).map((version: FunctionConfiguration) => version.Version ?? '');
    const old = numbers.sort((a, b) => Number(b) - Number(a)).slice(VERSIONS_KEPT);
    for (const version of old.filter((number) => !inUse.includes(number))) await api.delete(name, version);
  } catch (error) {
    if (!(error instanceof ActionError)) throw error;
    api.log.warning(`Old versions of ${name} could not be deleted. ${error.message} ${error.advice}`);
  }
}
