import { count } from '../../report/format.ts';
import { type AttemptChannel, type ChannelOptions, openChannel } from './attempt-channel.ts';

/** The channels of one deployment, and what is to be said about them in the end. */
export class Channels {
  readonly #options: ChannelOptions;
  readonly #unreachable = new Map<string, string>();
  #unreadable: string | undefined;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  open(task: string, attempt: number): AttemptChannel {
    return openChannel(this.#options, task, attempt);
  }

  /** An attempt of `task` ran without its channel. */
  unreachable(task: string, reason: string): void {
    this.#unreachable.set(task, reason);
  }

  /** The action itself could not read from one, or write to it. */
  unreadable(error: unknown): void {
    this.#unreadable ??= error instanceof Error ? error.message : String(error);
  }

  /** One sentence for each thing that was missing, whatever the number of tasks. */
  warnings(): string[] {
    const [first] = this.#unreachable.values();
    const tasks = [...this.#unreachable.keys()];
    return [
      ...(first === undefined
        ? []
        : [
            `${count(tasks.length, 'task')} could not reach S3 (${tasks.join(', ')}: ${first}) and ran without live output, cancel and a second way for their results. In a VPC add an S3 gateway endpoint, which costs nothing; a refusal (403) comes from the policy of the bucket or endpoint. \`channel: off\` does without.`,
          ]),
      ...(this.#unreadable === undefined
        ? []
        : [`The channel could not be used at times (live output, cancel, results): ${this.#unreadable}`]),
    ];
  }
}
