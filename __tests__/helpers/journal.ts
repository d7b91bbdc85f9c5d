import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A file into which tasks write what they do: what really ran, and in which order, whatever the action says. */
export interface Journal {
  readonly file: string;
  /** Source of a task that writes its name; then the statements of `body`, then it succeeds. */
  task(name: string, body?: string): string;
  /** What was written so far. */
  lines(): string[];
  clear(): void;
}

export function createJournal(): Journal {
  const file = path.join(os.tmpdir(), `journal-${randomUUID()}`);
  return {
    file,
    task: (name, body = '') => `import { appendFileSync } from 'node:fs';
const note = (text: string) => appendFileSync(${JSON.stringify(file)}, text + '\\n');
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
export const run = async (ctx: { deployment: { isFirstDeploy: boolean; previousVersion?: string } }) => {
  note(${JSON.stringify(name)});
  ${body}
  void [note, pause];
  return { success: true, message: ctx.deployment.isFirstDeploy ? 'first' : \`from \${ctx.deployment.previousVersion}\` };
};
`,
    lines: () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []),
    clear: () => rmSync(file, { force: true }),
  };
}
