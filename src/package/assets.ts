import { open, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { ActionError } from '../errors.ts';
import type { CopyAsset, Project, ProjectTask } from '../project/types.ts';
import { atSetting } from './at-setting.ts';
import { isInside, relativePosix } from './resolve.ts';
import { type FileMode, sortByName } from './zip.ts';

/** A file on disk and where it goes. */
export interface SourceFile {
  /** Path in the zip, with `/`. */
  name: string;
  /** Real path of the user's file. */
  source: string;
  /** The file whose bytes are taken: the user's, or what it was compiled to. */
  content: string;
  mode: FileMode;
  /** Bytes of `content`. */
  size: number;
}

/** The files below one `from`; `name` is relative to it, and empty when `from` is a file itself. */
export type Listing = (from: string) => Promise<SourceFile[]>;

/** Walks every folder once, however many tasks copy it; without the entries named `skipped`. */
export function fileListing(boundary: string, skipped?: string): Listing {
  const known = new Map<string, Promise<SourceFile[]>>();
  return (from) => {
    const promise = known.get(from) ?? walk({ boundary, skipped }, from, '', []);
    known.set(from, promise);
    return promise;
  };
}

/**
 * The files of a task's `copyAssets`, sorted by name. Symbolic links are followed inside the project's boundary.
 * Throws `ASSET_MISSING`, `ASSET_OUTSIDE` and `ASSET_CONFLICT`.
 */
export async function taskAssets(task: ProjectTask, project: Project, listing: Listing): Promise<SourceFile[]> {
  const setting = ['tasks', task.name, 'copyAssets'];
  return await atSetting(project, setting, async () => {
    const lists = await Promise.all(
      task.settings.copyAssets.map((asset, index) =>
        atSetting(project, [...setting, index], async () => {
          const target = targetOf(asset);
          const files = await listing(await sourceOf(asset, project));
          return files.map((file) => ({ ...file, name: nameInPackage(target, asset, file) }));
        }),
      ),
    );
    return withoutConflicts(lists.flat(), setting.join('.'), project.boundary);
  });
}

/** One file per name; the same file named twice is one file. Lambda's own entry and what would hide it stay free. */
export function withoutConflicts(files: readonly SourceFile[], key: string, boundary: string): SourceFile[] {
  const shown = (file: SourceFile) => relativePosix(boundary, file.source);
  const byName = new Map<string, SourceFile>();
  for (const file of files) {
    const other = byName.get(file.name);
    if (other && other.source !== file.source) {
      throw conflict(key, `${file.name} would be copied from both ${shown(other)} and ${shown(file)}`);
    }
    byName.set(file.name, file);
  }
  for (const name of byName.keys()) {
    if (RESERVED.has(name.split('/', 1)[0] ?? '')) {
      throw conflict(key, `${name} would take the place of the task's own code`);
    }
    for (let folder = path.posix.dirname(name); folder !== '.'; folder = path.posix.dirname(folder)) {
      if (byName.has(folder)) throw conflict(key, `${folder} would be a file and a folder at once`);
    }
  }
  return sortByName([...byName.values()]);
}

/** Lambda looks for the handler's module `index` in this order, so the first two would win over `index.mjs`. */
const RESERVED = new Set(['index', 'index.js', 'index.mjs']);

/** `.ts` assets become `.mjs`, as in Lumo. */
export function isCompiled(source: string): boolean {
  return source.endsWith('.ts') && !source.endsWith('.d.ts');
}

function targetOf(asset: CopyAsset): string {
  const raw = asset.to.replaceAll('\\', '/');
  const target = path.posix.normalize(raw);
  if (path.posix.isAbsolute(target) || /^[A-Za-z]:/.test(target) || target === '..' || target.startsWith('../')) {
    throw new ActionError('ASSET_OUTSIDE', `"to: ${asset.to}" leaves the package`, {
      advice: 'Give a path below the root of the package, e.g. "migrations"',
    });
  }
  return target;
}

async function sourceOf(asset: CopyAsset, project: Project): Promise<string> {
  const file = path.resolve(project.root, asset.from);
  const real = await realpath(file).catch((cause: unknown) => {
    throw new ActionError('ASSET_MISSING', `"from: ${asset.from}" does not exist in the project`, {
      advice: `Check the path: it is relative to the project's folder, and must be there when the action runs`,
      cause,
    });
  });
  assertInside(real, file, project.boundary);
  return real;
}

function nameInPackage(target: string, asset: CopyAsset, file: SourceFile): string {
  const isFile = file.name === '';
  const intoFolder = target === './' || target === '.' || target.endsWith('/');
  const last = isFile ? (intoFolder ? path.basename(asset.from) : '') : file.name;
  const name = path.posix.join(target, last);
  return isCompiled(file.source) ? name.replace(/\.ts$/, '.mjs') : name;
}

interface WalkRules {
  boundary: string;
  skipped: string | undefined;
}

/** `trail` holds the real paths of the folders above, to end at a link that leads back up. */
async function walk(rules: WalkRules, source: string, name: string, trail: readonly string[]): Promise<SourceFile[]> {
  const { boundary, skipped } = rules;
  const stats = await stat(source);
  if (stats.isFile())
    return [{ name, source, content: source, mode: await modeOf(source, stats.mode), size: stats.size }];
  if (!stats.isDirectory()) {
    throw new ActionError('ASSET_MISSING', `${relativePosix(boundary, source)} is neither a file nor a folder`, {
      advice: 'Only ordinary files can be copied into a package',
    });
  }
  if (trail.includes(source)) {
    throw conflict(
      undefined,
      `a symbolic link below ${relativePosix(boundary, trail[0] ?? source)} leads back to a folder above it`,
    );
  }
  const entries = (await readdir(source, { withFileTypes: true })).filter((entry) => entry.name !== skipped);
  const lists = await Promise.all(
    entries.map(async (entry) => {
      const child = path.join(source, entry.name);
      const real = entry.isSymbolicLink() ? await followLink(child, boundary) : child;
      const childName = name === '' ? entry.name : `${name}/${entry.name}`;
      return walk(rules, real, childName, [...trail, source]);
    }),
  );
  return lists.flat();
}

async function followLink(link: string, boundary: string): Promise<string> {
  const real = await realpath(link).catch((cause: unknown) => {
    throw new ActionError('ASSET_MISSING', `the symbolic link ${relativePosix(boundary, link)} leads nowhere`, {
      advice: 'Remove the link or restore what it points to',
      cause,
    });
  });
  assertInside(real, link, boundary);
  return real;
}

export function assertInside(real: string, named: string, boundary: string): void {
  if (isInside(boundary, real)) return;
  throw new ActionError(
    'ASSET_OUTSIDE',
    `${relativePosix(boundary, named)} leads to ${real}, which is outside of the repository`,
    {
      advice: 'Copy only files of the repository; put what is needed inside it',
    },
  );
}

/** Windows has no executable bit: there a script is what starts with `#!`. */
async function modeOf(file: string, mode: number): Promise<FileMode> {
  if (process.platform !== 'win32') return mode & 0o111 ? 0o100755 : 0o100644;
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.toString('latin1') === '#!' ? 0o100755 : 0o100644;
  } finally {
    await handle.close();
  }
}

function conflict(key: string | undefined, message: string): ActionError {
  return new ActionError('ASSET_CONFLICT', message, {
    advice: 'Change "to" so that every file of the package has one source',
    ...(key === undefined ? {} : { location: { key } }),
  });
}
