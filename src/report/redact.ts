import { ActionError } from '../errors.ts';
import type { Runner } from '../runner/types.ts';
import { toRunError } from './error.ts';
import type { Report } from './types.ts';

/**
 * The report with every masked value replaced: the one step between what happened and what is rendered, so that no
 * renderer escapes, cuts or quotes a secret out of recognition first.
 */
export function redactReport(report: Report, runner: Pick<Runner, 'redact'>): Report {
  const redact = (text: string): string => runner.redact(text);
  const { error, results, ...rest } = report;
  return {
    ...mapStrings(rest, redact),
    results: results.map(({ data, metadata, ...result }) => ({
      ...mapStrings(result, redact),
      ...(data === undefined ? {} : { data: redactData(data, redact) }),
      ...(metadata === undefined ? {} : { metadata: redactMetadata(metadata, redact) }),
    })),
    error: error === undefined ? undefined : redactError(error, redact),
  };
}

/** A secret can also be spread over several values, as a whole JSON document is: then nothing of the data is shown. */
function redactData(data: unknown, redact: (text: string) => string): unknown {
  const redacted = mapStrings(data, redact);
  const json = JSON.stringify(redacted);
  return json === undefined || redact(json) === json ? redacted : '***';
}

function redactMetadata(metadata: object, redact: (text: string) => string): Record<string, unknown> {
  const redacted = redactData(metadata, redact);
  return typeof redacted === 'object' ? { ...redacted } : { '***': '***' };
}

function redactError(error: ActionError, redact: (text: string) => string): ActionError {
  const cause = toRunError(error.cause);
  return new ActionError(error.code, redact(error.message), {
    advice: redact(error.advice),
    details: mapStrings(error.details, redact),
    ...(error.location === undefined ? {} : { location: mapStrings(error.location, redact) }),
    ...(cause === undefined ? {} : { cause: mapStrings(cause, redact) }),
  });
}

/** `value` (plain data) with `change` applied to every string in it, names of properties too. */
function mapStrings<T>(value: T, change: (text: string) => string): T {
  return mapAny(value, change) as T;
}

function mapAny(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapAny(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [change(name), mapAny(item, change)]));
}
