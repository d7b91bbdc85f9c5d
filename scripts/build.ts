import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildRic } from './build-ric.ts';
import { buildRuntime } from './build-runtime.ts';
import { buildTypes } from './build-types.ts';

/** Builds `dist/`: the action (ncc), what is shipped inside every Lambda with its types, and the runtime client of the embedded AWS. */
const root = path.resolve(import.meta.dirname, '..');
const dist = path.resolve(process.argv[2] ?? path.join(root, 'dist'));

/** The runner starts it also when the main step was killed before it could say that it had begun: it must never deploy. */
const POST_STEP = `process.env.STATE_step ??= 'main';
await import('./index.js');
`;

await rm(dist, { recursive: true, force: true });
const ncc = path.join(root, 'node_modules', '@vercel', 'ncc', 'dist', 'ncc', 'cli.js');
await promisify(execFile)(
  process.execPath,
  [ncc, 'build', 'src/index.ts', '-o', dist, '--minify', '--license', 'licenses.txt', '--no-cache'],
  { cwd: root },
);
await writeFile(path.join(dist, 'post.js'), POST_STEP);
await buildRuntime(dist);
await buildTypes(dist);
await buildRic(path.join(dist, 'ric', 'index.mjs'));
