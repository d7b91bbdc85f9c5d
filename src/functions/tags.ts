import { ActionError } from '../errors.ts';
import type { ProjectIdentity } from './settings.ts';

export type Tags = Readonly<Record<string, string>>;

/** What the last deployment recorded about the code of a function. */
export interface RecordedCode {
  /** Digest of the package's contents, hex. */
  digest: string;
  /** Base64 SHA-256 of the zip, as Lambda computes it. */
  codeSha256: string;
}

const DIGEST_TAG = 'lumo:digest';
const INPUTS_TAG = 'lumo:inputs';

/** The tags by which a function is known to be ours, and the user's own. */
export function identityTags(identity: ProjectIdentity, task: string, own: Tags = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries({
      ...own,
      'lumo:project': identity.project,
      'lumo:environment': identity.environment,
      'lumo:task': task,
      'lumo:repository': identity.repository,
      'lumo:managed-by': 'tasks-action',
    }).map(([name, value]) => [name, tagValue(value)]),
  );
}

/** The tags that say which code a function has; written last, so that an interrupted deployment is seen as one. */
export function codeTags(code: RecordedCode, inputs: string | undefined): Record<string, string> {
  return { [DIGEST_TAG]: `${code.digest} ${code.codeSha256}`, ...(inputs !== undefined && { [INPUTS_TAG]: inputs }) };
}

export function recordedCode(tags: Tags): RecordedCode | undefined {
  const [digest, codeSha256] = tags[DIGEST_TAG]?.split(' ') ?? [];
  return digest && codeSha256 ? { digest, codeSha256 } : undefined;
}

export function recordedInputs(tags: Tags): string | undefined {
  return tags[INPUTS_TAG];
}

/** In words, which of the identity tags say something else; empty: the function is ours. `task` undefined: any task. */
export function foreignTags(tags: Tags, identity: ProjectIdentity, task?: string): string[] {
  const wanted = identityTags(identity, task ?? tags['lumo:task'] ?? '');
  const known = tags['lumo:task'] === undefined && task === undefined ? [] : ['lumo:task'];
  return ['lumo:project', 'lumo:environment', ...known, 'lumo:repository']
    .filter((name) => tags[name] === undefined || tags[name] !== wanted[name])
    .map((name) => `tag ${name} is ${JSON.stringify(tags[name] ?? null)}, not ${JSON.stringify(wanted[name])}`);
}

/** Throws `FUNCTION_NOT_OURS`, naming what differs. */
export function assertOurs(functionName: string, tags: Tags, identity: ProjectIdentity, task: string): void {
  const differences = foreignTags(tags, identity, task);
  if (differences.length === 0) return;
  throw new ActionError('FUNCTION_NOT_OURS', `There is a Lambda function ${functionName} that is not of this project`, {
    advice: 'It is left alone. Rename or delete that function, or change projectName or environment.',
    details: differences.map((message) => ({ message })),
  });
}

/** AWS takes letters, digits, spaces and `_.:/=+-@` in tag values, up to 256 characters. */
function tagValue(text: string): string {
  return text.replace(/[^\p{L}\p{N}\p{Zs}_.:/=+\-@]/gu, '_').slice(0, 256);
}
