import path from 'node:path';
import { build } from 'esbuild';

const root = path.dirname(import.meta.dirname);

/**
 * Bundles what goes into every task's package: `runtime/index.mjs`, `sdk/core.mjs` and `sdk/tasks.mjs` in `distDir`. Readable, because
 * the packages are minified later; the same bytes wherever the checkout lies.
 */
export async function buildRuntime(distDir: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [
      { in: 'src/runtime/index.ts', out: 'runtime/index' },
      { in: 'src/sdk/core/index.ts', out: 'sdk/core' },
      { in: 'src/sdk/tasks/index.ts', out: 'sdk/tasks' },
    ],
    outdir: path.resolve(distDir),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
}
