/**
 * Loads a project in a process of its own, as the action does: configurations are imported by Node itself, not by the
 * test runner. Reads the options as JSON from the first argument, writes the outcome as JSON to the file of the second.
 */
import { writeFileSync } from 'node:fs';
import { ActionError } from '../../src/errors.ts';
import { findEsbuild } from '../../src/package/esbuild.ts';
import { loadProject } from '../../src/project/index.ts';
import { createMask } from '../../src/runner/mask.ts';

const [, , input = '{}', output = ''] = process.argv;
const options: {
  root: string;
  boundary: string;
  config?: string;
  environment?: string;
  tempDir: string;
  distDir: string;
} = JSON.parse(input);
const debug: string[] = [];
const mask = createMask();
const log = { info: () => {}, warning: () => {}, debug: (line: string) => void debug.push(mask.redact(line)) };

const state = () => ({
  LUMO_ENVIRONMENT: process.env.LUMO_ENVIRONMENT ?? null,
  cwd: process.cwd(),
  exitCode: process.exitCode ?? null,
  listeners: process.listenerCount('uncaughtException'),
});
const before = state();
const natives = [process.exit, process.stdout.write, process.stderr.write];
const esbuild = await findEsbuild({ distDir: options.distDir, projectRoot: options.root, log });
const outcome = await loadProject({
  ...options,
  config: options.config,
  environment: options.environment ?? 'dev',
  esbuild,
  log,
  mask: mask.add,
}).then(
  (project) => ({ project }),
  (error: unknown) => ({
    error:
      error instanceof ActionError
        ? {
            code: error.code,
            message: mask.redact(error.message),
            advice: error.advice,
            location: error.location,
            details: error.details,
            cause: String(error.cause),
          }
        : {
            code: 'NOT_AN_ACTION_ERROR',
            message: String(error),
            stack: error instanceof Error ? error.stack : undefined,
          },
  }),
);
const isRestored = () =>
  JSON.stringify(state()) === JSON.stringify(before) &&
  [process.exit, process.stdout.write, process.stderr.write].every((each, index) => each === natives[index]);
writeFileSync(output, JSON.stringify({ ...outcome, debug, restored: isRestored() }));
process.exit();
