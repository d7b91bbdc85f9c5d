import type { AttemptInFlight, RunStatus } from '../runs/types.ts';
import { checkOwner, loadState, type State, type StateOwner } from './documents.ts';
import type { StateKeys } from './keys.ts';
import { acquireLock, type Lock, type LockOptions, resumeLock } from './lock.ts';
import { freeOrWarn, StoredEnvironment } from './stored-environment.ts';
import type { Marker, MarkerContent, ObjectStore, Progress, SentAttempt } from './types.ts';
import { UnstoredEnvironment } from './unstored-environment.ts';

/** What is stored about one environment, and the only way to change it. */
export interface EnvironmentState {
  readonly marker: Marker | undefined;
  readonly progress: Progress | undefined;
  /** Every function name the environment may own. */
  readonly functions: readonly string[];
  /** Of what is written now: rises with every holder of the lock. */
  readonly generation: number;
  /** Whoever calls while a write is under way shares the next one. */
  saveProgress(progress: Progress): Promise<void>;
  /** Before a function is created, so that `destroy` finds it whatever happens next. */
  rememberFunctions(names: readonly string[]): Promise<void>;
  /** After functions were deleted: the inventory is these, and nothing else. */
  keepFunctions(names: readonly string[]): Promise<void>;
  record(marker: MarkerContent): Promise<void>;
  /** Holds the lock, as this owner; undefined without a bucket. */
  readonly lockOwner: string | undefined;
  /** Attempts of an earlier deployment that ended before it had heard of them. */
  readonly leftovers: readonly SentAttempt[];
  /** False for one that goes on where another process left: they may still be running. */
  leftoversHaveEnded(): Promise<boolean>;
  /** After what is known of the leftovers has been said and saved. */
  settle(): void;
  /**
   * Nobody gets the lock before the attempt's deadline, unless the attempt is known to have ended. Answers the moment until which
   * that holds, by the server's clock: an attempt that could not end by then must not begin any more.
   */
  attemptStarting(attempt: AttemptInFlight): Promise<Date>;
  attemptEnded(task: string, status: RunStatus): void;
  /**
   * Frees the lock, or leaves it to end by itself while an attempt may still be running; `allEnded`: none can be. Never
   * rejects.
   */
  close(known?: { allEnded: boolean }): Promise<void>;
  /** True once somebody else can have the lock. */
  readonly isClosed: boolean;
  /** Deletes everything that is stored, the lock last. */
  remove(): Promise<void>;
}

export interface EnvironmentOptions extends Omit<LockOptions, 'store' | 'key'> {
  store: ObjectStore | undefined;
  keys: StateKeys;
  owner: StateOwner;
  /** Id of the deployment. */
  deployment: string;
}

/**
 * Takes the lock, reads what is stored, makes sure that it is this project's and shuts out whoever held the lock before;
 * without a bucket there is nothing to do.
 */
export async function openEnvironment(options: EnvironmentOptions): Promise<EnvironmentState> {
  const { store, keys, owner } = options;
  if (store === undefined) return new UnstoredEnvironment();
  const lock = await acquireLock({ ...options, store, key: keys.lock });
  try {
    const state = await loadState(store, keys);
    checkOwner(state, owner);
    const generation = await nextGeneration(lock, state);
    const environment = new StoredEnvironment({ ...options, store, lock, generation }, state);
    await environment.takeOver();
    return environment;
  } catch (error) {
    await freeOrWarn(() => lock.release(), options.log);
    throw error;
  }
}

/**
 * Goes on in another process with what `lockOwner` held and left; undefined when it is not held any more. Attempts that
 * were in flight may still be running.
 */
export async function resumeEnvironment(
  options: EnvironmentOptions & { store: ObjectStore },
  lockOwner: string,
): Promise<EnvironmentState | undefined> {
  const { store, keys, owner } = options;
  const lock = await resumeLock({ ...options, key: keys.lock }, lockOwner);
  if (lock === undefined) return undefined;
  try {
    const state = await loadState(store, keys);
    checkOwner(state, owner);
    await lock.check(); // so that nothing that was read is of somebody who came later
    const generation = Math.max(lock.generation, ...generationsOf(state));
    return new StoredEnvironment({ ...options, lock, generation }, state);
  } catch (error) {
    await lock.abandon();
    throw error;
  }
}

/**
 * The lock's, which is higher than all before. Where it is not, somebody has taken the lock over while we read, or has
 * deleted it, so that it counts from 1 again: only the lock tells which.
 */
async function nextGeneration(lock: Lock, state: State): Promise<number> {
  const next = Math.max(...generationsOf(state)) + 1;
  if (next <= lock.generation) return lock.generation;
  await lock.check();
  return next;
}

function generationsOf(state: State): number[] {
  return Object.values<State[keyof State]>({ ...state }).map((stored) => stored?.value.generation ?? 0);
}
