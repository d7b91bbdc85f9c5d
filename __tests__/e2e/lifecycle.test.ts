import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { runStep, type Step, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { config, createProject, type TestProject } from '../helpers/project.ts';

let aws: TestAws;
let project: TestProject;

beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws.close());
afterEach(() => project.remove());

vi.setConfig({ testTimeout: 60_000 });

let environments = 0;

/** A project in an environment of its own; answers what runs a step in it. */
async function open(
  files: Record<string, string>,
  tasks: object = {},
  more: object = {},
): Promise<(step?: Step) => Promise<StepResult>> {
  project = await createProject({ 'lumo.config.js': config(tasks, more), ...files });
  project.commit();
  environments += 1;
  const environment = `lifecycle-${environments}`;
  return ({ with: inputs, ...step } = {}) =>
    runStep(project.root, {
      env: aws.env,
      ...step,
      with: { environment, version: 'v1.0.0', 'unknown-history': 'first-deploy', 'fail-fast': 'false', ...inputs },
    });
}

const SDK = `import { AbortTaskRunError, OutOfMemoryError, metadata, queue, task, tasks, wait } from '@lumo-framework/tasks';\n`;
const RETRY = 'retry: { maxAttempts: 3, minTimeoutInMs: 100, factor: 2, randomize: false }';
/** Every hook says that it ran, and in which attempt. */
const LOUD = ['onStart', 'onSuccess', 'onFailure', 'onComplete', 'cleanup', 'catchError']
  .map((hook) => `${hook}: async ({ ctx }) => { console.log('${hook} ' + ctx.attempt.number); }`)
  .join(',\n');

const statuses = (step: StepResult, task: string) => step.result(task).attempts.map(({ status }) => status);

/** What the hooks of a task that was alone said, in order. */
function said(step: StepResult): string[] {
  return step.log.split('\n').flatMap((line) => line.match(/^(on[A-Z]\w+|cleanup|catchError) \d$/)?.[0] ?? []);
}

describe('retries', () => {
  test('three attempts, the back-off between them, the hooks of each and of the last', async () => {
    const step = await open({
      'functions/tasks/flaky.ts': `${SDK}export const flaky = task({ id: 'flaky', ${RETRY}, ${LOUD},
        run: async (_payload, { ctx }) => {
          if (ctx.attempt.number < 3) throw new TypeError('not yet');
          return [ctx.attempt.number, ctx.run.id.endsWith('/flaky')];
        } });`,
    });
    const deployed = await step();
    expect(deployed.log).not.toContain('INTERNAL');
    expect(deployed.result('flaky')).toMatchObject({
      status: 'COMPLETED',
      message: 'completed after 3 attempts',
      data: [3, true],
    });
    expect(deployed.result('flaky').attempts).toMatchObject([
      {
        number: 1,
        status: 'FAILED',
        retryDelayMs: 100,
        error: { name: 'TypeError', message: 'not yet', file: 'functions/tasks/flaky.ts' },
      },
      { number: 2, status: 'FAILED', retryDelayMs: 200 },
      { number: 3, status: 'COMPLETED' },
    ]);
    expect(deployed.log).toContain('flaky … next attempt in 200 ms; TypeError: not yet');
    expect(said(deployed)).toEqual([
      ...['onStart 1', 'catchError 1', 'cleanup 1', 'catchError 2', 'cleanup 2'],
      ...['onSuccess 3', 'onComplete 3', 'cleanup 3'],
    ]);
    expect(deployed.summary).toContain('3 attempts of <code>flaky</code>');
    expect(deployed.outputs.recorded).toBe('true');

    // `run` knows from the marker how often the task may be tried.
    const again = await step({ with: { command: 'run', tasks: 'flaky' }, runId: '2' });
    expect(statuses(again, 'flaky')).toEqual(['FAILED', 'FAILED', 'COMPLETED']);
  });

  test('onFailure and onComplete on the last attempt only', async () => {
    const step = await open({
      'functions/tasks/broken.ts': `${SDK}export const broken = task({ id: 'broken', ${RETRY}, ${LOUD},
        run: async () => { throw new Error('never'); } });`,
    });
    const deployed = await step();
    expect(deployed.exitCode).toBe(1);
    expect(statuses(deployed, 'broken')).toEqual(['FAILED', 'FAILED', 'FAILED']);
    expect(said(deployed)).toEqual([
      ...['onStart 1', 'catchError 1', 'cleanup 1', 'catchError 2', 'cleanup 2'],
      ...['catchError 3', 'onFailure 3', 'onComplete 3', 'cleanup 3'],
    ]);
  });

  test('a decision of the task is kept: abort, skipRetrying, a delay of its own', async () => {
    const failing = (id: string, how: string, error: string) =>
      `task({ id: '${id}', ${RETRY}, ${how} run: async () => { throw ${error}; } });`;
    const step = await open({
      'functions/tasks/decided.ts': `${SDK}
        ${failing('aborts', '', `new AbortTaskRunError('enough')`)}
        ${failing('skips', 'catchError: async () => ({ skipRetrying: true }),', `new Error('x')`)}
        ${failing('delays', 'catchError: async () => ({ retryDelayInMs: 7 }),', `new Error('x')`)}`,
    });
    const deployed = await step({ with: { 'max-parallel': '3' } });
    expect(statuses(deployed, 'aborts')).toEqual(['FAILED']);
    expect(statuses(deployed, 'skips')).toEqual(['FAILED']);
    expect(deployed.result('delays').attempts.map(({ retryDelayMs }) => retryDelayMs)).toEqual([7, 7, undefined]);
  });
});

