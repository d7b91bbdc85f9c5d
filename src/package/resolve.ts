import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/** `child` is `parent` or lies below it; both absolute. */
export function isInside(parent: string, child: string): boolean {
  const relative = path.relative(parent, child);
  return relative === '' || (relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative));
}

/** `file` relative to `from`, always with `/`. */
export function relativePosix(from: string, file: string): string {
  return path.relative(from, file).split(path.sep).join('/');
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/**
 * Real path of the folder of the installed package `name` as Node's resolution sees it from `from`: the nearest
 * `node_modules/<name>` with a `package.json`, going up.
 */
export async function findPackage(name: string, from: string): Promise<string | undefined> {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (path.basename(folder) !== 'node_modules') {
      const candidate = path.join(folder, 'node_modules', name);
      if (await exists(path.join(candidate, 'package.json'))) return realpath(candidate);
    }
    if (folder === path.dirname(folder)) return undefined;
  }
}
