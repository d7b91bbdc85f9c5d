import { readFile } from 'node:fs/promises';
import { ActionError } from '../errors.ts';
import { formatPath, type KeyPath } from '../project/check.ts';
import { locateKey } from '../project/locate.ts';
import type { Project } from '../project/types.ts';
import { relativePosix } from './resolve.ts';

/** What `body` answers; an error of it that names no file gets the place where the configuration has `path`. */
export async function atSetting<T>(
  { configFile, boundary }: Project,
  path: KeyPath,
  body: () => Promise<T>,
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof ActionError) || error.location?.file !== undefined) throw error;
    const { code, message, advice, details, cause } = error;
    const position = locateKey(await readFile(configFile, 'utf8'), path);
    const location = { file: relativePosix(boundary, configFile), ...position, key: formatPath(path) };
    throw new ActionError(code, message, { advice, details, cause, location });
  }
}
