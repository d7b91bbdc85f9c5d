import path from 'node:path';
import { findPackage } from './resolve.ts';

const CORE = '@lumo-framework/core';

/** What task authors import, and what npm installs for it. */
const TASK_SDKS = [
  { specifier: '@lumo-framework/tasks', installed: '@lumo-framework/tasks' },
  { specifier: '@trigger.dev/sdk', installed: '@trigger.dev/sdk' },
  { specifier: '@trigger.dev/sdk/v3', installed: '@trigger.dev/sdk' },
] as const;

/** Imported by an entry of ours, and resolved from the project. */
export const INSTALLED_CORE = 'lumo-installed-core';

export interface SdkOptions {
  distDir: string;
  projectRoot: string;
  /** `false`: an installed SDK wins over ours. */
  aliasSdk?: boolean;
}

/**
 * `--alias:` flags for the packages that task authors import. Our copy of the task SDK wins unless `aliasSdk` is false,
 * so that tasks and action fit together; `@lumo-framework/core` is ours only where the project has none.
 */
export async function sdkAliases({ distDir, projectRoot, aliasSdk = true }: SdkOptions): Promise<string[]> {
  const tasks = path.join(distDir, 'sdk', 'tasks.mjs');
  const own = await ownSdks(projectRoot, aliasSdk);
  const aliases = own.map((specifier) => `--alias:${specifier}=${tasks}`);
  if (await findPackage(CORE, projectRoot)) aliases.push(`--alias:${INSTALLED_CORE}=${CORE}`);
  else aliases.push(`--alias:${CORE}=${path.join(distDir, 'sdk', 'core.mjs')}`);
  return aliases;
}

/** Whether an import as it is written is one of a task SDK. */
export function isTaskSdk(specifier: string): boolean {
  return TASK_SDKS.some((each) => each.specifier === specifier);
}

export function isCore(specifier: string): boolean {
  return specifier === CORE;
}

/** The imports that lead to a task SDK which registers tasks with us: our copy, or an installed one of ours. */
export async function registeringSdks(projectRoot: string, aliasSdk: boolean): Promise<Set<string>> {
  return new Set(['@lumo-framework/tasks', ...(await ownSdks(projectRoot, aliasSdk))]);
}

/** Whether `@lumo-framework/core` of the project's own is what tasks import. */
export async function hasInstalledCore(projectRoot: string): Promise<boolean> {
  return (await findPackage(CORE, projectRoot)) !== undefined;
}

async function ownSdks(projectRoot: string, aliasSdk: boolean): Promise<string[]> {
  const names = TASK_SDKS.map(({ specifier }) => specifier);
  if (aliasSdk) return names;
  const installed = await Promise.all(TASK_SDKS.map((each) => findPackage(each.installed, projectRoot)));
  return names.filter((_, index) => installed[index] === undefined);
}
