/** What the runner says about the event, all of it text that others may have chosen. */
export interface VersionEvent {
  eventName: string | undefined;
  ref: string | undefined;
  refType: string | undefined;
  sha: string | undefined;
  payload: {
    pull_request?: { head: { sha: string } };
    release?: { tag_name: string };
  };
}

const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

/** True for a full commit id. */
export function isCommit(text: string): boolean {
  return COMMIT.test(text);
}

const TAG_REF = 'refs/tags/';

/**
 * The commit that is being deployed. On pull requests `GITHUB_SHA` is a temporary merge commit that nobody can find
 * again, so it is the head of the branch there.
 */
export function headCommit(event: VersionEvent): string | undefined {
  const head = event.eventName?.startsWith('pull_request') ? event.payload.pull_request?.head.sha : undefined;
  return [head, event.sha].find((commit) => commit !== undefined && isCommit(commit));
}

/** The tag the event is about, exactly as it is named. */
export function eventTag(event: VersionEvent): string | undefined {
  if (event.eventName === 'release' && event.payload.release?.tag_name) return event.payload.release.tag_name;
  const { ref } = event;
  return event.refType !== 'branch' && ref?.startsWith(TAG_REF) ? ref.slice(TAG_REF.length) : undefined;
}

/** Default of the input `version`. `gitHead` is the commit that is checked out, for the command line. */
export function defaultVersion(event: VersionEvent, gitHead: string | undefined): string {
  return eventTag(event) ?? (headCommit(event) ?? gitHead)?.slice(0, 12) ?? 'local';
}
