import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, vi } from 'vitest';
import type { ErrorDetail, ErrorLocation } from '../../src/errors.ts';
import type { Project, ProjectTask } from '../../src/project/types.ts';

// Most tests start processes; a busy machine takes its time.
vi.setConfig({ testTimeout: 30_000 });

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export const RUN = 'export const run = async () => ({ success: true, message: "done" });\n';

/** A project folder with these files; names are relative, with `/`. */
export function makeProject(files: Record<string, string>): string {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'lumo-project-')));
  folders.push(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

export interface Outcome {
  project?: Project;
  error?: {
    code: string;
    message: string;
    advice: string;
    location?: ErrorLocation;
    details: ErrorDetail[];
    cause: string;
  };
  /** Masked, as the error is. */
  debug: string[];
  /** Environment, folder, exit code, streams and listeners of the process are as before. */
  restored: boolean;
  stdout: string;
  stderr: string;
  exit: number | null;
}

const repository = path.resolve(import.meta.dirname, '..', '..');

interface DriveOptions {
  boundary?: string;
  config?: string;
  environment?: string;
  distDir?: string;
  env?: Record<string, string>;
}

/** Loads the project in a child process. */
export async function load(root: string, options: DriveOptions = {}): Promise<Outcome> {
  const { env, ...rest } = options;
  const work = makeProject({});
  const output = path.join(work, 'outcome.json');
  const input = {
    root,
    boundary: root,
    distDir: path.join(repository, 'dist'),
    tempDir: path.join(work, 'temp'),
    ...rest,
  };
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'driver.ts'), JSON.stringify(input), output], {
    cwd: work,
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exit = await new Promise<number | null>((resolve) => child.on('close', resolve));
  try {
    return { ...JSON.parse(readFileSync(output, 'utf8')), stdout, stderr, exit };
  } catch (cause) {
    throw new Error(`The driver gave no outcome (exit ${exit}):\n${stdout}${stderr}`, { cause });
  }
}

/** Loads a project that must be right. */
export async function loadProjectOf(root: string, options?: DriveOptions): Promise<Project> {
  const { project, error } = await load(root, options);
  if (!project) throw new Error(`Unexpected ${error?.code}: ${error?.message}\n${JSON.stringify(error?.details)}`);
  return project;
}

/** Loads a project that must be wrong. */
export async function loadErrorOf(root: string, options?: DriveOptions): Promise<NonNullable<Outcome['error']>> {
  const { error } = await load(root, options);
  if (!error) throw new Error('The project was loaded without an error');
  return error;
}

export function taskNamed(project: Project, name: string): ProjectTask {
  const task = project.tasks.find((each) => each.name === name);
  if (!task) throw new Error(`There is no task ${name}, but ${project.tasks.map((each) => each.name).join(', ')}`);
  return task;
}
