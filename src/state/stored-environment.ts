import type { Clock } from '../clock.ts';
import type { Log } from '../runner/types.ts';
import type { AttemptInFlight, RunStatus } from '../runs/types.ts';
import type { State, StateOwner } from './documents.ts';
import type { EnvironmentState } from './environment.ts';
import { FencedDocument, type FencedPlace } from './fenced-document.ts';
import { InFlight } from './in-flight.ts';
import { formatDocument, INVENTORY, MARKER, PROGRESS } from './json.ts';
import type { StateKeys } from './keys.ts';
import type { Lock } from './lock.ts';
import { sharedWrite } from './shared-write.ts';
import type { Inventory, Marker, MarkerContent, ObjectStore, Progress, SentAttempt } from './types.ts';

export interface StoredEnvironmentOptions {
  store: ObjectStore;
  keys: StateKeys;
  owner: StateOwner;
  lock: Lock;
  /** Higher than that of every holder before. */
  generation: number;
  /** Id of the deployment. */
  deployment: string;
  clock: Clock;
  log: Log;
}

/** An environment whose lock is held. */
export class StoredEnvironment implements EnvironmentState {
  readonly generation: number;
  readonly #options: StoredEnvironmentOptions;
  readonly #inFlight: InFlight;
  readonly #marker: FencedDocument<Marker>;
  readonly #progress: FencedDocument<Progress>;
  readonly #inventory: FencedDocument<Inventory>;
  readonly #writeProgress = sharedWrite(() => this.#progress.write(() => this.#latestProgress));
  #latestProgress: Progress | undefined;
  /** Nothing is left to give back. */
  #closed = false;
  #settled = false;

  constructor(options: StoredEnvironmentOptions, state: State) {
    const { store, keys, lock, generation } = options;
    this.#options = options;
    this.#inFlight = new InFlight(lock);
    this.generation = generation;
    const fence: Pick<FencedPlace<unknown>, 'store' | 'generation' | 'checkLock'> = {
      store,
      generation,
      checkLock: () => lock.check(),
    };
    this.#marker = new FencedDocument({ ...fence, key: keys.marker, type: MARKER }, state.marker);
    this.#progress = new FencedDocument({ ...fence, key: keys.progress, type: PROGRESS }, state.progress);
    this.#inventory = new FencedDocument({ ...fence, key: keys.inventory, type: INVENTORY }, state.inventory);
  }

  get marker(): Marker | undefined {
    return this.#marker.value;
  }

  get progress(): Progress | undefined {
    return this.#progress.value;
  }

  get functions(): readonly string[] {
    return this.#inventory.value?.functions ?? [];
  }

