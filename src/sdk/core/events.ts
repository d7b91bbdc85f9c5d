import { callService } from './aws-json.ts';

export interface Event<T = unknown> {
  type: string;
  data: T;
}

/** The source that the rules of a Lumo event bus match. */
const SOURCE = 'tsc-run';

/** Puts an event on the project's bus. Unlike in the framework a failure is thrown: a task has to know. */
export async function emit(type: string, data: unknown): Promise<void> {
  const bus = process.env.EVENT_BUS_NAME;
  if (!bus) {
    console.log('Event dispatched', type, data);
    return;
  }
  const entry = { Source: SOURCE, DetailType: type, Detail: JSON.stringify(data), EventBusName: bus };
  const service = { name: 'events', endpointVariable: 'EVENTBRIDGE', target: 'AWSEvents' } as const;
  try {
    const answer = (await callService(service, 'PutEvents', { Entries: [entry] })) as PutEventsAnswer;
    if (answer.FailedEntryCount) {
      const { ErrorCode = 'unknown', ErrorMessage = '' } = answer.Entries?.[0] ?? {};
      throw new Error(`${ErrorCode}: ${ErrorMessage}`);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const advice = 'The execution role needs events:PutEvents on the bus.';
    throw new Error(`the event "${type}" was not accepted by ${bus}: ${reason} ${advice}`, { cause: error });
  }
}

interface PutEventsAnswer {
  FailedEntryCount?: number;
  Entries?: { ErrorCode?: string; ErrorMessage?: string }[];
}
