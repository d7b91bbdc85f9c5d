import type { DescribedFile } from '../package/describe.ts';
import type { TaskDescription } from '../runtime/describe.ts';
import { mentionOf } from './mentions.ts';
import type { Scan } from './scan.ts';

/** A `task()` and the file it belongs to. */
export interface OwnedTask {
  file: string;
  description: TaskDescription;
}

/** An id that more than one definition claims. */
export interface Conflict {
  id: string;
  files: string[];
}

/**
 * Which file each registered `task()` belongs to: the one that registers it while none of the scanned files it loads
 * does. Every file loads `trigger.config` and `init` with all that they import. Where files load each other, it is the
 * one that spells the id.
 */
export function attributeTasks(
  scan: Scan,
  described: ReadonlyMap<string, DescribedFile>,
  sources: ReadonlyMap<string, string>,
): { tasks: OwnedTask[]; conflicts: Conflict[] } {
  const files = [...described].map(([file, each]): Registering => {
    const tasks = each.file.tasks.filter(({ dialect }) => dialect === 'lifecycle');
    return { file, tasks: new Map(tasks.map((task) => [task.id, task])), collisions: each.file.collisions };
  });
  const loads = loadedWith(scan);
  const below = (file: string) => files.filter((other) => loads(file, other.file) && !loads(other.file, file));
  const claims = new Map<string, string[]>();
  for (const { file, tasks } of files) {
    for (const id of tasks.keys()) {
      if (!below(file).some((other) => other.tasks.has(id))) claims.set(id, [...(claims.get(id) ?? []), file]);
    }
  }
  const conflicts = new Map(collided(files, below).map((each) => [each.id, each]));
  const tasks: OwnedTask[] = [];
  for (const [id, claiming] of claims) {
    const related = claiming.every((file) => claiming.every((other) => file === other || loads(file, other)));
    const file = claiming.find((each) => mentionOf(id, sources.get(each)) !== undefined) ?? claiming[0];
    const description = files.find((each) => each.file === file)?.tasks.get(id);
    if (!related) conflicts.set(id, { id, files: claiming });
    else if (file !== undefined && description !== undefined) tasks.push({ file, description });
  }
  return { tasks, conflicts: [...conflicts.values()] };
}

interface Registering {
  file: string;
  tasks: ReadonlyMap<string, TaskDescription>;
  collisions: readonly string[];
}

/** Ids that are registered twice while one file is loaded, told for the file that completes the pair. */
function collided(files: readonly Registering[], below: (file: string) => Registering[]): Conflict[] {
  return files.flatMap(({ file, collisions }) => {
    const loaded = below(file);
    return collisions
      .filter((id) => !loaded.some((other) => other.collisions.includes(id)))
      .map((id) => ({
        id,
        files: [...loaded.filter((other) => other.tasks.has(id)).map((other) => other.file), file],
      }));
  });
}

/** Whether `other` is loaded before the tasks of `file` run. */
function loadedWith({ files, init, triggerConfig }: Scan): (file: string, other: string) => boolean {
  const globals = [init, triggerConfig].filter((each) => each !== undefined);
  const always = new Set(globals.flatMap(({ file, imports }) => [file, ...imports]));
  const imports = new Map([...files, ...globals].map((each) => [each.file, new Set(each.imports)]));
  return (file, other) => file !== other && (always.has(other) || imports.get(file)?.has(other) === true);
}
