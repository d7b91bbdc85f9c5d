import { ActionError } from '../errors.ts';
import type { Log } from '../runner/types.ts';
import type { Marker, Progress, RunIdentity } from '../state/types.ts';
import type { Repository } from './repository.ts';
import { findPreviousTag } from './tags.ts';
import type { History } from './types.ts';

export interface HistoryOptions {
  /** Input `previous-version`. */
  previousVersion: string | undefined;
  history: 'auto' | 'marker' | 'tags';
  unknownHistory: 'error' | 'first-deploy' | 'update';
  tagPrefix: string;
  /** What is being deployed. */
  version: string;
  /** Its commit, a full id; `HEAD` when only git knows it. */
  commit: string;
  environment: string;
  provider: 'aws' | 'local';
  /** True with `bucket: none`. */
  bucketless: boolean;
  run: RunIdentity;
  marker: Marker | undefined;
  progress: Progress | undefined;
  /** Opened only when tags are needed; `undefined` inside: no git repository at all. */
  openRepository: () => Promise<Repository | undefined>;
  log: Log;
}

/**
 * Whether this is the first deployment of the environment, and what was deployed before: a chain of places the answer
 * can come from, each asked only when the ones before it have none. To be asked under the lock.
 * Previous versions are given as they were written: the marker's `version`, or the whole name of the tag.
 */
export async function resolveHistory(options: HistoryOptions): Promise<History> {
  return (
    fromInput(options) ??
    fromMarker(options) ??
    fromProgress(options) ??
    fromEnvironment(options) ??
    (await fromTags(options))
  );
}

/** Environments of previews are named after their pull request. */
export function isPullRequestEnvironment(environment: string): boolean {
  return /^pr-\d+$/.test(environment);
}

function fromInput({ previousVersion }: HistoryOptions): History | undefined {
  return previousVersion === undefined
    ? undefined
    : update(previousVersion, 'input', 'The input previous-version says so.');
}

/** The same version again has the same previous one: nobody wants to hear that 2.0 follows 2.0. */
function fromMarker({ marker, version }: HistoryOptions): History | undefined {
  if (!marker) return undefined;
  const previousVersion = marker.version === version ? marker.previousVersion : marker.version;
  return update(previousVersion, 'marker', `The marker records ${marker.version} of ${marker.deployedAt}.`);
}

/** Later steps and re-runs of one workflow run answer as its first one did. */
function fromProgress({ progress, run }: HistoryOptions): History | undefined {
  if (progress?.run.id !== run.id) return undefined;
  const { phase, previousVersion, source } = progress;
  const explanation = 'The same as in the earlier step or attempt of this workflow run.';
  return { phase, isFirstDeploy: phase === 'deploy', previousVersion, source, explanation };
}

function fromEnvironment({ environment, provider }: HistoryOptions): History | undefined {
  if (isPullRequestEnvironment(environment)) {
    return firstDeploy(`There is no marker, and ${environment} is the environment of a pull request.`);
  }
  return provider === 'local' ? firstDeploy('Nothing has been deployed locally yet.') : undefined;
}

async function fromTags(options: HistoryOptions): Promise<History> {
  const { version, history, bucketless, log } = options;
  if (history === 'marker')
    return loudly(log, firstDeploy('There is no marker, and history: marker asks for no tags.'));
  const repository = await options.openRepository();
  if (!repository) return loudly(log, firstDeploy('There is no marker and no git repository.'));
  const tags = await findPreviousTag(repository, options);
  const tagsDecide = bucketless || history === 'tags';
  if (tagsDecide && tags.previous) {
    return update(tags.previous, 'tag', `The version tag before ${version}, from ${repository.name}.`);
  }
  if (tagsDecide || (!tags.previous && !tags.others)) {
    return loudly(log, firstDeploy(`There is no marker and no version tag before ${version} in ${repository.name}.`));
  }
  return decideUnknown(options, tags.previous, repository.name);
}

/** Tags belong to a repository, not to an environment: a new `staging` is first, a `production` older than its bucket is not. */
function decideUnknown(options: HistoryOptions, previous: string | undefined, where: string): History {
  const { unknownHistory, environment, log } = options;
  if (unknownHistory === 'first-deploy') {
    return loudly(log, firstDeploy('There is no marker, and unknown-history: first-deploy says so.'));
  }
  if (unknownHistory === 'update') {
    const found = previous ? 'the version tag before this one' : 'no version tag before this one';
    return update(previous, 'tag', `There is no marker, unknown-history is update, and ${where} has ${found}.`);
  }
  const known = previous ? `; the last one before this deployment is ${previous}` : '';
  throw new ActionError(
    'HISTORY_AMBIGUOUS',
    `The bucket holds no marker of ${environment}, but ${where} has version tags${known}: this may be its first deployment or not.`,
    {
      advice:
        'Set the input `unknown-history` to `first-deploy` or `update`. It may stay in the workflow: it has no effect once there is a marker.',
      details: [
        {
          message: `\`unknown-history: first-deploy\` when ${environment} is new: tasks that run on the first deployment only, such as seeding, run.`,
        },
        {
          message: `\`unknown-history: update\` when ${environment} was deployed before without this action: they do not run, and the previous version is ${previous ?? 'not known'}.`,
        },
      ],
    },
  );
}

function update(previousVersion: string | undefined, source: History['source'], explanation: string): History {
  return { phase: 'update', isFirstDeploy: false, previousVersion, source, explanation };
}

function firstDeploy(explanation: string): History {
  return { phase: 'deploy', isFirstDeploy: true, previousVersion: undefined, source: 'none', explanation };
}

function loudly(log: Log, history: History): History {
  log.warning(`This counts as the first deployment. ${history.explanation}`);
  return history;
}
