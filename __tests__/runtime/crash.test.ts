import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

const SOURCE = path.resolve(import.meta.dirname, '../../src/runtime');
const ENVELOPE = JSON.stringify({
  lumo: 1,
  task: 'demo',
  status: 'FAILED',
  error: { name: 'RangeError', message: 'late' },
  logs: [{ number: 1, stream: 'stdout', text: 'hello' }],
  droppedLines: 0,
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lumo-crash-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** How a process ends that dies in the way of the runtime, with these last words and what else there is. */
async function death(lastWords: string, more = ''): Promise<{ status: number | null; lines: string[] }> {
  const script = path.join(folder, 'script.mjs');
  await build({
    stdin: {
      contents: `import { die } from './crash.ts';
        import { UncaughtGuard } from './uncaught.ts';
        const write = (text) => process.stdout.write(text);
        const exit = process.exit.bind(process);
        const guard = new UncaughtGuard(() => write('stray\\n'));
        const end = (code) => process.exit(code);
        process.on('uncaughtException', () => end(7)).on('unhandledRejection', () => end(8));
        guard.start(() => {
          guard.start(() => write('ignored\\n'));
          die(${ENVELOPE}, { write, exit, lastWords: ${lastWords} }).then(() => write('answered\\n'));
        });
        ${more};
        setTimeout(() => { throw new RangeError('late'); });
        setTimeout(() => write('alive\\n'), 10_000);`,
      resolveDir: SOURCE,
    },
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  const { status, stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 8000 });
  return { status, lines: stdout.split('\n').filter((line) => line !== '' && !line.startsWith('LUMO-ENVELOPE ')) };
}

const SAY = `async (envelope) => { await new Promise((r) => setTimeout(r, 100)); write('said ' + envelope.logs[0].text + '\\n'); }`;

test('last words get the whole envelope, and the process waits for them', async () => {
  expect(await death(SAY)).toEqual({ status: 1, lines: ['said hello'] });
});

test('a second error, and listeners of others, do not end the process before that', async () => {
  const more = `setTimeout(() => { throw new Error('second'); }, 20); setTimeout(() => Promise.reject(new Error('third')), 40)`;
  expect(await death(SAY, more)).toEqual({ status: 1, lines: ['ignored', 'ignored', 'said hello'] });
});

test.each([
  ['nobody has any', 'undefined', ''],
  ['they never end', '() => new Promise(() => undefined)', ''],
  ['they fail', '() => Promise.reject(new Error("offline"))', ''],
  ['they fail at once', '() => { throw new Error("offline"); }', ''],
  ['somebody who hears of the exit throws', 'undefined', `process.on('exit', () => { throw new Error('no'); })`],
  ['exit is replaced', 'undefined', 'process.exit = () => undefined'],
])('the process exits when %s', async (_, lastWords, more) => {
  expect(await death(lastWords, more)).toEqual({ status: 1, lines: [] });
});
