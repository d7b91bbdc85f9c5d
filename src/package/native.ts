import path from 'node:path';
import { ActionError, type ErrorDetail } from '../errors.ts';
import type { Metafile } from './esbuild.ts';
import { isPlatformPackage, type PackageManifest, readManifest } from './node-modules.ts';
import { exists, relativePosix } from './resolve.ts';

/** What was bundled, and for whom. */
export interface BundledCode {
  metafile: Metafile;
  /** Real paths. */
  root: string;
  boundary: string;
  /** Each bundle: its key in the metafile's `outputs`, and the setting that takes packages out of it. */
  bundles: readonly { key: string | undefined; setting: string }[];
}

/**
 * Throws `NATIVE_ADDON` when a bundle holds code of a package that works only with its own files beside it: one that
 * imports a `.node` file, is compiled at install (`binding.gyp`), or brings its binaries as one package per platform.
 * A package that only others depend on, and only optionally, is fine: they cope without it.
 */
export async function assertNoNativeAddons(code: BundledCode): Promise<void> {
  const { metafile, root, bundles } = code;
  const folders = new Set(Object.keys(metafile.inputs).flatMap((input) => packageFolder(input) ?? []));
  const manifests = await readManifests(folders, root);
  const native = await nativeFolders(metafile, manifests, root);
  const details: ErrorDetail[] = [];
  const lines = new Set<string>();
  for (const addon of native) {
    const importer = demandingImporter(addon, metafile, manifests);
    if (importer === undefined) continue;
    const users = bundles.filter(({ key }) => isIn(addon, metafile, key));
    for (const { setting } of users) lines.add(`${setting}: ['${packageName(addon)}']`);
    if (users.length > 0) details.push(finding(addon, importer, code));
  }
  if (details.length === 0) return;
  throw new ActionError('NATIVE_ADDON', details.map((detail) => detail.message).join('; '), {
    advice: `Add to the configuration: ${[...lines].join(', ')}`,
    details,
  });
}

function finding(addon: string, importer: string, { root, boundary }: BundledCode): ErrorDetail {
  const file = relativePosix(boundary, path.resolve(root, importer));
  const what = isOwnFile(addon)
    ? `${addon} is a native addon`
    : `The package "${packageName(addon)}" is a native addon`;
  return { message: `${what} and cannot be bundled`, location: { file } };
}

/** `node_modules/a` of `../x/node_modules/a/lib/b.js`; `undefined` for the user's own files. */
function packageFolder(input: string): string | undefined {
  return /^.*(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
}

function packageName(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** A `.node` file of the user's stands for itself. */
function isOwnFile(addon: string): boolean {
  return addon.endsWith('.node') && packageFolder(addon) === undefined;
}

function ownerOf(input: string): string {
  return packageFolder(input) ?? input;
}

async function readManifests(folders: ReadonlySet<string>, root: string): Promise<Map<string, PackageManifest>> {
  const read = async (folder: string): Promise<[string, PackageManifest]> => {
    const absolute = path.resolve(root, folder);
    return [folder, (await exists(path.join(absolute, 'package.json'))) ? await readManifest(absolute) : {}];
  };
  return new Map(await Promise.all([...folders].map(read)));
}

async function nativeFolders(
  metafile: Metafile,
  manifests: ReadonlyMap<string, PackageManifest>,
  root: string,
): Promise<Set<string>> {
  const native = new Set(
    Object.keys(metafile.inputs)
      .filter((input) => input.endsWith('.node'))
      .map((input) => platformParent(input, metafile)),
  );
  await Promise.all(
    [...manifests].map(async ([folder, manifest]) => {
      const family = Object.keys(manifest.optionalDependencies ?? {}).some(isPlatformPackage);
      if (family || (await exists(`${path.resolve(root, folder)}/binding.gyp`))) native.add(folder);
    }),
  );
  return native;
}

/** The package to list for a `.node` file: of `@x/addon-linux-x64` the package that loads it. */
function platformParent(input: string, metafile: Metafile): string {
  const owner = ownerOf(input);
  if (!packageFolder(input) || !isPlatformPackage(packageName(owner))) return owner;
  const importer = importersOf(owner, metafile)[0];
  return importer === undefined ? owner : ownerOf(importer);
}

function importersOf(owner: string, metafile: Metafile): string[] {
  return Object.entries(metafile.inputs)
    .filter(([input, { imports }]) => ownerOf(input) !== owner && imports.some((item) => ownerOf(item.path) === owner))
    .map(([input]) => input);
}

/** A file that cannot do without the package: the user's, or one of a package that depends on it firmly. */
function demandingImporter(
  addon: string,
  metafile: Metafile,
  manifests: ReadonlyMap<string, PackageManifest>,
): string | undefined {
  return importersOf(addon, metafile).find((importer) => {
    const manifest = manifests.get(ownerOf(importer));
    if (!manifest) return true;
    const name = packageName(addon);
    return !(name in (manifest.optionalDependencies ?? {})) && !manifest.peerDependenciesMeta?.[name]?.optional;
  });
}

function isIn(addon: string, metafile: Metafile, key: string | undefined): boolean {
  const inputs = key === undefined ? {} : (metafile.outputs[key]?.inputs ?? {});
  return Object.keys(inputs).some((input) => ownerOf(input) === addon);
}
