import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Esbuild, EsbuildFailure, esbuildDetails, type Metafile, runEsbuild } from '../package/esbuild.ts';
import { isCore, isTaskSdk } from '../package/sdk.ts';
import { type CandidateFiles, findCandidates, unreadable } from './task-files.ts';

export interface ScanOptions {
  /** Real paths. */
  root: string;
  boundary: string;
  /** Folder of the Lumo configuration. */
  configFolder: string;
  esbuild: Esbuild;
  tempDir: string;
}

/** What one bundling pass tells about a file, without running anything. */
export interface ScannedFile {
  /** Relative to the project, with `/`. */
  file: string;
  exportsRun: boolean;
  commonJs: boolean;
  /** Task SDKs that are imported by the file itself, as they are written. */
  ownSdks: string[];
  /** Those and the ones that files of the project it imports do import. */
  sdks: string[];
  usesCore: boolean;
  /** The other scanned files that are loaded with it. */
  imports: string[];
}

export interface Scan {
  /** In byte order, `init` included. */
  files: ScannedFile[];
  init: ScannedFile | undefined;
  triggerConfig: ScannedFile | undefined;
  /** Packages of another system's build that `triggerConfig` imports. */
  buildOnly: string[];
}

/** Only a `trigger.config` imports these, for the build that this action does without. */
const BUILD_ONLY = /^@trigger\.dev\/build(?:\/|$)/;

/** Finds and reads the task files of a project. Throws `TASK_BUNDLE_FAILED` with all files that cannot be read. */
export async function scanProject(options: ScanOptions): Promise<Scan> {
  const candidates = await findCandidates(options.configFolder, options);
  const { files, triggerConfig } = candidates;
  if (files.length === 0) return { files: [], init: undefined, triggerConfig: undefined, buildOnly: [] };
  const all = triggerConfig === undefined || files.includes(triggerConfig) ? files : [...files, triggerConfig];
  return readScan(all, candidates, await bundleAll(all, options));
}

/** One esbuild process for all files: each behind a small entry, so that no file name reaches the command line. */
async function bundleAll(files: readonly string[], options: ScanOptions): Promise<Metafile> {
  const { root, boundary, esbuild, tempDir } = options;
  await mkdir(tempDir, { recursive: true });
  const folder = await mkdtemp(path.join(tempDir, 'scan-'));
  try {
    const entry = (index: number) => path.join(folder, 'entries', `${index}.mjs`);
    await mkdir(path.dirname(entry(0)));
    await Promise.all(
      files.map((file, index) =>
        writeFile(entry(index), `export * from ${JSON.stringify(path.resolve(root, file))};\n`),
      ),
    );
    const flags = [
      '--bundle',
      '--packages=external',
      '--platform=node',
      '--format=esm',
      '--splitting',
      // A native addon is the packager's finding, which knows what to advise.
      '--loader:.node=empty',
      `--outdir=${path.join(folder, 'out')}`,
    ];
    return await runEsbuild(esbuild, [...flags, path.join(folder, 'entries', '*.mjs')], { cwd: root, tempDir });
  } catch (error) {
    if (!(error instanceof EsbuildFailure)) throw error;
    throw unreadable(esbuildDetails(error.messages, boundary), error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readScan(all: readonly string[], candidates: CandidateFiles, metafile: Metafile): Scan {
  const keys = inputKeys(all, metafile);
  const reach = reachable(metafile);
  const exported = new Map(Object.values(metafile.outputs).map((output) => [output.entryPoint, output.exports]));
  const scanned = new Map(
    keys.map(({ file, key, entry }) => {
      const reached = reach(key);
      const external = [...reached].flatMap((each) => externalsOf(each, metafile));
      return [
        file,
        {
          file,
          exportsRun: exported.get(entry)?.includes('run') === true,
          commonJs: metafile.inputs[key]?.format === 'cjs',
          ownSdks: externalsOf(key, metafile).filter(isTaskSdk),
          sdks: [...new Set(external.filter(isTaskSdk))],
          usesCore: external.some(isCore),
          imports: keys.filter((other) => other.key !== key && reached.has(other.key)).map((other) => other.file),
        },
      ];
    }),
  );
  const config = keys.find(({ file }) => file === candidates.triggerConfig);
  const buildOnly = config ? [...reach(config.key)].flatMap((each) => externalsOf(each, metafile)) : [];
  return {
    files: candidates.files.flatMap((file) => scanned.get(file) ?? []),
    init: scanned.get(candidates.init ?? ''),
    triggerConfig: scanned.get(candidates.triggerConfig ?? ''),
    buildOnly: [...new Set(buildOnly.filter((each) => BUILD_ONLY.test(each)))].sort(),
  };
}

/** Where in the metafile each file is; `entry` is the one of ours that imports it. */
function inputKeys(files: readonly string[], { inputs, outputs }: Metafile) {
  const entries = new Map<number, string>();
  for (const { entryPoint = '' } of Object.values(outputs)) {
    const index = /(?:^|\/)entries\/(\d+)\.mjs$/.exec(entryPoint)?.[1];
    if (index !== undefined) entries.set(Number(index), entryPoint);
  }
  return files.map((file, index) => {
    const entry = entries.get(index) ?? '';
    return { file, entry, key: inputs[entry]?.imports[0]?.path ?? file };
  });
}

function externalsOf(key: string, { inputs }: Metafile): string[] {
  return inputs[key]?.imports.filter((each) => each.external).map((each) => each.path) ?? [];
}

/** Answers an input with all that it imports, directly or not. */
function reachable({ inputs }: Metafile): (key: string) => Set<string> {
  return (key) => {
    const reached = new Set([key]);
    for (const each of reached) {
      for (const { path: imported, external } of inputs[each]?.imports ?? []) {
        if (!external && imported in inputs) reached.add(imported);
      }
    }
    return reached;
  };
}