  /** Shuts out whoever held the lock before. To be done before anything is deployed. */
  async takeOver(): Promise<void> {
    await Promise.all([this.#marker.takeOver(), this.#progress.takeOver(), this.#inventory.takeOver()]);
  }

  async saveProgress(progress: Progress): Promise<void> {
    this.#latestProgress = progress;
    await this.#writeProgress();
  }

  async rememberFunctions(names: readonly string[]): Promise<void> {
    const known = (found: Inventory | undefined) => [...(found?.functions ?? []), ...names];
    await this.#inventory.write((found) => this.#inventoryOf(known(found), found));
  }

  async keepFunctions(names: readonly string[]): Promise<void> {
    await this.#inventory.write((found) => this.#inventoryOf(names, found));
  }

  async record(marker: MarkerContent): Promise<void> {
    const { store, keys, log } = this.#options;
    await this.#prove();
    await this.#marker.write(() => marker);
    try {
      await store.put(keys.history(this.generation), formatDocument({ ...marker, generation: this.generation }));
    } catch (error) {
      log.warning(`The environment is recorded, its copy for the history could not be written: ${messageOf(error)}`);
    }
  }

  get lockOwner(): string {
    return this.#options.lock.owner;
  }

  get leftovers(): readonly SentAttempt[] {
    return this.#options.lock.leftovers;
  }

  async leftoversHaveEnded(): Promise<boolean> {
    const { lock } = this.#options;
    return (await lock.serverNow()) > lock.leftoversUntil;
  }

  settle(): void {
    this.#options.lock.settle();
    this.#settled = true;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  async attemptStarting({ task, attempt, deadline, nonce }: AttemptInFlight): Promise<Date> {
    const { clock, deployment } = this.#options;
    const sent = { deployment, task, attempt, ...(nonce !== undefined && { nonce }) };
    return new Date(await this.#inFlight.starting(sent, deadline.getTime() - clock.now()));
  }

  attemptEnded(task: string, status: RunStatus): void {
    if (status !== 'UNKNOWN') this.#inFlight.ended(task);
  }

  async close({ allEnded } = { allEnded: false }): Promise<void> {
    const { lock, log } = this.#options;
    if (this.#closed) return;
    const { tasks, until } = this.#mayBeRunning();
    if (allEnded || tasks.length === 0 || (await this.#hasPassed(until))) {
      const unheard = this.#inFlight.attempts.filter(({ nonce }) => nonce !== undefined);
      this.#closed = await freeOrWarn(() => lock.release(unheard), log);
      return;
    }
    log.warning(
      `The lock stays until ${new Date(until).toISOString()}, because ${tasks.join(', ')} may be running until then: the next deployment of this environment waits.`,
    );
    // Those that have ended since the last write keep nobody waiting. Else the lock ends by itself, only later.
    await this.#prove().catch(() => undefined);
    await lock.abandon();
  }

  /** The inventory goes after the rest, and the lock last: until then an interrupted `destroy` can be repeated. */
  async remove(): Promise<void> {
    const { store, keys, lock } = this.#options;
    await this.#marker.remove();
    await this.#progress.remove();
    await this.#prove();
    await deleteOthers(store, keys, () => lock.check());
    await this.#inventory.remove();
    await lock.remove();
    this.#closed = true;
  }

  /** `moment`: by the server's clock. A few seconds are waited for: a lock that ends by itself takes a minute. */
  async #hasPassed(moment: number): Promise<boolean> {
    const { clock, lock } = this.#options;
    try {
      const left = moment - (await lock.serverNow());
      if (left < 0 || left > LONGEST_CLOSING_MS) return left < 0;
      await clock.sleep(left + 1_000); // the server's time is in whole seconds
      return (await lock.serverNow()) > moment;
    } catch {
      return false; // the lock ends by itself
    }
  }

  /** `until`: by the server's clock. */
  #mayBeRunning(): { tasks: string[]; until: number } {
    const { lock } = this.#options;
    const unsettled = this.#settled ? [] : lock.leftovers;
    const leftoversUntil = unsettled.length > 0 ? lock.leftoversUntil : 0;
    return {
      tasks: [...unsettled, ...this.#inFlight.attempts].map(({ task }) => task),
      until: Math.max(leftoversUntil, this.#inFlight.until ?? 0),
    };
  }

  async #prove(): Promise<void> {
    await this.#options.lock.prove(this.#inFlight.until, this.#inFlight.attempts);
  }

  /** Undefined when it is there already. */
  #inventoryOf(names: readonly string[], found: Inventory | undefined): Inventory | undefined {
    const functions = [...new Set(names)].sort();
    const known = (found?.functions ?? []).join() === functions.join();
    return known ? undefined : { schema: 1, ...this.#options.owner, functions };
  }
}

/** What was done, or why it failed, matters more than a lock that ends by itself. True when it is free. */
export async function freeOrWarn(free: () => Promise<void>, log: Log): Promise<boolean> {
  try {
    await free();
    return true;
  } catch (error) {
    log.warning(`The lock could not be freed, it ends by itself: ${messageOf(error)}`);
    return false;
  }
}

const LONGEST_CLOSING_MS = 4_000;

const DELETES_AT_ONCE = 16;

/** Deletes what has no condition to be deleted with, as long as the lock is ours. */
async function deleteOthers(store: ObjectStore, keys: StateKeys, checkLock: () => Promise<void>): Promise<void> {
  const [found, channels] = await Promise.all([store.list(keys.prefix), store.list(keys.channels)]);
  const documents = [keys.lock, keys.inventory, keys.marker, keys.progress];
  const doomed = [...channels, ...found].filter((key) => !documents.includes(key));
  for (let start = 0; start < doomed.length; start += DELETES_AT_ONCE) {
    await checkLock();
    await Promise.all(doomed.slice(start, start + DELETES_AT_ONCE).map((key) => store.delete(key)));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
