import { withDeployment } from '../context.ts';
import type { SerializedError } from '../protocol.ts';
import { serializeError } from '../serialize-error.ts';
import type { AttemptState } from './state.ts';

type Check = (value: unknown) => unknown;

/** The payload of `run`: what was configured, as the task's schema makes it, and what is known of the deployment. */
export async function payloadOf({ task, event }: AttemptState): Promise<unknown> {
  const checked = task.schema === undefined ? event.payload : await checkOf(task.schema)(event.payload);
  return withDeployment(checked, event);
}

/** The payload was refused: no hook runs, and no other attempt would fare better. */
export function inputError(thrown: unknown): SerializedError {
  const cause = serializeError(thrown);
  return { name: 'TASK_INPUT_ERROR', message: `the payload was refused: ${cause.message}`, cause };
}

/** How a schema checks a value: the standard first, then the ways of the usual libraries. Throws what it refuses. */
function checkOf(schema: unknown): Check {
  const { '~standard': standard, ...methods } = membersOf(schema);
  if (typeof (standard as { validate?: unknown } | undefined)?.validate === 'function') {
    return (value) => checkByStandard(standard as Standard, value);
  }
  const { assert } = methods;
  if (typeof schema === 'function' && typeof assert !== 'function') {
    return (value) => schema(value);
  }
  const converter = [methods.parseAsync, methods.parse, methods.validateSync, methods.create].find(
    (method) => typeof method === 'function',
  );
  if (typeof converter === 'function') {
    return (value) => converter.call(schema, value);
  }
  if (typeof assert === 'function') {
    // Some return the value, some only do not throw.
    return (value) => assert.call(schema, value) ?? value;
  }
  throw new TypeError('schema is nothing that checks a payload');
}

interface Standard {
  validate: (value: unknown) => unknown;
}

interface Issue {
  message: string;
  path?: readonly unknown[] | undefined;
}

async function checkByStandard(standard: Standard, value: unknown): Promise<unknown> {
  const { issues, value: checked } = (await standard.validate(value)) as { issues?: readonly Issue[]; value?: unknown };
  if (issues !== undefined) {
    throw new TypeError(issues.map(sentence).join('; ') || 'no reason was given');
  }
  return checked;
}

function sentence({ message, path = [] }: Issue): string {
  const steps = path.map((step) =>
    String(typeof step === 'object' && step !== null ? (step as { key: unknown }).key : step),
  );
  return steps.length === 0 ? message : `${steps.join('.')}: ${message}`;
}

function membersOf(schema: unknown): Record<string, unknown> {
  const names = ['~standard', 'assert', 'parseAsync', 'parse', 'validateSync', 'create'];
  return Object.fromEntries(names.map((name) => [name, (schema as Record<string, unknown> | null)?.[name]]));
}
