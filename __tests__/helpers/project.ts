import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** A project in a folder of its own, made from file contents; `remove` when done. */
export interface TestProject {
  root: string;
  write(files: Record<string, string>): Promise<void>;
  /** Runs git in the project; returns what it printed. */
  git(...args: string[]): string;
  /** Commits everything; returns the commit. */
  commit(message?: string): string;
  remove(): Promise<void>;
}

export async function createProject(files: Record<string, string>): Promise<TestProject> {
  const root = await realpath(await mkdtemp(path.join(os.tmpdir(), 'project-')));
  const write = async (more: Record<string, string>): Promise<void> => {
    for (const [name, content] of Object.entries(more)) {
      const file = path.join(root, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  };
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  await write(files);
  return {
    root,
    write,
    git,
    commit(message = 'change') {
      git('init', '-q', '-b', 'main');
      git('add', '-A');
      git('commit', '-q', '--allow-empty', '-m', message);
      return git('rev-parse', 'HEAD');
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** `lumo.config.js` with the given tasks. */
export function config(tasks: object = {}, more: object = {}): string {
  return `export default ${JSON.stringify({ projectName: 'shop', provider: 'aws', region: 'eu-central-1', ...more, tasks }, null, 2)};\n`;
}

/** A task that succeeds and says how it was called. */
export const ECHO_TASK = `import type { tasks } from '@lumo-framework/core';
export const run: tasks.TaskHandler = async (ctx) => ({
  success: true,
  message: ctx.deployment.isFirstDeploy ? 'first' : \`from \${ctx.deployment.previousVersion}\`,
  data: { ...ctx.deployment },
});
`;
