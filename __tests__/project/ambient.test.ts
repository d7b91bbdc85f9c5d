import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { inAmbient } from '../../src/project/ambient.ts';
import { makeProject } from './helpers.ts';

const log = { info: () => {}, warning: () => {}, debug: () => {} };
const ambient = (limitMs: number) => ({
  folder: makeProject({}),
  variables: { AMBIENT_TEST: 'inside' },
  label: 'x',
  limitMs,
  log,
});

describe('inAmbient', () => {
  it('sets folder and variables for the body alone', async () => {
    const options = ambient(1000);
    const before = process.cwd();
    const inside = await inAmbient(options, async () => [process.cwd(), process.env.AMBIENT_TEST]);
    expect(inside).toEqual([options.folder, 'inside']);
    expect([process.cwd(), process.env.AMBIENT_TEST]).toEqual([before, undefined]);
  });

  it('gives up on a body that never settles, and puts everything back', async () => {
    const before = [process.cwd(), process.exit, process.stdout.write];
    await expect(inAmbient(ambient(30), () => new Promise(() => {}))).rejects.toThrow('not finished within 0.03 s');
    expect([process.cwd(), process.exit, process.stdout.write]).toEqual(before);
  });

  it('never lets the process end silently while the body does not settle', () => {
    const module = path.resolve(import.meta.dirname, '../../src/project/ambient.ts');
    const script = `
      const { inAmbient } = await import(${JSON.stringify(module)});
      const log = { debug: (line) => process.stdout.write(line + '\\n') };
      await inAmbient({ folder: '/', variables: {}, label: 'label', limitMs: 200, log }, async () => {
        console.log('said');
        await new Promise(() => {});
      }).catch((error) => console.log(error.message));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(stdout).toBe('label: said\nnot finished within 0.2 s; is there an await that never settles?\n');
  });
});
