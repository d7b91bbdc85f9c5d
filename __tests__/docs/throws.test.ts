import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as sdk from '../../src/sdk/tasks/index.ts';
import { runStep, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { createJournal } from '../helpers/journal.ts';
import { config, createProject } from '../helpers/project.ts';
import { freshRegistry, start } from '../runtime/lifecycle/helpers.ts';
import { readPage } from './pages.ts';
import { sourceOf, THROWING_TASKS, type ThrowingTask, triggerConfig } from './throwing-tasks.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const page = readPage('docs/tasks.md');
const COLUMNS = [
  'thrown in',
  'the attempt',
  'others of its kind',
  '`catchError`',
  'tried again',
  'still runs',
  'status',
] as const;
type Row = Record<(typeof COLUMNS)[number], string>;
const documented = new Map(page.table(...COLUMNS).map((row) => [row['thrown in'].replaceAll('`', ''), row]));

const journal = createJournal();
const idOf = (task: ThrowingTask) => `task-${THROWING_TASKS.indexOf(task)}`;

/** The names in the order of hooks that the page shows, as far as a success comes by them. */
const SUCCESS = (page.blocks.find(({ language }) => language === 'text')?.content ?? '')
  .split('\n')
  .flatMap((line) => /^ *([\w, ]+?)(?: {2,}|$)/.exec(line)?.[1]?.split(', ') ?? [])
  .slice(1)
  .filter((name) => name !== 'catchError' && name !== 'onFailure');

let steps: Map<boolean, StepResult>;
let aws: TestAws;

beforeAll(async () => {
  aws = await startTestAws();
  steps = new Map();
  for (const strictHooks of [false, true]) steps.set(strictHooks, await deploy(strictHooks));
});
afterAll(async () => {
  await aws.close();
  journal.clear();
});

async function deploy(strictHooks: boolean): Promise<StepResult> {
  const tasks = THROWING_TASKS.filter((task) => (task.strictHooks ?? false) === strictHooks);
  const entries = tasks.flatMap((task) => (task.config === undefined ? [] : [[idOf(task), task.config]]));
  const project = await createProject({
    'lumo.config.js': config(Object.fromEntries(entries), { strictHooks }),
    'trigger.config.ts': triggerConfig(journal.file),
    ...Object.fromEntries(
      tasks.map((task) => [`functions/tasks/${idOf(task)}.ts`, sourceOf(task, idOf(task), journal.file)]),
    ),
  });
  try {
    return await runStep(project.root, {
      env: aws.env,
      with: { environment: `strict-${strictHooks}`, version: 'v1.0.0', 'max-parallel': '8', 'fail-fast': 'false' },
    });
  } finally {
    await project.remove();
  }
}

test('the table has a row for each place, and no other', () => {
  expect(SUCCESS).toEqual([
    ...['init', 'onStart', 'onStartAttempt', 'run', 'onWait', 'onResume'],
    ...['onSuccess', 'onComplete', 'cleanup', 'middleware'],
  ]);
  expect([...documented.keys()].sort()).toEqual(['onCancel', ...THROWING_TASKS.map(({ place }) => place)].sort());
});

describe('what the table says about an error is what happens', () => {
  test.each(THROWING_TASKS.map((task) => [task.place, task] as const))('%s', (place, task) => {
    expect(observe(task)).toEqual(documented.get(place));
  });
});

/** The row as the run of the task shows it. */
function observe(task: ThrowingTask): Row {
  const id = idOf(task);
  const { status, attempts, message } = (steps.get(task.strictHooks ?? false) as StepResult).result(id);
  const notes = journal
    .lines()
    .map((line) => line.split(' '))
    .filter(([name]) => name === id)
    .map(([, attempt, ...step]) => ({ attempt: Number(attempt), step: step.join(' ') }));
  const thrown = notes.filter(({ step }) => step === '!');
  const first = thrown[0]?.attempt ?? Number.NaN;
  const last = thrown.at(-1)?.attempt ?? Number.NaN;
  const stepsOf = (number: number) => notes.filter(({ attempt }) => attempt === number).map(({ step }) => step);
  const after = stepsOf(last).slice(stepsOf(last).lastIndexOf('!') + 1);
  const row: Row = {
    'thrown in': documented.get(task.place)?.['thrown in'] ?? '',
    'the attempt': attempts[first - 1]?.status === 'COMPLETED' ? 'goes on' : 'fails',
    'others of its kind': after.includes('other') ? 'run' : 'skipped',
    '`catchError`': stepsOf(first).includes('catchError') ? 'yes' : 'no',
    'tried again': attempts.length > first ? 'yes' : 'no',
    'still runs': following(
      task,
      after.filter((step) => !['other', 'catchError', task.kind].includes(step)),
    ),
    status: `\`${status}\``,
  };
  for (const column of task.without ?? []) row[COLUMNS.find((name) => name.includes(column)) ?? 'still runs'] = '-';
  if (status !== 'COMPLETED' && row['still runs'] === 'none' && task.place !== 'schema') {
    expect(message).toContain('These hooks did not run: catchError, onFailure, onComplete, cleanup, middleware');
  }
  return row;
}

function following({ kind, waits }: ThrowingTask, ran: readonly string[]): string {
  const all = SUCCESS.slice(SUCCESS.indexOf(kind) + 1).filter((name) => waits || !/^on(Wait|Resume)$/.test(name));
  if (ran.join() === all.join()) return 'all';
  return ran.length === 0 ? 'none' : ran.map((name) => `\`${name}\``).join(', ');
}

describe('in a run that is cancelled', () => {
  freshRegistry();

  test('onCancel', async () => {
    const ran: string[] = [];
    const say = (step: string) => () => {
      ran.push(step);
    };
    sdk.tasks.onCancel('first', () => {
      throw new Error('thrown');
    });
    sdk.task({
      id: 'demo',
      run: () => new Promise<void>(() => undefined),
      onCancel: say('other'),
      onFailure: say('onFailure'),
      onComplete: say('onComplete'),
      cleanup: say('cleanup'),
    });
    const { running, host } = start('demo');
    await new Promise((resolve) => setImmediate(resolve));
    running.cancel();
    const outcome = await host.run(running.outcome);
    expect(outcome.hooks).toMatchObject([{ hook: 'onCancel', scope: 'global' }]);
    expect(documented.get('onCancel')).toEqual({
      'thrown in': '`onCancel`',
      'the attempt': '-',
      'others of its kind': ran.includes('other') ? 'run' : 'skipped',
      '`catchError`': '-',
      'tried again': outcome.retry === undefined ? 'no' : 'yes',
      'still runs': ran.length === 1 ? 'none' : ran.join(),
      status: `\`${outcome.status}\``,
    });
  });
});
