import type { Log } from '../runner/types.ts';
import type { RunStatus } from '../runs/types.ts';
import {
  checkOwner,
  deleteState,
  loadState,
  type State,
  type StateOwner,
  touchMarker,
  writeInventory,
  writeMarker,
  writeProgress,
} from './documents.ts';
import type { StateKeys } from './keys.ts';
import { acquireLock, type Lock, type LockOptions } from './lock.ts';
import type { Marker, ObjectStore, Progress } from './types.ts';

/** What is stored about one environment, and the only way to change it. */
export interface EnvironmentState {
  readonly marker: Marker | undefined;
  readonly progress: Progress | undefined;
  /** Every function name the environment may own. */
  readonly functions: readonly string[];
  /** The generation a marker written now carries. */
  readonly generation: number;
  saveProgress(progress: Progress): Promise<void>;
  /** Before a function is created, so that `destroy` finds it whatever happens next. */
  rememberFunctions(names: readonly string[]): Promise<void>;
  /** After functions were deleted: the inventory is these, and nothing else. */
  keepFunctions(names: readonly string[]): Promise<void>;
  record(marker: Marker): Promise<void>;
  /** Nobody gets the lock before `deadline`, unless the attempt is known to have ended. */
  attemptStarting(task: string, deadline: Date): Promise<void>;
  attemptEnded(task: string, status: RunStatus): void;
  /**
   * Frees the lock, or leaves it to end by itself while an attempt may still be running; `allEnded`: none can be. Never
   * rejects.
   */
  close(known?: { allEnded: boolean }): Promise<void>;
  /** Deletes everything that is stored, the lock last. */
  remove(): Promise<void>;
}

export interface EnvironmentOptions extends Omit<LockOptions, 'store' | 'key'> {
  store: ObjectStore | undefined;
  keys: StateKeys;
  owner: StateOwner;
}

/** Takes the lock, reads what is stored and makes sure that it is this project's; without a bucket there is nothing to do. */
export async function openEnvironment(options: EnvironmentOptions): Promise<EnvironmentState> {
  const { store, keys, owner } = options;
  if (store === undefined) return new UnstoredEnvironment();
  const lock = await acquireLock({ ...options, store, key: keys.lock });
  try {
    const state = await loadState(store, keys);
    checkOwner(state, owner);
    const marker = state.marker && (await touchMarker(store, keys, state.marker, lock.generation));
    return new StoredEnvironment({ ...options, store }, lock, { ...state, marker });
  } catch (error) {
    await freeOrWarn(() => lock.release(), options.log);
    throw error;
  }
}

/** What was done, or why it failed, matters more than a lock that ends by itself. */
async function freeOrWarn(free: () => Promise<void>, log: Log): Promise<void> {
  try {
    await free();
  } catch (error) {
    log.warning(
      `The lock could not be freed, it ends by itself: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

class StoredEnvironment implements EnvironmentState {
  readonly #store: ObjectStore;
  readonly #keys: StateKeys;
  readonly #owner: StateOwner;
  readonly #log: Log;
  readonly #lock: Lock;
  readonly #inFlight = new Map<string, Date>();
  #state: State;
  /** Nothing is left to give back. */
  #removed = false;

  constructor({ store, keys, owner, log }: EnvironmentOptions & { store: ObjectStore }, lock: Lock, state: State) {
    this.#store = store;
    this.#keys = keys;
    this.#owner = owner;
    this.#log = log;
    this.#lock = lock;
    this.#state = state;
  }

  get marker(): Marker | undefined {
    return this.#state.marker?.value;
  }

  get progress(): Progress | undefined {
    return this.#state.progress?.value;
  }

  get functions(): readonly string[] {
    return this.#state.inventory?.value.functions ?? [];
  }

  get generation(): number {
    return this.marker?.generation ?? this.#lock.generation;
  }

  async saveProgress(progress: Progress): Promise<void> {
    this.#state.progress = await writeProgress(this.#store, this.#keys, progress, this.#state.progress);
  }

  async rememberFunctions(names: readonly string[]): Promise<void> {
    await this.keepFunctions([...this.functions, ...names]);
  }

  async keepFunctions(names: readonly string[]): Promise<void> {
    const functions = [...new Set(names)].sort();
    if (functions.join() === this.functions.join()) return;
    const inventory = { schema: 1 as const, ...this.#owner, functions };
    this.#state.inventory = await writeInventory(this.#store, this.#keys, inventory, this.#state.inventory);
  }

  async record(marker: Marker): Promise<void> {
    await this.#lock.setBusyUntil(null);
    this.#state.marker = await writeMarker(this.#store, this.#keys, marker, this.#state.marker);
  }

  async attemptStarting(task: string, deadline: Date): Promise<void> {
    this.#inFlight.set(task, deadline);
    try {
      await this.#lock.setBusyUntil(this.#latestDeadline());
    } catch (error) {
      this.#inFlight.delete(task); // nothing is sent without it, so nothing runs
      throw error;
    }
  }

  attemptEnded(task: string, status: RunStatus): void {
    if (status !== 'UNKNOWN') this.#inFlight.delete(task);
  }

  async close({ allEnded } = { allEnded: false }): Promise<void> {
    if (this.#removed) return;
    if (this.#inFlight.size === 0 || allEnded) return await freeOrWarn(() => this.#lock.release(), this.#log);
    const names = [...this.#inFlight.keys()].join(', ');
    this.#log.warning(
      `The lock stays until ${this.#latestDeadline().toISOString()}, because ${names} may be running until then: the next deployment of this environment waits.`,
    );
    await this.#lock.abandon();
  }

  #latestDeadline(): Date {
    return new Date(Math.max(...[...this.#inFlight.values()].map((date) => date.getTime())));
  }

  async remove(): Promise<void> {
    await deleteState(this.#store, this.#keys);
    await this.#lock.remove();
    this.#removed = true;
  }
}

/** `bucket: none`: nothing is known, nothing is kept. */
class UnstoredEnvironment implements EnvironmentState {
  readonly marker = undefined;
  readonly progress = undefined;
  readonly functions: readonly string[] = [];
  readonly generation = 0;
  async saveProgress(): Promise<void> {}
  async rememberFunctions(): Promise<void> {}
  async keepFunctions(): Promise<void> {}
  async record(): Promise<void> {}
  async attemptStarting(): Promise<void> {}
  attemptEnded(): void {}
  async close(): Promise<void> {}
  async remove(): Promise<void> {}
}
