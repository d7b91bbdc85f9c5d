import path from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import { type Leftover, lookUpLeftovers, settleLeftovers } from '../commands/leftovers.ts';
import type { Runner } from '../runner/types.ts';
import { ChannelObjects } from '../runs/channel/channel-objects.ts';
import { type EnvironmentState, resumeEnvironment } from '../state/environment.ts';
import { channelKeys, channelPrefix, stateKeys } from '../state/keys.ts';
import type { ObjectStore } from '../state/types.ts';
import type { HandOver } from './hand-over.ts';
import { reportFinish } from './report.ts';

export interface FinishOptions {
  runner: Runner;
  env: NodeJS.ProcessEnv;
  /** Folder of the bundle. */
  distDir: string;
  /** Of the main step, when it came so far as to write one. */
  resultsFile: string | undefined;
}

/** A cancelled job has five minutes for all its post steps. */
const LONGEST_WAIT_MS = 4 * 60_000;
const POLL_MS = 1_000;

/** Waits for the attempts that were still running, notes what they came to, and frees the lock when none can be. */
export async function finishDeployment(handOver: HandOver, options: FinishOptions): Promise<void> {
  const { runner } = options;
  const clock = systemClock;
  const { store, close } = await openStore(handOver, options);
  try {
    const { project, environment, owner, run, actor, deployment, lockOwner } = handOver;
    const keys = stateKeys(project, environment);
    const identity = { owner, run, actor, deployment };
    const state = await resumeEnvironment(
      { store, keys, ...identity, timeoutSeconds: 0, clock, log: runner },
      lockOwner,
    );
    if (state === undefined) return runner.info('Another deployment has the lock by now and has taken over.');
    try {
      const leftovers = await finishAttempts(state, handOver, { store, clock, runner });
      await state.close();
      await reportFinish({ leftovers, freed: state.isClosed, environment }, options);
    } finally {
      await state.close();
    }
  } finally {
    await close();
  }
}

interface Tools {
  store: ObjectStore;
  clock: Clock;
  runner: Runner;
}

async function finishAttempts(state: EnvironmentState, handOver: HandOver, tools: Tools): Promise<Leftover[]> {
  const { project, environment } = handOver;
  const allEnded = await waitForResults(state, handOver, tools);
  const now = new Date(tools.clock.now()).toISOString();
  const options = { store: tools.store, project, environment, now };
  return allEnded ? await settleLeftovers(state, options) : await lookUpLeftovers(state, options);
}

/** Tells every attempt to end, and waits until it has or can no longer be running. False: some still may be. */
async function waitForResults(
  state: EnvironmentState,
  { project, environment }: HandOver,
  { store, clock, runner }: Tools,
): Promise<boolean> {
  const { leftovers } = state;
  const channels = leftovers.flatMap(({ deployment, task, attempt, nonce }) => {
    const keys = channelKeys(channelPrefix(project, environment, deployment), task, attempt);
    return nonce === undefined ? [] : [new ChannelObjects(store, keys, nonce)];
  });
  const giveUpAt = clock.now() + LONGEST_WAIT_MS;
  if (leftovers.length > 0) {
    runner.info(`Waiting for ${leftovers.map(({ task }) => task).join(', ')} to end.`);
    await Promise.all(channels.map((channel) => channel.cancel('Canceled by user', clock)));
  }
  for (;;) {
    const results = await Promise.all(channels.map((channel) => channel.result()));
    const all = channels.length === leftovers.length && results.every((result) => result !== undefined);
    if (all || (await state.leftoversHaveEnded())) return true;
    if (clock.now() > giveUpAt) return false;
    await clock.sleep(POLL_MS);
  }
}

async function openStore(
  { provider, root, region, bucket, bucketOwner }: HandOver,
  { env, distDir }: FinishOptions,
): Promise<{ store: ObjectStore; close(): Promise<void> }> {
  const [{ createClients }, { createS3Store }] = await Promise.all([
    import('../aws/clients.ts'),
    import('../state/s3-store.ts'),
  ]);
  const local = provider === 'local' ? await startLocal(root, distDir) : undefined;
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const clients = createClients({ region, env, ...(local && { endpoint: local.endpoint, credentials }) });
  return {
    store: createS3Store({ client: clients.s3, bucket, bucketOwner }),
    async close() {
      clients.close();
      await local?.close();
    },
  };
}

async function startLocal(root: string, distDir: string) {
  const { startLocalAws } = await import('../local/index.ts');
  return await startLocalAws({
    stateDir: path.join(root, '.lumo', 'local'),
    runtimeClient: path.join(distDir, 'ric', 'index.mjs'),
  });
}
