import { readFile } from 'node:fs/promises';
import type { RunIdentity } from './state/types.ts';

/** What the runner says about the workflow run, read once. Every text in it may have been chosen by an attacker. */
export interface Workflow {
  onActions: boolean;
  eventName: string | undefined;
  payload: EventPayload;
  /** `owner/name`. */
  repository: string | undefined;
  ref: string | undefined;
  refName: string | undefined;
  refType: string | undefined;
  sha: string | undefined;
  run: RunIdentity;
  actor: string;
  apiUrl: string | undefined;
  workspace: string | undefined;
  /** True for a pull request from a fork: no secrets, no OIDC, a read-only token. */
  fork: boolean;
}

/** The part of the event payload that is read. */
export interface EventPayload {
  number?: number;
  pull_request?: { number: number; head: { sha: string; repo: { full_name: string } | null } };
  release?: { tag_name: string };
  repository?: { full_name: string };
}

export async function readWorkflow(env: NodeJS.ProcessEnv, randomId: string): Promise<Workflow> {
  const payload = await readPayload(env.GITHUB_EVENT_PATH);
  const runId = env.GITHUB_RUN_ID;
  return {
    onActions: env.GITHUB_ACTIONS === 'true',
    eventName: env.GITHUB_EVENT_NAME,
    payload,
    repository: env.GITHUB_REPOSITORY,
    ref: env.GITHUB_REF,
    refName: env.GITHUB_REF_NAME,
    refType: env.GITHUB_REF_TYPE,
    sha: env.GITHUB_SHA,
    run: {
      id: runId ?? `local-${randomId}`,
      attempt: Number(env.GITHUB_RUN_ATTEMPT ?? 1),
      url: runId && env.GITHUB_REPOSITORY ? runUrl(env, env.GITHUB_REPOSITORY, runId) : null,
    },
    actor: env.GITHUB_ACTOR ?? env.USER ?? 'unknown',
    apiUrl: env.GITHUB_API_URL,
    workspace: env.GITHUB_WORKSPACE,
    fork: isFork(payload),
  };
}

function runUrl(env: NodeJS.ProcessEnv, repository: string, runId: string): string {
  return `${env.GITHUB_SERVER_URL ?? 'https://github.com'}/${repository}/actions/runs/${runId}`;
}

/** `head.repo` is null when the fork was deleted. */
function isFork(payload: EventPayload): boolean {
  if (!payload.pull_request) return false;
  return payload.pull_request.head.repo?.full_name !== payload.repository?.full_name;
}

async function readPayload(file: string | undefined): Promise<EventPayload> {
  if (!file) return {};
  try {
    return JSON.parse(await readFile(file, 'utf8')) as EventPayload;
  } catch (cause) {
    // A runner always writes the file; a hand-made environment may name one that does not exist.
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw cause;
  }
}
