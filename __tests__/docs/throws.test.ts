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
/** The task whose last attempt throws. */
const lastOf = (task: ThrowingTask) => (task.onlyFirst ? `${idOf(task)}-once` : idOf(task));

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
    ...Object.fromEntries(tasks.flatMap(filesOf)),
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

function filesOf(task: ThrowingTask): [name: string, source: string][] {
  const file = (id: string, maxAttempts: number): [string, string] => [
    `functions/tasks/${id}.ts`,
    sourceOf(task, { id, maxAttempts, journal: journal.file }),
  ];
  return [file(idOf(task), 2), ...(task.onlyFirst ? [file(lastOf(task), 1)] : [])];
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
  const step = steps.get(task.strictHooks ?? false) as StepResult;
  const { attempts } = step.result(idOf(task));
  const first = notesOf(idOf(task), 'first');
  const { status, message } = step.result(lastOf(task));
  const last = notesOf(lastOf(task), 'last');
  const row: Row = {
    'thrown in': documented.get(task.place)?.['thrown in'] ?? '',
    'the attempt': attempts[first.attempt - 1]?.status === 'COMPLETED' ? 'goes on' : 'fails',
    'others of its kind': last.after.includes('other') ? 'run' : 'skipped',
    '`catchError`': first.all.includes('catchError') ? 'yes' : 'no',
    'tried again': attempts.length > first.attempt ? 'yes' : 'no',
    'still runs': following(
      task,
      last.after.filter((name) => !['other', 'catchError', task.kind].includes(name)),
    ),
    status: `\`${status}\``,
  };
  for (const column of COLUMNS) if (task.without?.some((name) => column.includes(name))) row[column] = '-';
  if (status !== 'COMPLETED' && row['still runs'] === 'none' && task.kind !== 'schema') {
    expect(message).toContain('These hooks did not run: catchError, onFailure, onComplete, cleanup, middleware');
  }
  return row;
}

/** What the task noted in the first or last attempt in which it threw. */
function notesOf(id: string, which: 'first' | 'last'): { attempt: number; all: string[]; after: string[] } {
  const notes = journal
    .lines()
    .map((line) => line.split(' '))
    .filter(([name]) => name === id);
  const throwing = notes.filter(([, , step]) => step === '!').at(which === 'first' ? 0 : -1);
  const attempt = Number(throwing?.[1]);
  const all = notes.filter(([, number]) => Number(number) === attempt).map(([, , step = '']) => step);
  return { attempt, all, after: all.slice(all.lastIndexOf('!') + 1) };
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
