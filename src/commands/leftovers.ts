import type { TaskBehaviour } from '../project/types.ts';
import { ChannelObjects } from '../runs/channel/channel-objects.ts';
import { describeTrace } from '../runs/channel/converse.ts';
import { parseEnvelope } from '../runs/envelope.ts';
import type { RunStatus } from '../runs/types.ts';
import type { EnvironmentState } from '../state/environment.ts';
import { channelKeys, channelPrefix } from '../state/keys.ts';
import { completePlanned, forgetCompleted } from '../state/progress.ts';
import type { ObjectStore, Progress, SentAttempt } from '../state/types.ts';

/** What became of an attempt whose answer nobody got. */
export interface Leftover {
  task: string;
  attempt: number;
  status: RunStatus;
  /** One sentence. */
  message: string;
}

export interface LeftoverOptions {
  store: ObjectStore;
  project: string;
  environment: string;
  /** ISO 8601. */
  now: string;
}

/**
 * Finds out about the attempts that were left behind, none of which can be running any more, and saves what completed:
 * it counts as if its answer had been heard.
 */
export async function settleLeftovers(state: EnvironmentState, options: LeftoverOptions): Promise<Leftover[]> {
  const found = await lookUpLeftovers(state, options);
  const progress = found.reduce((sum, leftover, index) => {
    const sent = state.leftovers[index];
    return sent && sum && sum.planned?.deployment === sent.deployment ? afterwards(sum, leftover, options.now) : sum;
  }, state.progress);
  if (progress !== undefined && progress !== state.progress) await state.saveProgress(progress);
  state.settle();
  return found;
}

/** What is known by now; nothing is saved. */
export async function lookUpLeftovers(
  { leftovers, progress }: EnvironmentState,
  options: LeftoverOptions,
): Promise<Leftover[]> {
  return await Promise.all(leftovers.map((sent) => lookUp(sent, progress, options)));
}

function afterwards(progress: Progress, { task, status }: Leftover, now: string): Progress {
  if (!Object.hasOwn(progress.planned?.tasks ?? {}, task)) return progress; // it had been heard of
  return status === 'COMPLETED' ? completePlanned(progress, task, now) : forgetCompleted(progress, task);
}

async function lookUp(
  { deployment, task, attempt, nonce }: SentAttempt,
  progress: Progress | undefined,
  { store, project, environment }: LeftoverOptions,
): Promise<Leftover> {
  if (nonce === undefined) return unknown(task, attempt, 'it had no channel that would tell');
  const keys = channelKeys(channelPrefix(project, environment, deployment), task, attempt);
  const channel = new ChannelObjects(store, keys, nonce);
  const result = await channel.result();
  if (result === undefined) return unknown(task, attempt, await describeTrace(channel));
  const envelope = parseEnvelope(result, { name: task, dialect: dialectOf(progress, task) });
  if (envelope === undefined) return unknown(task, attempt, 'its result cannot be read');
  const { status, error } = envelope;
  const said = error === undefined ? '' : `: ${error.message}`;
  return { task, attempt, status, message: `${task} ${status}${said} (attempt ${attempt}, found in its channel).` };
}

function unknown(task: string, attempt: number, why: string): Leftover {
  return {
    task,
    attempt,
    status: 'UNKNOWN',
    message: `${task} may have run, or a part of it (attempt ${attempt}): ${why}.`,
  };
}

function dialectOf(progress: Progress | undefined, task: string): TaskBehaviour['dialect'] {
  const tasks = progress?.planned?.tasks ?? {};
  const options = Object.hasOwn(tasks, task) ? tasks[task]?.options : undefined;
  const behaviour = options?.behaviour as Partial<TaskBehaviour> | undefined;
  return behaviour?.dialect === 'lumo' ? 'lumo' : 'lifecycle';
}
