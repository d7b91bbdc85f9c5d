import { ActionError } from '../errors.ts';
import type { Fault, FaultSource } from './faults.ts';

export type { Fault, FaultSource } from './faults.ts';

export interface LocalAwsOptions {
  /** Where functions, code and objects are kept: `.lumo/local` of a project, or a temporary folder. */
  stateDir: string;
  /** Path of the bundled AWS runtime interface client, `dist/ric/index.mjs`. */
  runtimeClient: string;
  /** SSM parameters: last segment of the parameter's name to its value. */
  secrets?: Record<string, string>;
  /** A free one by default. */
  port?: number;
  timing?: Partial<LocalTiming>;
  faults?: Fault[];
  /** What goes wrong besides, for tests: `randomFaults`. */
  faultSource?: FaultSource;
  /** How far the server's clock is ahead, in milliseconds; by default not at all. */
  clockSkewMs?: number;
  /** `000000000000` by default. */
  account?: string;
  /** Account that owns a bucket, for buckets that are not ours. */
  bucketOwners?: Record<string, string>;
}

/** How long things take, in milliseconds. */
export interface LocalTiming {
  /** State Pending after a creation. */
  pendingMs: number;
  /** LastUpdateStatus InProgress after a change, State Pending of a new version. */
  updateMs: number;
  /** Longest init phase before it is started again inside the invocation: 10 s, as in Lambda. */
  initMs: number;
  /** Before the first retry of a failed asynchronous invocation; twice that before the second one. */
  asyncRetryMs: number;
  /** How long a warm sandbox waits for its next invocation. */
  idleMs: number;
}

export interface LoggedRequest {
  operation: string;
  resource: string;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface LocalAws {
  readonly endpoint: string;
  readonly port: number;
  /** What was called, in the order of arrival. */
  readonly requests: readonly LoggedRequest[];
  /** What will go wrong; may be added to at any time. */
  readonly faults: Fault[];
  /** Ends every function that is running; no other one starts. S3 goes on. */
  endFunctions(): Promise<void>;
  /** Ends the server and every process it has started. */
  close(): Promise<void>;
}

/**
 * Starts Lambda, S3 and SSM on the loopback interface, well enough for the AWS SDK clients (path style for S3). Several
 * servers may share one state folder. Throws `LOCAL_UNSUPPORTED` on Windows, which has no process groups.
 */
export async function startLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  if (process.platform === 'win32') {
    throw new ActionError('LOCAL_UNSUPPORTED', 'The embedded AWS (`provider: local`) does not run on Windows.', {
      advice: 'Use Linux, macOS or the Windows Subsystem for Linux, or deploy to AWS.',
    });
  }
  const { LocalServer } = await import('./server.ts');
  return LocalServer.start(options);
}
