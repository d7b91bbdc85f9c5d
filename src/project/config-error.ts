import { ActionError, type ErrorCode, type ErrorDetail } from '../errors.ts';
import { type Finding, formatPath } from './check.ts';
import { locateKey } from './locate.ts';

/** Named in the message; of more files, their number is told. */
const MOST_FILES = 3;
const CORRECT = 'Correct the named places; all that was found is listed';

const ADVICE: Partial<Record<ErrorCode, string>> = {
  CONFIG_INVALID: 'Correct the configuration; all that was found is listed',
  TASK_NEEDS_CYCLE: 'Remove one of the needs, so that some task can start first',
  TASK_ENV_INVALID: 'Rename or shorten the variables; large values belong into copyAssets, S3 or a parameter store',
};

/** One error for all findings: their common code, else `CONFIG_INVALID`. `file` is the configuration, `source` its text. */
export function configError(findings: readonly Finding[], file: string, source: string): ActionError {
  const codes = new Set(findings.map((finding) => finding.code));
  const [only = 'CONFIG_INVALID', ...others] = codes;
  const code = others.length === 0 ? only : 'CONFIG_INVALID';
  const details = findings.map(({ path, message, location }): ErrorDetail => {
    if (location !== undefined) return { message, location };
    const line = locateKey(source, path);
    return { message, location: { file, ...line, ...(path.length > 0 && { key: formatPath(path) }) } };
  });
  const [first] = details;
  const files = [...new Set(details.map(({ location }) => location?.file ?? file))];
  const message =
    details.length === 1 && first ? first.message : `${details.length} things are wrong in ${nameFiles(files)}`;
  const elsewhere = code === 'CONFIG_INVALID' && files.some((each) => each !== file);
  return new ActionError(code, message, {
    advice: elsewhere ? CORRECT : (ADVICE[code] ?? ''),
    ...(first?.location && { location: first.location }),
    details,
  });
}

function nameFiles(files: readonly string[]): string {
  return files.length > MOST_FILES ? `${files.length} files` : files.join(' and ');
}
