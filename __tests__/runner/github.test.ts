import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE } from '../report/samples.ts';
import { type RunnerLog, readAsRunner } from './workflow-runner.ts';

const RUNNER = path.resolve(import.meta.dirname, '../../src/runner/index.ts');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'github-runner-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface StepOutcome extends RunnerLog {
  stdout: string;
  outputs: string;
  summary: string;
}

/** Runs `body` (JavaScript, with `runner` and `hostile` in scope) as a step would, in a process of its own. */
async function step(body: string): Promise<StepOutcome> {
  const [output, summary] = ['output', 'summary'].map((name) => path.join(folder, name)) as [string, string];
  await Promise.all([writeFile(output, ''), writeFile(summary, 'before\n')]);
  const script = `
    const { createRunner } = await import(${JSON.stringify(RUNNER)});
    const hostile = ${JSON.stringify(HOSTILE)};
    const runner = await createRunner(process.env, process.stdout);
    ${body}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary },
    maxBuffer: 64 * 1024 * 1024,
  });
  return {
    ...readAsRunner(stdout),
    stdout,
    outputs: await readFile(output, 'utf8'),
    summary: await readFile(summary, 'utf8'),
  };
}

describe('the runner on GitHub', () => {
  it('prints plain lines plainly, and nothing of a hostile one is executed', async () => {
    const { commands, lines } = await step(`
      runner.info('Packaging 4 tasks');
      for (const line of hostile.split('\\n')) runner.info(line);
      runner.info(hostile);`);
    expect(commands).toEqual([]);
    expect(lines[0]).toBe('Packaging 4 tasks');
    expect(lines).toHaveLength(1 + HOSTILE.split('\n').length + 1 + 1);
  });

  it('prints a task output inside stopped commands, without an executed line, whatever it contains', async () => {
    const { commands, lines, stdout } = await step(`
      runner.untrusted([hostile, '::endgroup::', 'a\\r::error::b', '##[group]x', '::stop-commands::x', '::x::']);
      runner.untrusted([]);
      runner.info('after');`);
    expect(commands).toEqual([]);
    expect(lines.filter(Boolean).at(-1)).toBe('after');
    expect(stdout.match(/^::stop-commands::[0-9a-f-]{36}$/gm)).toHaveLength(1);
  });

  it('takes a new token for each block', async () => {
    const { stdout } = await step(`runner.untrusted(['a']); runner.untrusted(['b']);`);
    const tokens = stdout.match(/^::stop-commands::.*$/gm) ?? [];
    expect(new Set(tokens).size).toBe(2);
  });

  it('annotates with the properties GitHub knows, relative to the workspace', async () => {
    const { commands } = await step(`
      const location = { file: 'functions/tasks/a.ts', line: 3, column: 7 };
      runner.annotate({ level: 'error', title: 'Task a, b: failed', message: 'line 1\\nline 2 100%', location });
      runner.annotate({ level: 'notice', title: 't', message: hostile, location: { column: 2, key: 'tasks.a' } });
      runner.warning('careful\\n##[error]x');`);
    expect(commands.map(({ name }) => name)).toEqual(['error', 'notice', 'warning']);
    expect(commands[0]).toEqual({
      name: 'error',
      properties: { title: 'Task a, b: failed', file: 'functions/tasks/a.ts', line: '3', col: '7' },
      data: 'line 1\nline 2 100%',
    });
    expect(commands[1]?.properties).toEqual({ title: 't' });
    expect(commands[2]?.data).toBe('careful\n## [error]x');
  });

  it('ends a group also when its body throws', async () => {
    const { commands } = await step(`
      const ok = await runner.group('Run ' + hostile, async () => 42);
      await runner.group('two', async () => { throw new Error('no'); }).catch((error) => runner.info(error.message + ok));`);
    expect(commands.map(({ name }) => name)).toEqual(['group', 'endgroup', 'group', 'endgroup']);
  });

  it('hides masked values everywhere, and registers them with GitHub', async () => {
    const { commands, stdout, outputs, summary } = await step(`
      runner.mask('s3cret-v4lue');
      runner.mask('production');
      runner.mask('-----BEGIN-----\\nMIIBVgIBADANB1\\n}');
      runner.info('one s3cret-v4lue');
      runner.debug('two s3cret-v4lue');
      runner.untrusted(['three s3cret-\\u001b[0mv4lue', 'MIIBVgIBADANB1']);
      runner.warning('four s3cret-v4lue');
      runner.annotate({ level: 'error', title: 's3cret-v4lue', message: 's3cret-v4lue', location: { file: 's3cret-v4lue' } });
      runner.setOutput('results', JSON.stringify({ a: 's3cret-v4lue', b: 'production' }));
      runner.appendSummary('# s3cret-v4lue\\n');`);
    const masks = commands.filter(({ name }) => name === 'add-mask').map(({ data }) => data);
    expect(masks).toEqual(['s3cret-v4lue', '-----BEGIN-----', 'MIIBVgIBADANB1']);
    const printed = stdout.replaceAll(/^::add-mask::.*$/gm, '');
    expect(`${printed}${outputs}${summary}`).not.toMatch(/s3cret|v4lue|MIIB/);
    expect(outputs).toContain('"b":"production"');
    expect(summary).toBe('before\n# ***\n');
  });

  it('hands outputs back through the file, also those with several lines', async () => {
    const { outputs, commands } = await step(`runner.setOutput('results', 'a\\nb=c<<d\\n');`);
    expect(outputs).toMatch(/^results<<(ghadelimiter_\S+)\na\nb=c<<d\n\n\1\n$/);
    expect(commands).toEqual([]);
  });

  it('cuts 50 MB of output and stays responsive', async () => {
    const { stdout, lines } = await step(`runner.untrusted([('y'.repeat(99) + '\\n').repeat(500_000)]);`);
    expect(stdout.length).toBeLessThan(600 * 1024);
    expect(lines[0]).toMatch(/^… 49\d,\d{3} earlier lines left out \(4\d\.\d MB\)$/);
  });
});