describe('ends at which no hook can run', () => {
  test('a crash is tried again; a hard time-out and maxDuration are not; each says what did not run', async () => {
    const step = await open(
      {
        'functions/tasks/ends.ts': `${SDK}
          const hooks = { ${LOUD} };
          task({ id: 'exits', ${RETRY}, ...hooks, run: async () => { process.exit(3); } });
          task({ id: 'hangs', ${RETRY}, ...hooks, run: async () => { for (;;); } });
          task({ id: 'long', ${RETRY}, ...hooks, maxDuration: 5, run: async () => { await new Promise((r) => setTimeout(r, 60_000)); } });
          task({ id: 'uncaught', ${RETRY}, ...hooks, run: async () => {
            setTimeout(() => { throw new RangeError('late'); }); await new Promise((r) => setTimeout(r, 9000)); } });`,
      },
      { hangs: { timeout: 1 } },
    );
    const deployed = await step({ with: { 'max-parallel': '4' } });
    const unheard = /These hooks did not run: .*onFailure/;
    expect(statuses(deployed, 'exits')).toEqual(['CRASHED', 'CRASHED', 'CRASHED']);
    expect(deployed.result('exits').message).toMatch(/exit code 3/);
    expect(statuses(deployed, 'hangs')).toEqual(['TIMED_OUT']);
    expect(deployed.result('hangs').message).toMatch(/Timed out after 1 s/);
    expect(statuses(deployed, 'long')).toEqual(['TIMED_OUT']);
    expect(statuses(deployed, 'uncaught')).toEqual(['FAILED', 'FAILED', 'FAILED']);
    expect(deployed.result('uncaught').error).toMatchObject({ name: 'RangeError', file: 'functions/tasks/ends.ts' });
    expect(deployed.result('uncaught').warnings).toContainEqual(
      expect.stringContaining('TASK_RUN_UNCAUGHT_EXCEPTION: '),
    );
    for (const task of ['exits', 'hangs', 'long', 'uncaught']) {
      expect(deployed.result(task).message).toMatch(unheard);
      expect(deployed.summary).toContain(task);
    }
    expect(deployed.log).not.toMatch(/^onFailure/m);
  });

  test('cancelled while it waits for the next attempt: nothing more starts, and it is said calmly', async () => {
    const step = await open({
      'functions/tasks/patient.ts': `${SDK}task({ id: 'patient', retry: { minTimeoutInMs: 60_000 }, ${LOUD},
        run: async () => { throw new Error('x'); } });
        task({ id: 'unstarted', run: async () => {} });`,
    });
    const deployed = await step({ cancelAfter: { text: 'next attempt in' } });
    expect(deployed.result('patient')).toMatchObject({
      status: 'CANCELED',
      reason: 'cancelled while it waited for attempt 2 of 3',
      attempts: [{ status: 'FAILED' }],
    });
    expect(deployed.result('unstarted').status).toBe('SKIPPED');
    expect(deployed.outputs.status).toBe('cancelled');
    expect(deployed.errors.filter(({ message }) => message.includes('patient'))).toEqual([]);
  });
});

