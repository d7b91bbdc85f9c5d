import type { Clock } from '../clock.ts';
import type { EnvironmentPlace, HandOver } from '../hand-over.ts';
import type { Runner } from '../runner/types.ts';
import { ChannelObjects } from '../runs/channel/channel-objects.ts';
import { type Leftover, lookUpLeftovers, settleLeftovers } from '../runs/leftovers.ts';
import { type EnvironmentState, resumeEnvironment } from '../state/environment.ts';
import { channelKeys, channelPrefix } from '../state/keys.ts';
import type { ObjectStore } from '../state/types.ts';
import { environmentOf } from './place.ts';
import { reportFinish } from './report.ts';

export interface Tools {
  store: ObjectStore;
  clock: Clock;
  runner: Runner;
}

/** A cancelled job has five minutes for all its post steps. */
const LONGEST_WAIT_MS = 4 * 60_000;
const POLL_MS = 1_000;

/** Waits for the attempts that were still running, notes what they came to, and frees the lock when none can be. */
export async function finishDeployment(
  { place, lockOwner, resultsFile }: Pick<HandOver, 'place' | 'lockOwner' | 'resultsFile'>,
  tools: Tools,
): Promise<void> {
  if (lockOwner === undefined) return;
  const { store, clock, runner } = tools;
  const options = { ...environmentOf(place), store, clock, log: runner, timeoutSeconds: 0 };
  const state = await resumeEnvironment(options, lockOwner);
  if (state === undefined) return runner.info('The lock is free, or another deployment has it: nothing is left to do.');
  const leftovers = await finishAttempts(state, place, tools).finally(() => state.close());
  const { environment } = place;
  await reportFinish({ leftovers, freed: state.isClosed, environment }, { runner, resultsFile });
}

async function finishAttempts(state: EnvironmentState, place: EnvironmentPlace, tools: Tools): Promise<Leftover[]> {
  const { project, environment } = place;
  const allEnded = await waitForResults(state, place, tools);
  const now = new Date(tools.clock.now()).toISOString();
  const options = { store: tools.store, project, environment, now };
  return allEnded ? await settleLeftovers(state, options) : await lookUpLeftovers(state, options);
}

/** Tells every attempt to end, and waits until it has or can no longer be running. False: some still may be. */
async function waitForResults(
  state: EnvironmentState,
  { provider, project, environment }: EnvironmentPlace,
  { store, clock, runner }: Tools,
): Promise<boolean> {
  const { leftovers } = state;
  if (leftovers.length === 0 || provider === 'local') return true; // the embedded AWS has ended with the main step
  const channels = leftovers.flatMap(({ deployment, task, attempt, nonce }) => {
    const keys = channelKeys(channelPrefix(project, environment, deployment), task, attempt);
    return nonce === undefined ? [] : [new ChannelObjects(store, keys, nonce)];
  });
  const giveUpAt = clock.now() + LONGEST_WAIT_MS;
  runner.info(`Waiting for ${leftovers.map(({ task }) => task).join(', ')} to end.`);
  const untold = (error: unknown): void => runner.info(`It could not be told to stop: ${messageOf(error)}`);
  await Promise.all(channels.map((channel) => channel.cancel('Canceled by user', clock).catch(untold)));
  for (;;) {
    const results = await Promise.all(channels.map((channel) => channel.result()));
    const heard = results.every((result) => result !== undefined);
    if ((heard && channels.length === leftovers.length) || (await state.leftoversHaveEnded())) return true;
    // Of those without a channel nobody will hear, and they may take longer than there is time.
    if (heard || clock.now() > giveUpAt) return false;
    await clock.sleep(POLL_MS);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
