import { mkdtemp, rm } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { ActionError } from '../errors.ts';
import type { FileDescription } from '../runtime/describe.ts';
import { unresolved } from './bundle-error.ts';
import { runChild } from './describe-child.ts';
import { allFailures, importFailure } from './describe-failure.ts';
import { type EntryContext, writeEntries } from './entries.ts';
import { type Esbuild, EsbuildFailure, esbuildDetails, type Metafile, runEsbuild } from './esbuild.ts';
import { LAMBDA_FLAGS } from './flags.ts';
import { limiter, MAX_PROCESSES } from './limiter.ts';
import { assertNoNativeAddons, type BundledCode } from './native.ts';
import { relativePosix } from './resolve.ts';
import { standInFlags } from './stand-in.ts';

export interface DescribeOptions extends EntryContext {
  boundary: string;
  esbuild: Esbuild;
  tempDir: string;
  /** What the configuration keeps out of bundles: names and patterns. */
  external: readonly string[];
  /** The whole environment in which a file (relative to the project) is loaded. */
  env: (file: string) => NodeJS.ProcessEnv;
  /** Milliseconds until a file that does not finish loading is given up. */
  timeoutMs?: number;
}

/** What a task file registers. */
export interface DescribedFile {
  file: FileDescription;
  /** What concerns a task of whatever file: the global hooks. */
  everyTask: FileDescription;
}

const TIMEOUT_MS = 10_000;

/**
 * What task files register and export, which only running them tells: each is bundled as for Lambda and loaded in a
 * process of its own, without credentials, which ends as soon as the file is loaded. What is not installed or kept out
 * of bundles is stood in for. `files` are relative to the project; so are the keys of the answer. Throws
 * `TASK_BUNDLE_FAILED`, and for a file that throws, exits or does not finish `TASK_IMPORT_FAILED`, or `NATIVE_ADDON`
 * when that is the likely reason.
 */
export async function describeFiles(
  files: readonly string[],
  options: DescribeOptions,
): Promise<Map<string, DescribedFile>> {
  const folder = await mkdtemp(path.join(options.tempDir, 'describe-'));
  try {
    const { bundles, missing, metafile } = await bundleForDescription(files, folder, options);
    const inTurn = limiter(MAX_PROCESSES);
    const settled = await Promise.allSettled(
      files.map((file, index) => inTurn(() => describe(file, bundles[index] ?? '', missing, options))),
    );
    const failures = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    if (failures.length > 0) {
      await assertNoNativeAddons(bundledCode(bundles, metafile, options));
      throw allFailures(failures);
    }
    return new Map(
      settled.flatMap((each, index) => (each.status === 'fulfilled' ? [[files[index] ?? '', each.value]] : [])),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Bundles as packaging does, but readable. What stays outside there may not be here, or not work here (it comes with a
 * layer, or is built for Lambda), so it is stood in for, and so is what is not installed: `missing`.
 */
async function bundleForDescription(
  files: readonly string[],
  folder: string,
  options: DescribeOptions,
): Promise<{ bundles: string[]; missing: string[]; metafile: Metafile }> {
  const entries = await writeEntries(files, 'describe', options, folder);
  const flags = [
    ...entries.args,
    ...LAMBDA_FLAGS,
    '--keep-names',
    `--target=node${process.versions.node}`,
    '--sourcemap=inline',
    '--sources-content=false',
    ...options.external.map((name) => `--external:${name}`),
  ];
  const missing: string[] = [];
  const outside: string[] = [];
  for (;;) {
    const standIns = await standInFlags([...missing, ...outside], folder);
    try {
      const metafile = await runEsbuild(options.esbuild, [...flags, ...standIns], {
        cwd: options.root,
        tempDir: options.tempDir,
      });
      const found = externalImports(metafile).filter((each) => !outside.includes(each));
      if (found.length === 0) {
        return { bundles: files.map((_, index) => entries.output(index)), missing, metafile };
      }
      outside.push(...found);
    } catch (error) {
      if (!(error instanceof EsbuildFailure)) throw error;
      const found = missingPackages(error).filter((each) => !missing.includes(each));
      if (found.length === 0) throw bundleFailure(error, options);
      missing.push(...found);
    }
  }
}

/** A native addon that is bundled fails in ways that do not tell why. */
function bundledCode(bundles: readonly string[], metafile: Metafile, { root, boundary }: DescribeOptions): BundledCode {
  const setting = 'taskDefaults.nodeModules';
  return { metafile, root, boundary, bundles: bundles.map((file) => ({ key: relativePosix(root, file), setting })) };
}

/** Nothing when esbuild found anything else than packages that are not installed. */
function missingPackages({ messages }: EsbuildFailure): string[] {
  const specifiers = messages.map((message) => unresolved(message));
  const packages = specifiers.filter((each) => each !== undefined && isPackage(each));
  return packages.length < messages.length ? [] : [...new Set(packages)].filter((each) => each !== undefined);
}

/** Neither a path nor a URL: those cannot be stood in for. */
function isPackage(specifier: string): boolean {
  return /^(?:@[\w.~-]+\/)?[\w~-][^:]*$/.test(specifier);
}

function externalImports({ outputs }: Metafile): string[] {
  const imports = Object.values(outputs).flatMap((output) => output.imports);
  const names = imports.filter((each) => each.external).map((each) => each.path);
  return [...new Set(names)].filter((each) => isPackage(each) && !isBuiltin(each));
}

function bundleFailure(cause: EsbuildFailure, { boundary }: DescribeOptions): ActionError {
  return new ActionError('TASK_BUNDLE_FAILED', 'The tasks cannot be bundled', {
    advice: 'Correct the named places',
    details: esbuildDetails(cause.messages, boundary),
    cause,
  });
}

async function describe(
  file: string,
  bundle: string,
  missing: readonly string[],
  options: DescribeOptions,
): Promise<DescribedFile> {
  const { root, timeoutMs = TIMEOUT_MS } = options;
  const outcome = await runChild<DescribedFile>({ bundle, cwd: root, env: options.env(file), timeoutMs });
  if ('answer' in outcome) return outcome.answer;
  const failure = { ...outcome.failure, problem: outcome.failure.problem.replaceAll(bundle, file) };
  throw importFailure(file, failure, { ...options, missing });
}
