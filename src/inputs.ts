import path from 'node:path';
import { ActionError } from './errors.ts';
import { COMMANDS, type Command, INPUTS, type InputName } from './input-table.ts';
import { isTooDeep, MAX_JSON_DEPTH } from './json-depth.ts';

/** What the user said, validated; what was left open is `undefined` and worked out by the phase that needs it. */
export interface Inputs {
  command: Command;
  workingDirectory: string;
  config: string | undefined;
  environment: string | undefined;
  /** Names or globs; empty: all. */
  tasks: string;
  payload: Record<string, unknown>;
  version: string | undefined;
  previousVersion: string | undefined;
  history: 'auto' | 'marker' | 'tags';
  unknownHistory: 'error' | 'first-deploy' | 'update';
  allowDowngrade: boolean;
  tagPrefix: string;
  provider: 'aws' | 'local' | undefined;
  region: string | undefined;
  bucket: string | undefined;
  bucketOwner: string | undefined;
  executionRoleArn: string | undefined;
  maxParallel: number;
  failFast: boolean;
  rerun: 'failed' | 'all';
  recordOn: 'all' | 'selection' | 'job' | 'never';
  /** Seconds. */
  lockTimeout: number;
  channel: 'auto' | 'required' | 'off';
  prune: boolean;
  summary: boolean;
  out: string;
  format: 'json' | 'cloudformation';
  githubToken: string | undefined;
  /** Command line only: where to write the summary and the whole report. */
  summaryFile: string | undefined;
  resultsFile: string | undefined;
}

/** The text of every input as it was given. */
export type RawInputs = Partial<Record<InputName | 'summary-file' | 'results-file', string>>;

const FILE_FLAGS = ['summary-file', 'results-file'] as const;

/** The inputs of a workflow step: `INPUT_<NAME>`, dashes kept, as the runner passes them. */
export function readStepInputs(env: NodeJS.ProcessEnv): RawInputs {
  const raw: RawInputs = {};
  for (const name of inputNames()) {
    const value = env[`INPUT_${name.toUpperCase()}`];
    if (value !== undefined) raw[name] = value;
  }
  return raw;
}

/** `lumo-tasks <command> [task ...] [--input value | --input=value]`; a flag without value means `true`. */
export function readArguments(argv: readonly string[]): RawInputs {
  const raw: RawInputs = {};
  const words: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (!word.startsWith('--')) {
      words.push(word);
      continue;
    }
    const [flag, inline] = splitFlag(word);
    const name = flagName(flag);
    const next = argv[index + 1];
    if (inline !== undefined) raw[name] = inline;
    else if (next !== undefined && !next.startsWith('--')) {
      raw[name] = next;
      index += 1;
    } else raw[name] = 'true';
  }
  const [command, ...tasks] = words;
  if (command !== undefined) raw.command = command;
  if (tasks.length > 0) raw.tasks = [raw.tasks, ...tasks].filter(Boolean).join('\n');
  return raw;
}

