import type { Runner } from './runner/types.ts';
import { isRecord, parseJson } from './runs/envelope.ts';
import type { StateOwner } from './state/documents.ts';
import type { RunIdentity } from './state/types.ts';

/** Where the post step finds what the main step has worked on. */
export interface EnvironmentPlace {
  provider: 'aws' | 'local';
  /** Of the project, absolute. */
  root: string;
  region: string;
  bucket: string;
  bucketOwner?: string;
  project: string;
  environment: string;
  owner: StateOwner;
  run: RunIdentity;
  actor: string;
  deployment: string;
}

/** What the main step leaves to its post step. */
export interface HandOver {
  place: EnvironmentPlace;
  /** Under which name the lock is still held; undefined: it is not. */
  lockOwner: string | undefined;
  /** File with a `PendingRecord`. */
  recordFile: string | undefined;
  /** The whole report as JSON, when the main step came so far. */
  resultsFile: string | undefined;
}

/** As `STATE_<name>` in the environment of the post step. Each is written as soon as it is known: a step may be killed. */
const NAMES = {
  step: 'step',
  place: 'place',
  lockOwner: 'lockOwner',
  recordFile: 'recordFile',
  resultsFile: 'resultsFile',
} as const;

/** Tells the post step that it is one; `dist/post.js` knows by itself. */
export function saveStep(runner: Runner): void {
  runner.saveState(NAMES.step, 'main');
}

export function isPostStep(env: NodeJS.ProcessEnv): boolean {
  return env[`STATE_${NAMES.step}`] !== undefined;
}

export function saveLock(runner: Runner, place: EnvironmentPlace, lockOwner: string): void {
  runner.saveState(NAMES.place, JSON.stringify(place));
  runner.saveState(NAMES.lockOwner, lockOwner);
}

export function forgetLock(runner: Runner): void {
  runner.saveState(NAMES.lockOwner, '');
}

export function saveRecordFile(runner: Runner, file: string): void {
  runner.saveState(NAMES.recordFile, file);
}

export function saveResultsFile(runner: Runner, file: string): void {
  runner.saveState(NAMES.resultsFile, file);
}

/** Undefined when there is nothing to do. */
export function readHandOver(env: NodeJS.ProcessEnv): HandOver | undefined {
  const saved = (name: keyof typeof NAMES): string | undefined => env[`STATE_${NAMES[name]}`] || undefined;
  const place = parseJson(saved('place') ?? '');
  const [lockOwner, recordFile, resultsFile] = [saved('lockOwner'), saved('recordFile'), saved('resultsFile')];
  if (!isRecord(place) || (lockOwner === undefined && recordFile === undefined)) return undefined;
  return { place: place as unknown as EnvironmentPlace, lockOwner, recordFile, resultsFile };
}
