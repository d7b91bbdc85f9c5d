import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunResult } from '../../src/runs/types.ts';
import type { Interruption } from './plan.ts';

export const ROOT = path.resolve(import.meta.dirname, '..', '..');
const ACTION = path.join(ROOT, 'dist', 'index.js');

export interface Step {
  /** Below which the runner's files lie. */
  tempDir: string;
  workspace: string;
  /** `with:`, by input name. */
  inputs: Record<string, string>;
  /** `GITHUB_*` and the like, on top of what every step has. */
  env: Record<string, string>;
  interruption: Interruption;
}

export interface StepResult {
  exitCode: number | null;
  /** What ended the main step, and after how many milliseconds it ended then; undefined: it ended by itself before. */
  interrupted: { by: 'cancel' | 'kill'; tookMs: number } | undefined;
  /** Of the main and the post step. */
  log: string;
  outputs: Record<string, string>;
  /** As the main step reports them, or the post step after it. */
  results: RunResult[];
}

/** Runs the built action as a runner does: main, and unless the machine dies, post. */
export async function runStep(step: Step): Promise<StepResult> {
  const temp = await mkdtemp(path.join(step.tempDir, 'step-'));
  try {
    const env = { ...(await runnerFiles(temp)), ...stepEnvironment(step, temp), ...step.env };
    const main = await execute(step, env);
    const outputs = parsePairs(await readFile(path.join(temp, 'output'), 'utf8'));
    const post = main.interrupted?.by === 'kill' ? undefined : await runPost(step, temp, env, main);
    return { ...main, log: main.log + (post?.log ?? ''), outputs, results: await resultsOf(outputs) };
  } finally {
    // A bundler that outlives a killed deployment may still be writing.
    await rm(temp, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

async function runnerFiles(temp: string): Promise<Record<string, string>> {
  const files = { GITHUB_OUTPUT: 'output', GITHUB_STATE: 'state', GITHUB_STEP_SUMMARY: 'summary' };
  await mkdir(path.join(temp, '_temp'));
  const env = Object.entries(files).map(([name, file]) => [name, path.join(temp, file)] as const);
  await Promise.all(env.map(([, file]) => writeFile(file, '')));
  return Object.fromEntries(env);
}

function stepEnvironment({ workspace, inputs }: Step, temp: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: temp,
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: workspace,
    GITHUB_REPOSITORY: 'acme/soak',
    GITHUB_ACTOR: 'octocat',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_API_URL: 'http://127.0.0.1:9',
    RUNNER_TEMP: path.join(temp, '_temp'),
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
  };
}

/** The runner runs it whatever became of main, when the action has one. */
async function runPost(
  step: Step,
  temp: string,
  env: Record<string, string>,
  { exitCode, interrupted }: Pick<StepResult, 'exitCode' | 'interrupted'>,
): Promise<{ log: string } | undefined> {
  if (!(await hasPost())) return undefined;
  const state = parsePairs(await readFile(path.join(temp, 'state'), 'utf8'));
  const saved = Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]);
  const output = path.join(temp, 'post-output');
  await writeFile(output, '');
  const status = interrupted ? 'cancelled' : exitCode === 0 ? 'success' : 'failure';
  const postEnv = { ...env, ...Object.fromEntries(saved), GITHUB_OUTPUT: output, 'INPUT_JOB-STATUS': status };
  return await execute({ ...step, interruption: { by: 'nobody' } }, postEnv);
}

async function hasPost(): Promise<boolean> {
  return /^ {2}post: /m.test(await readFile(path.join(ROOT, 'action.yml'), 'utf8'));
}

async function execute(
  { workspace, interruption }: Step,
  env: Record<string, string>,
): Promise<Pick<StepResult, 'exitCode' | 'interrupted' | 'log'>> {
  const child = spawn(process.execPath, [ACTION], { cwd: workspace, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  const ends = interrupt(child, interruption);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  return { exitCode, log, interrupted: ends() };
}

/** Milliseconds after the cancel at which the runner gets rougher. */
const CANCEL: [NodeJS.Signals, number][] = [
  ['SIGINT', 0],
  ['SIGTERM', 7_500],
  ['SIGKILL', 10_000],
];

/** Answers, when the process has ended, what became of the interruption. */
function interrupt(child: ChildProcess, interruption: Interruption): () => StepResult['interrupted'] {
  if (interruption.by === 'nobody') return () => undefined;
  const { by, afterMs } = interruption;
  let began: number | undefined;
  const signals: [NodeJS.Signals, number][] = by === 'kill' ? [['SIGKILL', 0]] : CANCEL;
  const timers = signals.map(([signal, ms]) =>
    setTimeout(() => {
      began ??= performance.now();
      child.kill(signal);
    }, afterMs + ms),
  );
  return () => {
    for (const timer of timers) clearTimeout(timer);
    return began === undefined ? undefined : { by, tookMs: performance.now() - began };
  };
}

async function resultsOf(outputs: Record<string, string>): Promise<RunResult[]> {
  const file = outputs['results-file'];
  if (file && existsSync(file)) return (JSON.parse(await readFile(file, 'utf8')) as { results: RunResult[] }).results;
  return outputs.results ? (JSON.parse(outputs.results) as RunResult[]) : [];
}

/** The format of `GITHUB_OUTPUT` and `GITHUB_STATE`: `name<<delimiter`, lines, `delimiter`. */
function parsePairs(text: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const [, name = '', , value = ''] of text.matchAll(/^(.+?)<<(\S+)\n([\s\S]*?)\n?\2$/gm)) pairs[name] = value;
  return pairs;
}
