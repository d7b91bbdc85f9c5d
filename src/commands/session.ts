import { randomBytes } from 'node:crypto';
import { mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import { ActionError } from '../errors.ts';
import type { Inputs } from '../inputs.ts';
import { exists, isInside } from '../package/resolve.ts';
import { boundaryOf } from '../project/boundary.ts';
import type { Runner } from '../runner/types.ts';
import { readWorkflow, type Workflow } from '../workflow.ts';

/** Everything one execution of a command works with; made once, by `openSession`. */
export interface Session {
  inputs: Inputs;
  workflow: Workflow;
  runner: Runner;
  clock: Clock;
  env: NodeJS.ProcessEnv;
  /** Aborts when the user cancels. */
  signal: AbortSignal;
  /** The folder of the bundle, where `runtime/`, `sdk/` and `ric/` lie. */
  distDir: string;
  /** Gone when the session closes. */
  tempDir: string;
  /** The project, absolute and without symbolic links. */
  root: string;
  /** No file outside this folder is read into a package. */
  boundary: string;
  /** `<run id>-<run attempt>-<8 hex>`. */
  deploymentId: string;
  /** Writes what the user asked for, a document for example, to stdout. */
  print(text: string): void;
  close(): Promise<void>;
}

export interface SessionOptions {
  inputs: Inputs;
  runner: Runner;
  env: NodeJS.ProcessEnv;
  distDir: string;
  signal: AbortSignal;
  print(text: string): void;
}

export async function openSession(options: SessionOptions): Promise<Session> {
  const { env, inputs } = options;
  const random = randomBytes(4).toString('hex');
  if (inputs.githubToken !== undefined) options.runner.mask(inputs.githubToken);
  const workflow = await readWorkflow(env, random);
  const root = await projectFolder(inputs.workingDirectory, workflow.workspace);
  const tempDir = await mkdtemp(path.join(await temporaryFolder(env), 'lumo-tasks-'));
  const { id, attempt } = workflow.run;
  return {
    ...options,
    workflow,
    clock: systemClock,
    tempDir,
    root,
    boundary: await boundaryOf(root, env),
    deploymentId: workflow.onActions ? `${id}-${attempt}-${random}` : id,
    close: () => rm(tempDir, { recursive: true, force: true }),
  };
}

/** The runner's own, else the system's; real, since esbuild answers with real paths. */
async function temporaryFolder({ RUNNER_TEMP }: NodeJS.ProcessEnv): Promise<string> {
  const folder = RUNNER_TEMP && (await exists(RUNNER_TEMP)) ? RUNNER_TEMP : os.tmpdir();
  return await realpath(folder);
}

/** The pull request whose preview this is, on `pull_request` events only. */
export function previewEnvironment(workflow: Workflow): string | undefined {
  const number = workflow.eventName === 'pull_request' ? workflow.payload.pull_request?.number : undefined;
  return number === undefined ? undefined : `pr-${number}`;
}

/**
 * `working-directory` lies in the workspace, also when it is a symbolic link. On the command line there is no
 * workspace, and any folder will do.
 */
async function projectFolder(workingDirectory: string, workspace: string | undefined): Promise<string> {
  const base = workspace ?? process.cwd();
  const folder = await existingFolder(path.resolve(base, workingDirectory), workingDirectory);
  if (workspace !== undefined && !isInside(await realpath(workspace), folder)) {
    throw new ActionError(
      'INPUT_INVALID',
      `Input \`working-directory\` ${JSON.stringify(workingDirectory)} leaves the workspace.`,
      {
        advice: 'Give a folder inside the repository, relative to its top.',
        location: { key: 'working-directory' },
      },
    );
  }
  return folder;
}

async function existingFolder(folder: string, given: string): Promise<string> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return await realpath(folder);
  throw new ActionError('INPUT_INVALID', `Input \`working-directory\` ${JSON.stringify(given)} is not a folder.`, {
    advice: 'Check the path, and that actions/checkout ran before this step.',
    location: { key: 'working-directory' },
  });
}
