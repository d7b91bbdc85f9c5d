import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { runStep, type StepResult } from '../helpers/action.ts';
import { startTestAws, type TestAws } from '../helpers/aws.ts';
import { createJournal } from '../helpers/journal.ts';
import { config, createProject, type TestProject } from '../helpers/project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const journal = createJournal();
let aws: TestAws;
let project: TestProject;

beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws.close());
afterEach(async () => {
  await project.remove();
  journal.clear();
});

const FAILS = `throw new Error('out of luck');`;

/** Tasks of a configuration, each with the statements it runs. */
async function deploy(
  environment: string,
  tasks: Record<string, { needs?: string[]; body?: string; runOn?: string[] }>,
  inputs: Record<string, string> = {},
): Promise<StepResult> {
  const settings = Object.entries(tasks).map(([name, { body: _body, ...rest }]) => [name, rest]);
  const files = Object.entries(tasks).map(([name, { body }]) => [
    `functions/tasks/${name}.ts`,
    journal.task(name, body),
  ]);
  project = await createProject({
    'lumo.config.js': config(Object.fromEntries(settings)),
    ...Object.fromEntries(files),
  });
  return await runStep(project.root, { env: aws.env, with: { environment, ...inputs } });
}

const outcome = ({ results }: StepResult) => results.map(({ task, status, reason }) => [task, status, reason]);

test('one at a time: in the order they are written, each after what it needs', async () => {
  const step = await deploy('written', { z: { needs: ['m'] }, b: {}, m: {}, a: { needs: ['z'] } });
  expect(step.exitCode).toBe(0);
  expect(journal.lines()).toEqual(['m', 'z', 'b', 'a']);
  expect(step.results.map(({ task }) => task)).toEqual(['m', 'z', 'b', 'a']);
});

test('after a failure nothing further starts, and each says why', async () => {
  const step = await deploy('fast', { one: {}, two: { body: FAILS }, three: { needs: ['two'] }, four: {} });
  expect(step.exitCode).toBe(1);
  expect(outcome(step)).toEqual([
    ['one', 'COMPLETED', undefined],
    ['two', 'FAILED', undefined],
    ['three', 'SKIPPED', 'needs two, which FAILED'],
    ['four', 'SKIPPED', 'not started: two FAILED'],
  ]);
  expect(journal.lines()).toEqual(['one', 'two']);
  expect(step.outputs).toMatchObject({ succeeded: '1', failed: '1', skipped: '2', recorded: 'false' });
});

test('without fail-fast only what needs the failed one is left out', async () => {
  const step = await deploy(
    'patient',
    { one: { body: FAILS }, two: { needs: ['one'] }, three: { needs: ['two'] }, four: {}, five: { body: FAILS } },
    { 'fail-fast': 'false' },
  );
  expect(step.exitCode).toBe(1);
  expect(outcome(step)).toEqual([
    ['one', 'FAILED', undefined],
    ['two', 'SKIPPED', 'needs one, which FAILED'],
    ['three', 'SKIPPED', 'needs two, which was SKIPPED'],
    ['four', 'COMPLETED', undefined],
    ['five', 'FAILED', undefined],
  ]);
  expect(step.errors.map(({ properties }) => properties.file)).toEqual([
    'functions/tasks/one.ts',
    'functions/tasks/five.ts',
  ]);
});

test('a need that another phase has is met', async () => {
  const step = await deploy('phase', { setup: { runOn: ['update'] }, work: { needs: ['setup'] } });
  expect(step.exitCode).toBe(0);
  expect(outcome(step)).toEqual([
    ['setup', 'SKIPPED', 'runs on update only, this is phase deploy'],
    ['work', 'COMPLETED', undefined],
  ]);
});

test('eight at a time, and what needs them after all of them', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `task-${index}`);
  // Each waits until all have started: with fewer at a time nobody would ever end.
  const body = `
    const { readFileSync } = await import('node:fs');
    const started = () => new Set(readFileSync(${JSON.stringify(journal.file)}, 'utf8').split('\\n').filter(Boolean)).size;
    while (started() < 8) await pause(50);`;
  const tasks = Object.fromEntries(names.map((name) => [name, { body }]));
  const step = await deploy('parallel', { last: { needs: names }, ...tasks }, { 'max-parallel': '8' });
  expect(step.exitCode).toBe(0);
  expect(step.outputs.succeeded).toBe('9');
  expect(journal.lines().at(-1)).toBe('last');
  expect(journal.lines().toSorted()).toEqual(['last', ...names]);
});

test('never more at a time than max-parallel', async () => {
  const body = `note('+'); await pause(150); note('-');`;
  const names = Array.from({ length: 7 }, (_, index) => `task-${index}`);
  const step = await deploy('three', Object.fromEntries(names.map((name) => [name, { body }])), {
    'max-parallel': '3',
  });
  expect(step.exitCode).toBe(0);
  let running = 0;
  const most = journal.lines().map((line) => {
    running += line === '+' ? 1 : line === '-' ? -1 : 0;
    return running;
  });
  expect(Math.max(...most)).toBeGreaterThan(1);
  expect(Math.max(...most)).toBeLessThanOrEqual(3);
});
