import { ActionError, type ErrorDetail, type ErrorLocation } from '../errors.ts';
import type { RunError } from '../runs/types.ts';
import { formatPosition } from './format.ts';

/** Deeper chains are cut; also what ends a chain that bites its own tail. */
const MAX_CAUSES = 8;

/** An error as lines of plain text: code and message, where, findings, causes, what to do. */
export function renderError(error: ActionError): string[] {
  const where = describeLocation(error.location);
  return [
    ...`${error.code}: ${error.message}`.split('\n'),
    ...(where === undefined ? [] : [`  at ${where}`]),
    ...furtherDetails(error).map((detail) => `  - ${describeDetail(detail)}`),
    ...furtherCauses(error).map((cause) => `  caused by ${describeError(cause)}`),
    `  What to do: ${error.advice}`,
  ];
}

/** The findings, without a single one that the message of the error already is. */
export function furtherDetails({ details, location, message }: ActionError): readonly ErrorDetail[] {
  const [only] = details;
  const said = details.length === 1 && only && message.includes(only.message);
  return said && describeLocation(only.location) === describeLocation(location) ? [] : details;
}

/** The causes, outermost first, from the first one on that says more than the error and its findings. */
export function furtherCauses({ cause, details, message }: ActionError): RunError[] {
  const chain = causeChain(cause);
  const said = [message, ...details.map((detail) => detail.message)];
  const first = chain.findIndex((each) => !said.some((text) => text.includes(each.message)));
  return first < 0 ? [] : chain.slice(first);
}

/** `file:line:column (key.path)`, with as much as is known. */
export function describeLocation(location: ErrorLocation | undefined): string | undefined {
  if (location === undefined) return undefined;
  const position = formatPosition(location);
  if (position === undefined) return location.key;
  return location.key === undefined ? position : `${position} (${location.key})`;
}

export function describeDetail(detail: ErrorDetail): string {
  const where = describeLocation(detail.location);
  return where === undefined ? detail.message : `${where}: ${detail.message}`;
}

/** `TypeError: x is not a function`; without the name when it says nothing or the message begins with it. */
export function describeError(error: RunError): string {
  if (error.message === '') return error.name;
  const silent = error.name === '' || error.name === 'Error' || error.message.startsWith(`${error.name}: `);
  return silent ? error.message : `${error.name}: ${error.message}`;
}

/** An error and the causes below it, outermost first. */
export function errorChain(error: RunError | undefined): RunError[] {
  const chain: RunError[] = [];
  for (let next = error; next !== undefined && chain.length < MAX_CAUSES; next = next.cause) chain.push(next);
  return chain;
}

/** The same for whatever was thrown. */
export function causeChain(cause: unknown): RunError[] {
  return errorChain(toRunError(cause));
}

/** Whatever was thrown, as data. `undefined` for "no cause". */
export function toRunError(thrown: unknown, depth = 0): RunError | undefined {
  if (thrown === undefined || thrown === null || depth >= MAX_CAUSES) return undefined;
  if (typeof thrown !== 'object') return { name: 'Error', message: String(thrown) };
  const { message, stack, cause, code } = thrown as Record<string, unknown>;
  const name = thrown instanceof ActionError ? thrown.code : (thrown as { name?: unknown }).name;
  const inner = toRunError(cause ?? firstOf(thrown), depth + 1);
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' && message !== '' ? message : typeof code === 'string' ? code : '',
    ...(typeof stack === 'string' ? { stack } : {}),
    ...(inner === undefined ? {} : { cause: inner }),
  };
}

/** A refused connection is an AggregateError without a message: its first error says what happened. */
function firstOf(thrown: object): unknown {
  return 'errors' in thrown && Array.isArray(thrown.errors) ? thrown.errors[0] : undefined;
}
