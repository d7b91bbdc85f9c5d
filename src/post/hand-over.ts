import type { Runner } from '../runner/types.ts';
import { isRecord, parseJson } from '../runs/envelope.ts';
import type { StateOwner } from '../state/documents.ts';
import type { RunIdentity } from '../state/types.ts';

/** What the main step leaves to its post step. Written as soon as there is something to leave: it may be killed. */
export interface HandOver {
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
  /** Under which name the lock is held. */
  lockOwner: string;
}

const HAND_OVER = 'handOver';
const RESULTS_FILE = 'resultsFile';
const STEP = 'step';

/** Tells the post step that it is one. */
export function saveStep(runner: Runner): void {
  runner.saveState(STEP, 'main');
}

export function isPostStep(env: NodeJS.ProcessEnv): boolean {
  return env[`STATE_${STEP}`] !== undefined;
}

export function saveHandOver(runner: Runner, handOver: HandOver): void {
  runner.saveState(HAND_OVER, JSON.stringify(handOver));
}

/** Nothing is left to do. */
export function clearHandOver(runner: Runner): void {
  runner.saveState(HAND_OVER, '');
}

export function saveResultsFile(runner: Runner, file: string): void {
  runner.saveState(RESULTS_FILE, file);
}

export interface Inheritance {
  handOver: HandOver | undefined;
  resultsFile: string | undefined;
}

export function readHandOver(env: NodeJS.ProcessEnv): Inheritance {
  const handOver = parseJson(env[`STATE_${HAND_OVER}`] ?? '');
  return {
    handOver: isRecord(handOver) ? (handOver as unknown as HandOver) : undefined,
    resultsFile: env[`STATE_${RESULTS_FILE}`] || undefined,
  };
}
