import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ActionError, type ErrorLocation } from '../errors.ts';
import type { ChildFailure } from './describe-child.ts';
import type { EntryContext } from './entries.ts';
import { isInside, relativePosix } from './resolve.ts';

export interface FailureContext extends EntryContext {
  boundary: string;
  tempDir: string;
  /** Packages that are not installed: they may be the reason. */
  missing: readonly string[];
}

const NETWORK =
  /\bE(?:CONN\w+|PIPE|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN|TIMEDOUT)\b|fetch failed|\bconnect|\bsocket\b/i;
/** The name of a variable, which is not the code of an error, or what is said about them. */
const ENVIRONMENT = /\b(?!ERR_)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|[Ee]nvironment|[Cc]redential|[Ss]ecret|Invalid URL/;

/** Types of what keeps a process alive, in words; others are named as Node names them. */
const RESOURCES: Readonly<Record<string, string>> = {
  Timeout: 'a timer',
  TCPSocketWrap: 'a connection',
  TCPConnectWrap: 'a connection',
  TLSWrap: 'a connection',
  UDPWrap: 'a socket',
  GetAddrInfoReqWrap: 'the look-up of a host name',
  TCPServerWrap: 'a server',
  ProcessWrap: 'a child process',
  FSReqCallback: 'access to a file',
  FSReqPromise: 'access to a file',
  MessagePort: 'a worker',
};
const CONNECTIONS = ['a connection', 'a socket', 'the look-up of a host name'];

const IN_MIDDLEWARE = 'Open connections in middleware or in run, not while the file is loaded';

/** Why `file` (relative to the project) could not be loaded, headed with the file of which that is true. */
export function importFailure(file: string, failure: ChildFailure, context: FailureContext): ActionError {
  const { root, boundary, bundling, missing } = context;
  const shared = [bundling.triggerConfig, bundling.init].find((each) => each === failure.loading);
  const subject = shared ?? file;
  const absent = missing.length === 0 ? '' : `; not installed here: ${missing.join(', ')}`;
  return new ActionError('TASK_IMPORT_FAILED', `${subject} ${problemOf(failure)}`, {
    advice: `${adviceFor(failure)}${absent}`,
    location: positionIn(failure.stack, context) ?? { file: relativePosix(boundary, path.join(root, subject)) },
  });
}

/** All that failed; what fails in one place is told once, however many files import it. */
export function allFailures(failures: readonly unknown[]): unknown {
  const known = failures.filter((each) => each instanceof ActionError);
  const [first] = known;
  if (first === undefined || known.length < failures.length) {
    return failures.find((each) => !(each instanceof ActionError));
  }
  const place = ({ location }: ActionError) => JSON.stringify(location);
  const distinct = known.filter((each, index) => known.findIndex((other) => place(other) === place(each)) === index);
  if (distinct.length === 1) return first;
  return new ActionError(first.code, `${distinct.length} task files cannot be loaded`, {
    advice: [...new Set(distinct.map(({ advice }) => advice))].join('. '),
    details: distinct.map(({ message, location }) => ({ message, ...(location && { location }) })),
  });
}

function problemOf(failure: ChildFailure): string {
  if (failure.kind !== 'hung') return failure.problem;
  const alive = keptAliveBy(failure);
  return alive.length === 0
    ? `${failure.problem}: it works without a pause`
    : `${failure.problem}: it is kept alive by ${alive.join(' and ')}`;
}

function keptAliveBy({ resources }: ChildFailure): string[] {
  return [...new Set(resources.map((each) => RESOURCES[each] ?? each))];
}

function adviceFor(failure: ChildFailure): string {
  switch (failure.kind) {
    case 'threw':
      return adviceForError(failure.problem);
    case 'exited':
      return 'Remove what ends the process: the file is loaded before the deployment, to find its tasks';
    case 'unsettled':
      return 'Await it in run, not at the top of the file';
    case 'hung':
      return keptAliveBy(failure).some((each) => CONNECTIONS.includes(each))
        ? IN_MIDDLEWARE
        : 'Wait and work in run, not at the top of the file';
  }
}

function adviceForError(problem: string): string {
  if (NETWORK.test(problem)) return IN_MIDDLEWARE;
  if (ENVIRONMENT.test(problem)) {
    return 'While the file is loaded only the variables in env of the configuration are set: add it there, or read it in middleware or in run';
  }
  return 'Correct the file at the named place; it is loaded before the deployment, to find its tasks';
}

/** The first frame of a stack, which the child has translated, that lies in the project's own code. */
function positionIn(stack: string, { boundary, distDir, tempDir }: FailureContext): ErrorLocation | undefined {
  for (const [, place = '', line, column] of stack.matchAll(
    /^ +at .*?\(?((?:file:\/\/|\/|[A-Za-z]:[\\/]).*?):(\d+):(\d+)\)?$/gm,
  )) {
    const file = place.startsWith('file:') ? fileURLToPath(place) : place;
    const isOurs = isInside(distDir, file) || isInside(tempDir, file);
    if (isInside(boundary, file) && !isOurs && !file.includes('node_modules')) {
      return { file: relativePosix(boundary, file), line: Number(line), column: Number(column) };
    }
  }
  return undefined;
}
