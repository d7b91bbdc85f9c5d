import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { toRunError } from './error.ts';
import type { Report } from './types.ts';

/** Writes the whole report, which is redacted already, as JSON; folders on the way are made. */
export async function writeResultsFile(report: Report, file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(reportJson(report), undefined, 2)}\n`);
}

/** An error has none of its fields in JSON by itself. */
function reportJson({ error, ...report }: Report): Record<string, unknown> {
  if (error === undefined) return { schema: 1, ...report };
  const { code, message, advice, location, details } = error;
  return { schema: 1, ...report, error: { code, message, advice, location, details, cause: toRunError(error.cause) } };
}
