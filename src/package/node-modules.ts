import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ActionError } from '../errors.ts';
import type { Project, ProjectTask } from '../project/types.ts';
import { assertInside, type Listing, type SourceFile } from './assets.ts';
import { binaryPlatform } from './binary.ts';
import { findPackage } from './resolve.ts';

/** The fields of a `package.json` that are used. */
export interface PackageManifest {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
  os?: string[];
  cpu?: string[];
  libc?: string[];
}

export async function readManifest(folder: string): Promise<PackageManifest> {
  return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as PackageManifest;
}

/** One package of the closure: where it is on disk and where it goes. */
interface Placed {
  name: string;
  /** Real path on disk. */
  folder: string;
  /** Path in the zip, e.g. `node_modules/a/node_modules/b`. */
  target: string;
  manifest: PackageManifest;
}

interface Dependency {
  name: string;
  optional: boolean;
}

/**
 * The files of a task's `nodeModules` with everything they depend on: dependencies, peers that are not optional, and
 * what is installed of the optional ones. Placed as npm would, at the top unless another version is there already.
 * Binaries of other platforms are left out; a package that has none for the function's is the error `NATIVE_ADDON`.
 * `listing` skips nested `node_modules`, since what is needed of them is in the closure.
 */
export async function taskNodeModules(task: ProjectTask, project: Project, listing: Listing): Promise<SourceFile[]> {
  const { nodeModules, architecture } = task.settings;
  const wanted = `linux-${architecture === 'arm64' ? 'arm64' : 'x64'}`;
  const placed = await closure([...nodeModules].sort(), task, project, wanted);
  const lists = await Promise.all(placed.map((item) => packageFiles(item, listing, wanted, task)));
  return lists.flat();
}

async function closure(names: readonly string[], task: ProjectTask, project: Project, wanted: string) {
  const tree = new Map<string, Placed>();
  const queue: Placed[] = [];
  const add = async (dependency: Dependency, from: string, parent: Placed | undefined) => {
    const folder = await findPackage(dependency.name, from);
    if (!folder) {
      if (dependency.optional) return;
      throw notFound(dependency.name, parent, task);
    }
    assertInside(folder, folder, project.boundary);
    const manifest = await readManifest(folder);
    if (dependency.optional && !runsOn(manifest, wanted)) return;
    const parentTarget = parent?.target ?? '';
    const visible = lookUp(tree, dependency.name, parentTarget);
    if (visible?.folder === folder) return;
    const target = path.posix.join(visible ? parentTarget : '', 'node_modules', dependency.name);
    const item = { name: dependency.name, folder, target, manifest };
    tree.set(target, item);
    queue.push(item);
  };
  for (const name of names) await add({ name, optional: false }, project.root, undefined);
  for (let next = queue.shift(); next; next = queue.shift()) {
    for (const dependency of dependenciesOf(next.manifest)) await add(dependency, next.folder, next);
    await assertNative(next, wanted, task);
  }
  return [...tree.values()];
}

/** What `require(name)` would find in the zip from the package at `target`. */
function lookUp(tree: ReadonlyMap<string, Placed>, name: string, target: string): Placed | undefined {
  for (let base = target; ; base = base.slice(0, Math.max(0, base.lastIndexOf('node_modules/') - 1))) {
    const found = tree.get(path.posix.join(base, 'node_modules', name));
    if (found || base === '') return found;
  }
}

function dependenciesOf(manifest: PackageManifest): Dependency[] {
  const optional = manifest.optionalDependencies ?? {};
  const required = Object.keys(manifest.dependencies ?? {}).filter((name) => !(name in optional));
  const peers = Object.keys(manifest.peerDependencies ?? {}).filter(
    (name) => !manifest.peerDependenciesMeta?.[name]?.optional,
  );
  return [
    ...required.map((name) => ({ name, optional: false })),
    // A missing peer is the user's choice, which npm only warns about.
    ...[...Object.keys(optional), ...peers].map((name) => ({ name, optional: true })),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `os`, `cpu` and `libc` of a package admit Lambda, which is Linux with glibc. */
function runsOn({ os, cpu, libc }: PackageManifest, wanted: string): boolean {
  const [platform = '', architecture = ''] = wanted.split('-');
  return admits(os, platform) && admits(cpu, architecture) && admits(libc, 'glibc');
}

function admits(list: string[] | undefined, value: string): boolean {
  if (!list || list.length === 0) return true;
  if (list.includes(`!${value}`)) return false;
  return list.every((item) => item.startsWith('!')) || list.includes(value);
}

/** A package whose binaries come as one optional package per platform needs the one for Lambda. */
async function assertNative(item: Placed, wanted: string, task: ProjectTask): Promise<void> {
  const optional = Object.keys(item.manifest.optionalDependencies ?? {}).filter(isPlatformPackage);
  if (optional.length === 0) return;
  const installed = await Promise.all(
    optional.map(async (name) => {
      const folder = await findPackage(name, item.folder);
      return folder ? runsOn(await readManifest(folder), wanted) : undefined;
    }),
  );
  if (installed.includes(false) && !installed.includes(true)) throw foreign(item.name, wanted, task);
}

/** `@img/sharp-linux-x64`, `@esbuild/linux-arm64`, `@swc/core-linux-x64-gnu`: one of a family, one for each platform. */
export function isPlatformPackage(name: string): boolean {
  return /(^|[-/])(linux|linuxmusl|darwin|win32)([-/]|$)/.test(name);
}

async function packageFiles(item: Placed, listing: Listing, wanted: string, task: ProjectTask): Promise<SourceFile[]> {
  const files = await listing(item.folder);
  const native = files.filter((file) => file.name.endsWith('.node'));
  const platforms = await Promise.all(native.map((file) => binaryPlatform(file.source)));
  if (native.length > 0 && !platforms.includes(wanted)) throw foreign(item.name, wanted, task);
  const unusable = new Set(native.filter((_, index) => platforms[index] !== wanted));
  return files
    .filter((file) => !unusable.has(file))
    .map((file) => ({ ...file, name: path.posix.join(item.target, file.name) }));
}

function notFound(name: string, parent: Placed | undefined, task: ProjectTask): ActionError {
  const wantedBy = parent ? `, which ${parent.name} depends on,` : '';
  return new ActionError('NODE_MODULE_NOT_FOUND', `The package "${name}"${wantedBy} is not installed`, {
    advice: parent ? 'Install the dependencies of the project again, e.g. npm ci' : `npm install ${name}`,
    location: { key: `tasks.${task.name}.nodeModules` },
  });
}

function foreign(name: string, wanted: string, task: ProjectTask): ActionError {
  const [os, cpu] = wanted.split('-');
  return new ActionError('NATIVE_ADDON', `The package "${name}" is installed without a binary for ${wanted}`, {
    advice: `Install it for Lambda: npm install --os=${os} --cpu=${cpu} --libc=glibc ${name}, or set "architecture" of the task`,
    location: { key: `tasks.${task.name}.nodeModules` },
  });
}
