import { createHash } from 'node:crypto';

/** Lambda's limit for the name of a function. */
const MAX_LENGTH = 64;
const HASH_LENGTH = 8;
const MAX_STEM_LENGTH = MAX_LENGTH - HASH_LENGTH - 1;

/**
 * `<project>--<environment>--<task>` in Lambda's alphabet and length. A name that had to be changed or cut for that ends
 * in 8 hex digits of the SHA-256 of `project/environment/task`, so that different tasks keep different names.
 */
export function functionName(project: string, environment: string, task: string): string {
  const parts = [project, environment, task];
  const name = parts.map(namePart).join('--');
  if (name === parts.join('--') && name.length <= MAX_LENGTH) return name;
  const hash = createHash('sha256').update(parts.join('/')).digest('hex').slice(0, HASH_LENGTH);
  return `${name.slice(0, MAX_STEM_LENGTH)}-${hash}`;
}

/**
 * What the names of all functions of a project's environment begin with, as an IAM resource has it. A `*` in the
 * environment stays: `pr-*` stands for every preview.
 */
export function functionNamePattern(project: string, environment: string): string {
  const stem = `${namePart(project)}--${environment.split('*').map(namePart).join('*')}`;
  return `${(stem.endsWith('*') ? stem.slice(0, -1) : `${stem}--`).slice(0, MAX_STEM_LENGTH)}*`;
}

function namePart(part: string): string {
  return part.toLowerCase().replace(/[^a-z0-9_]+/g, '-');
}
