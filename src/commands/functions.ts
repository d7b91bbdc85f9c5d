import type { DeployedFunction } from '../functions/deploy.ts';
import { existingFunction } from '../functions/existing.ts';
import type { KnownVersions } from '../functions/plan.ts';
import type { ProjectTask } from '../project/types.ts';
import type { FunctionChange } from '../report/types.ts';
import type { EnvironmentState } from '../state/environment.ts';
import type { Marker } from '../state/types.ts';

/** What to invoke for a task, and the code behind it. */
export interface TaskFunction {
  task: ProjectTask;
  functionName: string;
  qualifier: string | undefined;
  /** A Lambda of the user's, whose code is not known. */
  existing: boolean;
  /** Contents digest, empty for an existing one. */
  digest: string;
  codeSha256: string;
  /** Of the function, as Lambda says it; undefined when it is not known. */
  lastModified: string | undefined;
}

/** Ours as deployed, and the Lambdas that were there already, by task name. */
export function taskFunctions(
  tasks: readonly ProjectTask[],
  deployed: readonly DeployedFunction[],
): Map<string, TaskFunction> {
  const byTask = new Map(deployed.map((each) => [each.task, each]));
  const functions = tasks.map((task): [string, TaskFunction] => {
    const own = byTask.get(task.name);
    return [task.name, own ? deployedFunction(task, own) : existingTarget(task)];
  });
  return new Map(functions);
}

function deployedFunction(task: ProjectTask, deployed: DeployedFunction): TaskFunction {
  const { function: functionName, version: qualifier, digest, codeSha256, lastModified } = deployed;
  return { task, functionName, qualifier, existing: false, digest, codeSha256, lastModified };
}

/** Where the Lambda is that `tasks.<name>.function` names. */
export function existingTarget(task: ProjectTask): TaskFunction {
  const reference = existingFunction(task);
  if (!reference) throw new Error(`Task ${task.name} has no function`);
  return { task, ...reference, existing: true, digest: '', codeSha256: '', lastModified: undefined };
}

export function existingChanges(tasks: readonly ProjectTask[]): FunctionChange[] {
  return tasks.flatMap((task) => {
    const reference = existingFunction(task);
    return reference
      ? [{ task: task.name, function: reference.functionName, action: 'existing' as const, reasons: [] }]
      : [];
  });
}

/** The versions the marker holds, so that an unchanged function costs one request. */
export function knownVersions(marker: Marker | undefined): KnownVersions {
  const tasks = Object.values(marker?.tasks ?? {});
  return new Map(tasks.map(({ function: name, version, lastModified }) => [name, { version, lastModified }]));
}

/** Every function of ours that the environment may own, by inventory and marker. Existing ones are never looked at. */
export function recordedFunctions({ functions, marker }: Pick<EnvironmentState, 'functions' | 'marker'>): string[] {
  const own = Object.values(marker?.tasks ?? {}).filter((task) => task.codeSha256 !== '');
  return [...functions, ...own.map((task) => task.function)];
}
