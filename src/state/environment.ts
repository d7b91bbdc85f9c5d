import type { Clock } from '../clock.ts';
import type { Log } from '../runner/types.ts';
import type { AttemptInFlight, RunStatus } from '../runs/types.ts';
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
import { acquireLock, type Lock, type LockOptions, resumeLock } from './lock.ts';
import type { Marker, ObjectStore, Progress, SentAttempt } from './types.ts';

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
  /** Attempts of an earlier deployment that ended before it had heard of them; none of them can be running. */
  readonly leftovers: readonly SentAttempt[];
  /** When none of them can be running any more; in the past, unless this process goes on where another one left. */
  readonly leftoversEnd: Date | null;
  /** After what is known of the leftovers has been said and saved. */
  settle(): void;
  /** Holds the lock, as `lockOwner`. */
  readonly lockOwner: string | undefined;
  /** Nobody gets the lock before the attempt's deadline, unless it is known to have ended. */
  attemptStarting(attempt: AttemptInFlight): Promise<void>;
  attemptEnded(task: string, status: RunStatus): void;
  /**
   * Frees the lock, or leaves it to end by itself while an attempt may still be running; `allEnded`: none can be. Never
   * rejects.
   */
  close(known?: { allEnded: boolean }): Promise<void>;
  /** True once somebody else can have the lock. */
  readonly closed: boolean;
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
    return new StoredEnvironment(options, lock, state);
  } catch (error) {
    await lock.abandon();
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
  readonly #clock: Clock;
  readonly #deployment: string;
  /** By task: each has one attempt at a time. */
  readonly #inFlight = new Map<string, AttemptInFlight>();
  #state: State;
  /** Nothing is left to give back. */
  #closed = false;
  #settled = false;

  constructor(
    { store, keys, owner, log, clock, deployment }: EnvironmentOptions & { store: ObjectStore },
    lock: Lock,
    state: State,
  ) {
    this.#store = store;
    this.#keys = keys;
    this.#owner = owner;
    this.#log = log;
    this.#lock = lock;
    this.#clock = clock;
    this.#deployment = deployment;
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

  get leftovers(): readonly SentAttempt[] {
    return this.#lock.leftovers;
  }

  get leftoversEnd(): Date | null {
    return this.#lock.leftoversEnd;
  }

  get lockOwner(): string {
    return this.#lock.owner;
  }

  get closed(): boolean {
    return this.#closed;
  }

  settle(): void {
    this.#lock.settle();
    this.#settled = true;
  }

  async attemptStarting(attempt: AttemptInFlight): Promise<void> {
    this.#inFlight.set(attempt.task, attempt);
    try {
      await this.#lock.setBusyUntil(this.#latestDeadline(), [...this.#inFlight.values()].map(this.#sent));
    } catch (error) {
      this.#inFlight.delete(attempt.task); // nothing is sent without it, so nothing runs
      throw error;
    }
  }

  attemptEnded(task: string, status: RunStatus): void {
    if (status !== 'UNKNOWN') this.#inFlight.delete(task);
  }

  async close({ allEnded } = { allEnded: false }): Promise<void> {
    if (this.#closed) return;
    const until = this.#latestDeadline();
    if (allEnded || until.getTime() < this.#clock.now()) {
      await freeOrWarn(() => this.#lock.release(), this.#log);
      this.#closed = true;
      return;
    }
    const names = [...this.#inFlight.keys(), ...this.#unsettled.map(({ task }) => task)].join(', ');
    this.#log.warning(
      `The lock stays until ${until.toISOString()}, because ${names} may be running until then: the next deployment of this environment waits.`,
    );
    await this.#lock.abandon();
  }

  get #unsettled(): readonly SentAttempt[] {
    return this.#settled ? [] : this.leftovers;
  }

  #latestDeadline(): Date {
    const deadlines = [...this.#inFlight.values()].map(({ deadline }) => deadline.getTime());
    const leftoversEnd = this.#unsettled.length > 0 ? (this.leftoversEnd?.getTime() ?? 0) : 0;
    return new Date(Math.max(0, leftoversEnd, ...deadlines));
  }

  readonly #sent = ({ task, attempt, nonce }: AttemptInFlight): SentAttempt => ({
    deployment: this.#deployment,
    task,
    attempt,
    ...(nonce === undefined ? {} : { nonce }),
  });

  async remove(): Promise<void> {
    await deleteState(this.#store, this.#keys);
    await this.#lock.remove();
    this.#closed = true;
  }
}

/** `bucket: none`: nothing is known, nothing is kept. */
class UnstoredEnvironment implements EnvironmentState {
  readonly marker = undefined;
  readonly progress = undefined;
  readonly functions: readonly string[] = [];
  readonly generation = 0;
  readonly leftovers: readonly SentAttempt[] = [];
  readonly leftoversEnd = null;
  readonly lockOwner = undefined;
  readonly closed = true;
  settle(): void {}
  async saveProgress(): Promise<void> {}
  async rememberFunctions(): Promise<void> {}
  async keepFunctions(): Promise<void> {}
  async record(): Promise<void> {}
  async attemptStarting(): Promise<void> {}
  attemptEnded(): void {}
  async close(): Promise<void> {}
  async remove(): Promise<void> {}
}
