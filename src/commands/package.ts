import { mkdir, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ActionError } from '../errors.ts';
import { packageTasks } from '../package/index.ts';
import { isInside } from '../package/resolve.ts';
import type { Package } from '../package/types.ts';
import { count } from '../report/format.ts';
import type { Report } from '../report/types.ts';
import { openProject } from './open-project.ts';
import type { Session } from './session.ts';

/** One task in `manifest.json`. */
interface ManifestEntry {
  name: string;
  /** The zip, relative to the manifest. */
  file: string;
  source: string | undefined;
  digest: string;
  codeSha256: string;
  bytes: number;
  unzippedBytes: number;
  inputs: { name: string; size: number }[];
}

/** `package`: the zips and their manifest on disk, to look into and to measure; touches nothing else. */
export async function packageCommand(session: Session, report: Report): Promise<void> {
  const { selected, packaging } = await openProject(session, report);
  const packages = await packageTasks(
    selected.filter((task) => task.settings.function === undefined),
    packaging,
  );
  const out = await outputFolder(session);
  const manifest = await Promise.all(packages.map((built) => writePackage(built, out)));
  await writeFile(path.join(out, 'manifest.json'), `${JSON.stringify({ tasks: manifest }, null, 2)}\n`);
  for (const entry of manifest)
    session.runner.info(`${entry.file}  ${entry.bytes} bytes  ${entry.digest.slice(0, 12)}`);
  session.runner.info(`${count(manifest.length, 'package')} and manifest.json: ${out}`);
}

async function outputFolder(session: Session): Promise<string> {
  const out = path.resolve(session.root, session.inputs.out);
  if (session.workflow.onActions && !isInside(session.boundary, out)) throw outside(session.inputs.out);
  await mkdir(out, { recursive: true });
  // Looked at once more when it exists: a symbolic link may lead out of the workspace.
  if (session.workflow.onActions && !isInside(session.boundary, await realpath(out))) throw outside(session.inputs.out);
  return out;
}

function outside(out: string): ActionError {
  return new ActionError('INPUT_INVALID', `Input \`out\` ${JSON.stringify(out)} leaves the workspace.`, {
    advice: 'Give a folder inside the project.',
    location: { key: 'out' },
  });
}

async function writePackage(built: Package, out: string): Promise<ManifestEntry> {
  const file = `${built.task.name}.zip`;
  await mkdir(path.dirname(path.join(out, file)), { recursive: true });
  await writeFile(path.join(out, file), built.zip);
  return {
    name: built.task.name,
    file,
    source: built.task.file,
    digest: built.digest,
    codeSha256: built.codeSha256,
    bytes: built.zip.length,
    unzippedBytes: built.unzippedBytes,
    inputs: built.inputs,
  };
}
