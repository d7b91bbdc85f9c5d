import type { TaskBehaviour } from '../project/types.ts';
import type { Envelope } from '../runtime/protocol.ts';
import type { EnvironmentState } from '../state/environment.ts';
import { channelKeys, channelPrefix } from '../state/keys.ts';
import { completePlanned, forgetCompleted } from '../state/progress.ts';
import type { ObjectStore, Progress, SentAttempt } from '../state/types.ts';
import { ChannelObjects } from './channel/channel-objects.ts';
import { describeTrace } from './channel/converse.ts';
import { isTaskResult, parseEnvelope } from './envelope.ts';
import type { RunStatus } from './types.ts';

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
  state: Pick<EnvironmentState, 'leftovers' | 'marker' | 'progress'>,
  options: LeftoverOptions,
): Promise<Leftover[]> {
  return await Promise.all(state.leftovers.map((sent) => lookUp(sent, state, options)));
}

function afterwards(progress: Progress, { task, status }: Leftover, now: string): Progress {
  if (!Object.hasOwn(progress.planned?.tasks ?? {}, task)) return progress; // it had been heard of
  return status === 'COMPLETED' ? completePlanned(progress, task, now) : forgetCompleted(progress, task);
}

async function lookUp(
  { deployment, task, attempt, nonce }: SentAttempt,
  state: Pick<EnvironmentState, 'marker' | 'progress'>,
  { store, project, environment }: LeftoverOptions,
): Promise<Leftover> {
  if (nonce === undefined) return unknown(task, attempt, 'it had no channel that would tell');
  const keys = channelKeys(channelPrefix(project, environment, deployment), task, attempt);
  const channel = new ChannelObjects(store, keys, nonce);
  const payload = await channel.result();
  if (payload === undefined) return unknown(task, attempt, await describeTrace(channel));
  const envelope = envelopeOf(payload, task, state);
  if (envelope === undefined) return unknown(task, attempt, 'its result cannot be read');
  const { status, error, result } = envelope;
  const said = error?.message ?? (isTaskResult(result) ? result.message : undefined);
  const what = said === undefined ? '' : `: ${said}`;
  return { task, attempt, status, message: `${task} ${status}${what} (attempt ${attempt}, found in its channel).` };
}

function unknown(task: string, attempt: number, why: string): Leftover {
  return {
    task,
    attempt,
    status: 'UNKNOWN',
    message: `${task} may have run, or a part of it (attempt ${attempt}): ${why}.`,
  };
}

/** Read as the dialect that is recorded of the task, where none is as either. */
function envelopeOf(
  payload: string,
  name: string,
  { marker, progress }: Pick<EnvironmentState, 'marker' | 'progress'>,
): Envelope | undefined {
  const recorded = [progress?.planned?.tasks, progress?.completed, marker?.tasks].flatMap((tasks) =>
    tasks && Object.hasOwn(tasks, name) ? (tasks[name] ?? []) : [],
  );
  const behaviour = recorded[0]?.options.behaviour as Partial<TaskBehaviour> | undefined;
  if (behaviour?.dialect !== undefined) return parseEnvelope(payload, { name, dialect: behaviour.dialect });
  return parseEnvelope(payload, { name, dialect: 'lumo' }) ?? parseEnvelope(payload, { name, dialect: 'lifecycle' });
}