describe('out of memory', () => {
  const HUNGRY = `async () => { const all = []; for (let n = 0; n < 60; n++) { all.push(Buffer.alloc(10_000_000, 1)); await new Promise((r) => setTimeout(r, 5)); } return all.length; }`;

  test('the next attempt runs on the larger machine, and the next deployment finds the function unchanged', async () => {
    const step = await open({
      'functions/tasks/hungry.ts': `${SDK}task({ id: 'hungry', machine: 'micro',
        retry: { minTimeoutInMs: 10, outOfMemory: { machine: 'medium-1x' } }, run: ${HUNGRY} });`,
    });
    const deployed = await step();
    expect(deployed.result('hungry')).toMatchObject({
      status: 'COMPLETED',
      data: 60,
      machine: 'medium-1x',
      memoryMb: 2048,
      attempts: [
        { status: 'CRASHED', error: { name: 'OutOfMemory' } },
        { status: 'COMPLETED', memoryMb: 2048 },
      ],
    });
    expect(deployed.log).toContain('on medium-1x (2048 MB)');
    expect(deployed.outputs.recorded).toBe('true');

    aws.taken();
    const update = await step({ with: { version: 'v1.1.0' }, runId: '2' });
    expect(update.log).toContain('1 of 1 functions unchanged');
    expect(update.result('hungry').attempts).toHaveLength(2);
  });

  test('thrown by the task itself: final without such a machine, with one tried there once', async () => {
    const thrown = `run: async () => { throw new OutOfMemoryError(); }`;
    const step = await open({
      'functions/tasks/full.ts': `${SDK}
        task({ id: 'final', ${RETRY}, ${thrown} });
        task({ id: 'moved', machine: 'micro', ${RETRY.replace(' }', `, outOfMemory: { machine: 'small-1x' } }`)}, ${thrown} });`,
    });
    const deployed = await step();
    expect(statuses(deployed, 'final')).toEqual(['FAILED']);
    expect(deployed.result('moved').attempts.map(({ status, memoryMb }) => [status, memoryMb])).toEqual([
      ['FAILED', undefined],
      ['FAILED', 885],
    ]);
  });
});

describe('queues', () => {
  test('twenty tasks on a queue of one never overlap with max-parallel 8; without a limit they do', async () => {
    const run = `run: async () => { const start = Date.now(); await wait.for({ seconds: 0.05 }); return [start, Date.now()]; }`;
    const step = await open({
      'functions/tasks/many.ts': `${SDK}
        const one = queue({ name: 'one', concurrencyLimit: 1 });
        for (let n = 0; n < 20; n++) task({ id: 'one-' + n, queue: one, ${run} });
        for (let n = 0; n < 8; n++) task({ id: 'free-' + n, ${run.replace('0.05', '1')} });`,
    });
    const deployed = await step({ with: { 'max-parallel': '8' } });
    expect(deployed.exitCode).toBe(0);
    const times = (prefix: string) =>
      deployed.results
        .filter(({ task }) => task.startsWith(prefix))
        .map(({ data }) => data as [start: number, end: number])
        .sort(([a], [b]) => a - b);
    const overlapping = (all: [number, number][]) =>
      all.slice(1).filter(([start], index) => start < (all[index]?.[1] ?? 0)).length;
    expect(times('one-')).toHaveLength(20);
    expect(overlapping(times('one-'))).toBe(0);
    expect(overlapping(times('free-'))).toBeGreaterThan(0);
  });
});

