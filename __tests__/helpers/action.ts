import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { InputName } from '../../src/input-table.ts';
import type { RunResult } from '../../src/runs/types.ts';

/** The folder of the built action under test: the committed one, or the one that `LUMO_TEST_DIST` names. */
export const DIST_DIR = path.resolve(process.env.LUMO_TEST_DIST ?? path.join(import.meta.dirname, '..', '..', 'dist'));

export interface Step {
  /** `uses: ... with:` */
  with?: Partial<Record<InputName, string>>;
  /** On top of the runner's own; `undefined` takes one of those away. */
  env?: Record<string, string | undefined>;
  runId?: string;
  runAttempt?: string;
  event?: { name: string; payload: object };
  ref?: string;
  sha?: string;
  /** Sends SIGINT (or another signal) so many milliseconds after this text was seen in the log. */
  cancelAfter?: { text: string; milliseconds?: number; signal?: NodeJS.Signals };
  /** The bundle; the committed one by default. */
  dist?: string;
  node?: string;
  /** Folder for the runner's files, which stays; without it they go when the step has ended. */
  temp?: string;
  /** What the main step left behind: this is its post step. */
  state?: Record<string, string>;
}

export interface StepResult {
  exitCode: number | null;
  log: string;
  outputs: Record<string, string>;
  results: RunResult[];
  summary: string;
  /** What the step saved for its post step. */
  state: Record<string, string>;
  /** The error annotations, as the runner would parse them. */
  errors: { message: string; properties: Record<string, string> }[];
  /** From the signal to the end, in milliseconds; `undefined` when none was sent. */
  endedAfterMs: number | undefined;
  result(task: string): RunResult;
}

/** Runs the built action as a runner does: nothing but its environment, files for outputs and summary, cwd = workspace. */
export async function runStep(workspace: string, step: Step = {}): Promise<StepResult> {
  const temp = step.temp ?? (await mkdtemp(path.join(os.tmpdir(), 'runner-')));
  try {
    const files = await runnerFiles(temp, step);
    const { exitCode, log, endedAfterMs } = await execute(step, workspace, {
      ...files.env,
      ...stepEnvironment(workspace, temp, step),
    });
    const outputs = parseOutputs(await readFile(files.output, 'utf8'));
    const results = outputs.results ? (JSON.parse(outputs.results) as RunResult[]) : [];
    return {
      exitCode,
      log,
      outputs,
      results,
      summary: await readFile(files.summary, 'utf8'),
      state: parseOutputs(await readFile(files.state, 'utf8')),
      errors: parseErrors(log),
      endedAfterMs,
      result(task) {
        const found = results.find((entry) => entry.task === task);
        if (!found) throw new Error(`no result of ${task} in ${outputs.results}\n${log}`);
        return found;
      },
    };
  } finally {
    if (step.temp === undefined) await rm(temp, { recursive: true, force: true });
  }
}

async function runnerFiles(temp: string, step: Step) {
  const output = path.join(temp, 'output');
  const state = path.join(temp, 'state');
  const summary = path.join(temp, 'summary');
  const event = path.join(temp, 'event.json');
  await Promise.all([output, state, summary].map((file) => writeFile(file, '')));
  await writeFile(event, JSON.stringify(step.event?.payload ?? {}));
  await mkdir(path.join(temp, '_temp'), { recursive: true });
  return {
    output,
    state,
    summary,
    env: { GITHUB_OUTPUT: output, GITHUB_STATE: state, GITHUB_STEP_SUMMARY: summary, GITHUB_EVENT_PATH: event },
  };
}

function stepEnvironment(workspace: string, temp: string, step: Step): NodeJS.ProcessEnv {
  const state = Object.entries(step.state ?? {}).map(([name, value]) => [`STATE_${name}`, value]);
  const inputs = Object.entries(step.with ?? {}).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  return {
    PATH: process.env.PATH ?? '',
    HOME: temp,
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: workspace,
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_RUN_ID: step.runId ?? '100',
    GITHUB_RUN_ATTEMPT: step.runAttempt ?? '1',
    GITHUB_ACTOR: 'octocat',
    GITHUB_EVENT_NAME: step.event?.name ?? 'push',
    GITHUB_SHA: step.sha ?? '0123456789abcdef0123456789abcdef01234567',
    GITHUB_REF: step.ref ?? 'refs/heads/main',
    GITHUB_REF_NAME: (step.ref ?? 'refs/heads/main').replace(/^refs\/(heads|tags)\//, ''),
    GITHUB_REF_TYPE: step.ref?.startsWith('refs/tags/') ? 'tag' : 'branch',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_API_URL: 'http://127.0.0.1:9',
    RUNNER_TEMP: path.join(temp, '_temp'),
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    ...Object.fromEntries(inputs),
    ...Object.fromEntries(state),
    ...step.env,
  };
}

async function execute(
  step: Step,
  workspace: string,
  env: NodeJS.ProcessEnv,
): Promise<{ exitCode: number | null; log: string; endedAfterMs: number | undefined }> {
  const child = spawn(step.node ?? process.execPath, [step.dist ?? path.join(DIST_DIR, 'index.js')], {
    cwd: workspace,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  let cancelled = false;
  let cancelledAt: number | undefined;
  const collect = (chunk: Buffer): void => {
    log += chunk.toString();
    if (!step.cancelAfter || cancelled || !log.includes(step.cancelAfter.text)) return;
    cancelled = true;
    const { signal = 'SIGINT', milliseconds = 0 } = step.cancelAfter;
    setTimeout(() => {
      cancelledAt = Date.now();
      child.kill(signal);
    }, milliseconds);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => {
      resolve({ exitCode, log, endedAfterMs: cancelledAt && Date.now() - cancelledAt });
    });
  });
}

/** The format of `GITHUB_OUTPUT`: `name<<delimiter`, lines, `delimiter`. */
function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [, name = '', , value = ''] of text.matchAll(/^(.+?)<<(\S+)\n([\s\S]*?)\n?\2$/gm)) outputs[name] = value;
  return outputs;
}

function parseErrors(log: string): StepResult['errors'] {
  return [...log.matchAll(/^::error ?(.*?)::(.*)$/gm)].map(([, properties = '', message = '']) => ({
    message: unescapeCommand(message),
    properties: Object.fromEntries(
      properties.split(',').map((pair) => {
        const [name = '', value = ''] = pair.split('=');
        return [name, unescapeCommand(value)];
      }),
    ),
  }));
}

function unescapeCommand(text: string): string {
  return text
    .replaceAll('%0A', '\n')
    .replaceAll('%0D', '\r')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}
