import { isRecord, parseJson } from '../envelope.ts';
import { type InvokeAnswer, type InvokeOptions, type InvokeOutcome, invokeFunction } from '../invoke.ts';
import type { ChannelObjects } from './channel-objects.ts';
import type { Channels } from './channels.ts';
import { follow, type LiveOutput } from './live.ts';

export interface ConverseOptions extends Omit<InvokeOptions, 'abandon'> {
  /** Name of the task. */
  task: string;
  channels: Channels;
  channel: ChannelObjects;
  live: LiveOutput;
  /** Says in the log what is being waited for. */
  say(line: string): Promise<void>;
}

/** What a cancelled attempt has to confirm it before the action leaves; the step has 7.5 s in all. */
const CONFIRM_MS = 3_500;
const FIRST_LOOK_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
/** A result is written before the deadline; it may take a moment longer to be seen. */
const LAST_LOOK_MS = 2_000;

/**
 * Invokes the function once and talks with the attempt meanwhile: shows what it says, tells it of a cancel, and looks
 * for its result when Lambda's answer is lost, until it can no longer be running.
 */
export async function converse(options: ConverseOptions): Promise<InvokeOutcome> {
  const { channel, channels, clock, live, signal } = options;
  const done = new AbortController();
  const abandon = new AbortController();
  const following = follow(channel, { clock, live, done: done.signal }).catch((error) => channels.unreadable(error));
  const cancelling = tellCancel(options, done.signal).then(() => abandon.abort());
  let deadline = clock.now();
  try {
    const outcome = await invokeFunction({
      ...options,
      abandon: abandon.signal,
      event: async (until) => {
        deadline = until.getTime();
        return await options.event(until);
      },
    });
    if (outcome.kind === 'answered' && outcome.functionError !== undefined)
      return await withLastWords(outcome, channel);
    const reason = lossOf(outcome);
    if (reason === undefined) return outcome;
    if (!signal.aborted) await options.say(`${options.task} … ${reason}; looking for its result in the channel`);
    const found = await findResult(options, deadline + LAST_LOOK_MS, abandon.signal);
    return found === undefined ? await unknown(options, reason) : recovered(found, reason, outcome);
  } finally {
    done.abort();
    await Promise.all([following, cancelling]);
  }
}

/** Resolves when a cancelled attempt has had its time to confirm, or when the conversation is over. */
async function tellCancel({ channel, channels, clock, signal }: ConverseOptions, done: AbortSignal): Promise<void> {
  await aborted(signal, done);
  if (done.aborted) return;
  void channel.cancel('Canceled by user', clock).catch((error: unknown) => channels.unreadable(error));
  await clock.sleep(CONFIRM_MS, done).catch(() => undefined);
}

function aborted(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const either = AbortSignal.any([...signals]);
    if (either.aborted) resolve();
    else either.addEventListener('abort', () => resolve());
  });
}

/** Why what the attempt came to is not in the answer; undefined: it is. */
function lossOf(outcome: InvokeOutcome): string | undefined {
  if (outcome.kind === 'unknown') return outcome.reason;
  if (outcome.kind !== 'answered') return undefined;
  const envelope = parseJson(outcome.payload);
  const claimed = isRecord(envelope) && isRecord(envelope.channel) && envelope.channel.state === 'claimed';
  return claimed ? 'the request was delivered twice, and the answer is of the delivery that ran nothing' : undefined;
}

async function withLastWords(answer: InvokeAnswer, channel: ChannelObjects): Promise<InvokeAnswer> {
  const lastWords = await channel.result().catch(() => undefined); // the tail of the log may have them as well
  return lastWords === undefined ? answer : { ...answer, lastWords };
}

/** Looks again and again until there is a result, the time is over, or the action has to leave. */
async function findResult(
  { channel, channels, clock }: ConverseOptions,
  until: number,
  abandon: AbortSignal,
): Promise<string | undefined> {
  const abandoned = aborted(abandon).then(() => undefined);
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const looking = channel.result().catch((error: unknown) => {
      channels.unreadable(error);
      return undefined;
    });
    const found = await Promise.race([looking, abandoned]);
    const left = until - clock.now();
    if (found !== undefined || left <= 0 || abandon.aborted) return found;
    await clock.sleep(Math.min(pause, left), abandon).catch((error: unknown) => {
      if (!abandon.aborted) throw error;
    });
  }
}

function recovered(payload: string, lost: string, outcome: InvokeOutcome): InvokeAnswer {
  const requestId = 'requestId' in outcome ? outcome.requestId : undefined;
  return { kind: 'answered', payload, functionError: undefined, logTail: '', requestId, version: undefined, lost };
}

async function unknown({ channel, signal }: ConverseOptions, reason: string): Promise<InvokeOutcome> {
  const more = signal.aborted ? 'cancel was requested, not confirmed' : await describeTrace(channel);
  return { kind: 'unknown', reason: `${reason}; ${more}`, requestId: undefined };
}

/** What is known of an attempt that has left no result. */
export async function describeTrace(channel: ChannelObjects): Promise<string> {
  try {
    const claim = await channel.claim();
    return claim === undefined ? 'nothing shows that it has started' : 'it has started and left no result';
  } catch {
    return 'its channel could not be read';
  }
}