describe('limits and leftovers', () => {
  test('maxDuration ends a run that never lets go of the event loop', async () => {
    const step = await open({
      'functions/tasks/busy.ts': `${SDK}task({ id: 'busy', maxDuration: 5, run: async () => { const until = Date.now() + 5600; while (Date.now() < until); } });`,
    });
    const deployed = await step();
    expect(deployed.result('busy')).toMatchObject({ status: 'TIMED_OUT', error: { name: 'MAX_DURATION_EXCEEDED' } });
    expect(deployed.result('busy').attempts).toHaveLength(1);
  });

  test('the next attempt finds environment variables and folder as the first one did', async () => {
    const step = await open({
      'functions/tasks/leaky.ts': `${SDK}task({ id: 'leaky', ${RETRY}, run: async (payload, { ctx }) => {
  const found = { leak: process.env.LEAK ?? null, same: process.cwd() === ctx.workingDirectory };
  process.env.LEAK = 'yes';
  process.chdir('/');
  if (ctx.attempt.number === 1) throw new Error('again');
  return found;
} });`,
    });
    const deployed = await step();
    expect(deployed.result('leaky')).toMatchObject({ status: 'COMPLETED', data: { leak: null, same: true } });
  });
});

describe('what is said beside the result', () => {
  test('hooks that threw are warnings at their line, metadata is shown, and so is what was clamped', async () => {
    const step = await open({
      'functions/tasks/init.ts': `${SDK}tasks.onStart(async () => {\n  throw new Error('slack answered 503');\n});\n`,
      'functions/tasks/noisy.ts': `${SDK}task({ id: 'noisy', machine: 'small-2x', maxDuration: 2, run: async () => {
        metadata.set('progress', 0.5); return null; } });`,
      'functions/tasks/plain.ts': `export const run = async () => ({ success: true, message: 'fine' });`,
    });
    const deployed = await step();
    expect(deployed.exitCode).toBe(0);
    expect(deployed.result('noisy')).toMatchObject({
      status: 'COMPLETED',
      message: 'completed',
      data: null,
      metadata: { progress: 0.5 },
      machine: 'small-2x',
      memoryMb: 1769,
      cpu: 1,
    });
    expect(deployed.result('plain')).toMatchObject({ status: 'COMPLETED', message: 'fine' });
    const warnings = deployed.log.split('\n').filter((line) => line.startsWith('::warning '));
    expect(warnings.filter((line) => line.includes('slack answered 503'))).toHaveLength(2);
    expect(warnings.some((line) => /file=functions\/tasks\/init\.ts,line=\d+/.test(line))).toBe(true);
    expect(deployed.summary).toContain('the global hook onStart threw, the run went on: slack answered 503');
    expect(deployed.summary).toContain('Metadata of <code>noisy</code>');
    expect(deployed.summary).toMatch(/Task noisy: .*maxDuration/);
  });

  test('a note that concerns many tasks is one notice', async () => {
    const step = await open({
      'functions/tasks/many.ts': `${SDK}for (let n = 1; n < 8; n++) task({ id: 'many-' + n, maxDuration: 1, run: async () => {} });`,
    });
    const planned = await step({ with: { command: 'plan' } });
    expect(planned.log.split('\n').filter((line) => line.includes('was raised to 5 s'))).toEqual([
      expect.stringContaining('Tasks many-1, many-2, many-3, many-4, many-5 and 2 more: maxDuration 1'),
    ]);
  });

  test('the plan says how each task would be run', async () => {
    const step = await open({
      'functions/tasks/deep.ts': `${SDK}task({ id: 'deep', machine: 'small-2x', ${RETRY}, queue: { concurrencyLimit: 1 },
        onFailure: async () => {}, run: async () => {} });`,
      'functions/tasks/plain.ts': `export const run = async () => ({ success: true, message: 'fine' });`,
    });
    const planned = await step({ with: { command: 'plan' } });
    expect(planned.log).toMatch(
      /deep .*lifecycle, up to 3 attempts, queue task\/deep \(1 at a time\), small-2x \(1769 MB\), hooks onFailure/,
    );
    expect(JSON.parse(planned.outputs.plan ?? '')).toMatchObject([
      {
        task: 'deep',
        dialect: 'lifecycle',
        maxAttempts: 3,
        concurrencyLimit: 1,
        machine: 'small-2x',
        hooks: ['onFailure'],
      },
      { task: 'plain', dialect: 'lumo', maxAttempts: 1, concurrencyLimit: null, machine: null, memoryMb: 1024 },
    ]);
  });
});
