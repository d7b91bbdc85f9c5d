import { describe, expect, it } from 'vitest';
import { createRunner } from '../../src/runner/index.ts';
import type { Runner } from '../../src/runner/types.ts';
import { HOSTILE } from '../report/samples.ts';

async function terminal(env: NodeJS.ProcessEnv = {}, isTTY = false): Promise<{ runner: Runner; text(): string }> {
  const written: string[] = [];
  const runner = await createRunner(env, { write: (text) => written.push(text), isTTY });
  return { runner, text: () => written.join('') };
}

describe('the runner on a terminal', () => {
  it('prints readable text without workflow commands, groups indented', async () => {
    const { runner, text } = await terminal();
    runner.info('Packaging');
    const value = await runner.group('Run', async () => {
      runner.untrusted(['::error::x\nsecond']);
      runner.warning('careful\nreally');
      return 42;
    });
    await expect(
      runner.group('broken', async () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    runner.annotate({ level: 'error', title: 'Task a failed', message: 'why', location: { file: 'a.ts', line: 3 } });
    runner.debug('not shown');
    runner.setOutput('results', '[]');
    runner.appendSummary('# summary');
    expect(value).toBe(42);
    expect(text()).toBe(
      [
        'Packaging',
        'Run',
        '  │ : :error::x',
        '  │ second',
        '  warning: careful',
        '    really',
        'broken',
        'error: Task a failed',
        '  why',
        '  at a.ts:3',
        '',
      ].join('\n'),
    );
  });

  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ TERM: 'dumb' }, true, false],
  ])('with %j, on a terminal: %s, colours: %s', async (env, isTTY, coloured) => {
    const { runner, text } = await terminal(env, isTTY);
    runner.warning('careful');
    expect(text().includes('\u001b[')).toBe(coloured);
  });

  it('lets no escape sequence of others through', async () => {
    const { runner, text } = await terminal();
    runner.info(HOSTILE);
    runner.untrusted([HOSTILE]);
    runner.annotate({ level: 'error', title: HOSTILE, message: HOSTILE, location: { file: HOSTILE, key: HOSTILE } });
    expect(text()).not.toContain('\u001b');
    expect(text()).not.toContain('\u202e');
  });

  it('hides masked values, and shows debug lines when asked', async () => {
    const { runner, text } = await terminal({ RUNNER_DEBUG: '1' });
    runner.mask('s3cret-v4lue');
    runner.info('s3cret-v4lue');
    runner.debug('s3cret-v4lue');
    runner.untrusted(['s3cret-v4lue']);
    runner.annotate({ level: 'notice', title: 's3cret-v4lue', message: 's3cret-v4lue' });
    expect(text()).not.toContain('s3cret');
    expect(text().match(/\*\*\*/g)).toHaveLength(5);
    expect(runner.redact('a s3cret-v4lue')).toBe('a ***');
  });
});