export function parseInputs(raw: RawInputs): Inputs {
  const read = (name: InputName): string => (raw[name] ?? INPUTS[name].default).trim();
  const optional = (name: InputName): string | undefined => read(name) || undefined;
  return {
    command: oneOf('command', read('command') || 'deploy', Object.keys(COMMANDS) as Command[]),
    workingDirectory: read('working-directory') || '.',
    config: optional('config'),
    environment: environmentName(optional('environment')),
    tasks: read('tasks'),
    payload: jsonObject('payload', read('payload') || '{}'),
    version: optional('version'),
    previousVersion: optional('previous-version'),
    history: oneOf('history', read('history'), ['auto', 'marker', 'tags']),
    unknownHistory: oneOf('unknown-history', read('unknown-history'), ['error', 'first-deploy', 'update']),
    allowDowngrade: boolean('allow-downgrade', read('allow-downgrade')),
    tagPrefix: read('tag-prefix'),
    provider: read('provider') === '' ? undefined : oneOf('provider', read('provider'), ['aws', 'local']),
    region: optional('region'),
    bucket: optional('bucket'),
    bucketOwner: optional('bucket-owner'),
    executionRoleArn: roleArn(optional('execution-role-arn')),
    maxParallel: integer('max-parallel', read('max-parallel'), 1, 100),
    failFast: boolean('fail-fast', read('fail-fast')),
    rerun: oneOf('rerun', read('rerun'), ['failed', 'all']),
    recordOn: oneOf('record-on', read('record-on'), ['all', 'selection', 'never', 'job']),
    lockTimeout: integer('lock-timeout', read('lock-timeout'), 0, 21_600),
    channel: oneOf('channel', read('channel'), ['auto', 'required', 'off']),
    prune: boolean('prune', read('prune')),
    summary: boolean('summary', read('summary')),
    out: read('out') || INPUTS.out.default,
    format: oneOf('format', read('format'), ['json', 'cloudformation']),
    githubToken: token(optional('github-token')),
    summaryFile: raw['summary-file'] ? path.resolve(raw['summary-file']) : undefined,
    resultsFile: raw['results-file'] ? path.resolve(raw['results-file']) : undefined,
  };
}

/** `[A-Za-z0-9._-]{1,64}`: the name is part of object keys and function names. */
export function environmentName<T extends string | undefined>(name: T): T {
  if (name === undefined || (/^[A-Za-z0-9._-]{1,64}$/.test(name) && !/^\.+$/.test(name))) return name;
  throw invalid('environment', JSON.stringify(name), 'use 1 to 64 characters of A-Z a-z 0-9 . _ -');
}

function inputNames(): InputName[] {
  return Object.keys(INPUTS) as InputName[];
}

function splitFlag(word: string): [string, string | undefined] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word.slice(2), undefined] : [word.slice(2, equals), word.slice(equals + 1)];
}

function flagName(flag: string): keyof RawInputs {
  const known: readonly string[] = [...inputNames(), ...FILE_FLAGS];
  if (known.includes(flag)) return flag as keyof RawInputs;
  throw new ActionError('INPUT_INVALID', `Unknown option --${flag}.`, {
    advice: 'Run with --help to see the options.',
  });
}

/** The default of `github-token` is an expression that only the runner evaluates. */
function token(value: string | undefined): string | undefined {
  return value?.startsWith('${{') ? undefined : value;
}

function oneOf<const T extends string>(name: InputName, value: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw invalid(name, JSON.stringify(value), `use one of ${choices.join(', ')}`);
}

function boolean(name: InputName, value: string): boolean {
  return oneOf(name, value.toLowerCase(), ['true', 'false']) === 'true';
}

function integer(name: InputName, value: string, min: number, max: number): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= min && number <= max) return number;
  throw invalid(name, JSON.stringify(value), `use a whole number from ${min} to ${max}`);
}

function jsonObject(name: InputName, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(name, 'text that is not JSON', 'give a JSON object such as {"dryRun": true}', cause);
  }
  if (isTooDeep(text)) {
    throw invalid(name, `JSON of more than ${MAX_JSON_DEPTH} levels`, 'give an object that is not nested so deeply');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(
    name,
    `JSON that is ${Array.isArray(value) ? 'an array' : String(value === null ? null : typeof value)}`,
    'give a JSON object',
  );
}

function roleArn(value: string | undefined): string | undefined {
  if (value === undefined || /^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(value)) return value;
  throw invalid(
    'execution-role-arn',
    JSON.stringify(value),
    'give an ARN such as arn:aws:iam::123456789012:role/tasks',
  );
}

function invalid(name: InputName, found: string, advice: string, cause?: unknown): ActionError {
  return new ActionError('INPUT_INVALID', `Input \`${name}\` is ${found}.`, {
    advice: `For \`${name}\`, ${advice}.`,
    location: { key: name },
    ...(cause === undefined ? {} : { cause }),
  });
}
