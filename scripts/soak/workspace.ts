import { execFileSync } from 'node:child_process';
import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Shape, type ShapeTask, VARIANTS, type Variant } from './plan.ts';

/** A version to deploy: its commit, and the tag on it. */
export interface Release {
  commit: string;
  tag: string;
}

/** Checkouts of one repository: one for each code, with every project in a folder of its name. */
export interface Workspaces {
  folder(variant: Variant): string;
  /** In order; each is the parent of the next one. */
  releases: Release[];
}

export async function createWorkspaces(options: {
  folder: string;
  shapes: readonly Shape[];
  /** The module that every task calls. */
  perform: string;
  ledgerUrl: string;
  releases: number;
}): Promise<Workspaces> {
  const folder = (variant: Variant): string => path.join(options.folder, `checkout-${variant}`);
  const [first, ...others] = VARIANTS;
  const releases = await createHistory(folder(first), options.releases);
  for (const variant of others) await cp(folder(first), folder(variant), { recursive: true });
  for (const variant of VARIANTS) {
    for (const shape of options.shapes) {
      await writeProject(path.join(folder(variant), shape.project), shape, variant, options);
    }
  }
  return { folder, releases };
}

/** As many commits in a row as there will be versions, each with a tag. */
async function createHistory(folder: string, count: number): Promise<Release[]> {
  await mkdir(folder, { recursive: true });
  const git = (args: string[], input?: string): string =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', input, maxBuffer: 1 << 28 });
  git(['init', '-q', '-b', 'main']);
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const commits = numbers.map(
    (number) =>
      `commit refs/heads/main\nmark :${number}\ncommitter soak <soak@example.com> ${1_750_000_000 + number} +0000\ndata 1\nx\n`,
  );
  const tags = numbers.map((number) => `reset refs/tags/v1.0.${number}\nfrom :${number}\n`);
  git(['fast-import', '--quiet'], [...commits, ...tags].join('\n'));
  return git(['rev-list', '--reverse', 'main'])
    .trim()
    .split('\n')
    .map((commit, index) => ({ commit, tag: `v1.0.${index + 1}` }));
}

async function writeProject(
  folder: string,
  shape: Shape,
  variant: Variant,
  { perform, ledgerUrl }: { perform: string; ledgerUrl: string },
): Promise<void> {
  await mkdir(path.join(folder, 'functions', 'tasks'), { recursive: true });
  await mkdir(path.join(folder, 'lib'), { recursive: true });
  await copyFile(perform, path.join(folder, 'lib', 'perform.cjs'));
  await writeFile(path.join(folder, 'lumo.config.js'), configOf(shape, ledgerUrl));
  await writeFile(path.join(folder, 'functions', 'tasks', 'init.ts'), INIT);
  for (const task of shape.tasks) {
    await writeFile(path.join(folder, 'functions', 'tasks', `${task.name}.ts`), sourceOf(task, variant));
  }
}

function configOf({ project, tasks }: Shape, ledgerUrl: string): string {
  const entries = tasks.map(({ name, dialect, runOn, needs, maxAttempts, timeout }) => [
    name,
    {
      timeout,
      runOn,
      needs,
      env: { LEDGER_URL: ledgerUrl },
      ...(dialect === 'lumo' && { retry: retryOf(maxAttempts) }),
    },
  ]);
  const config = { projectName: project, provider: 'aws', region: 'eu-central-1', tasks: Object.fromEntries(entries) };
  return `export default ${JSON.stringify(config, undefined, 2)};\n`;
}

const INIT = `import { tasks } from '@lumo-framework/tasks';
import { performIn } from '../../lib/perform.cjs';

tasks.middleware(async ({ ctx, next }) => {
  performIn(ctx);
  await next();
});
`;

function sourceOf({ name, dialect, maxAttempts }: ShapeTask, variant: Variant): string {
  const perform = `import { perform } from '../../lib/perform.cjs';\n`;
  if (dialect === 'lumo') {
    return `${perform}
export const run = async (ctx) => {
  const done = await perform('${variant}', ctx.config.payload.scripts);
  return { success: done, message: done ? 'done' : 'refused by its script' };
};
`;
  }
  return `import { AbortTaskRunError, task } from '@lumo-framework/tasks';
${perform}
export const it = task({
  id: '${name}',
  retry: ${JSON.stringify(retryOf(maxAttempts))},
  run: async (payload) => {
    if (!(await perform('${variant}', payload.scripts))) throw new AbortTaskRunError('refused by its script');
  },
});
`;
}

function retryOf(maxAttempts: number): object {
  return { maxAttempts, factor: 2, minTimeoutInMs: 50, maxTimeoutInMs: 200, randomize: true };
}
