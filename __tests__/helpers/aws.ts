import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type LocalAws, type LocalAwsOptions, startLocalAws } from '../../src/local/index.ts';
import { DIST_DIR } from './action.ts';

const RUNTIME_CLIENT = path.join(DIST_DIR, 'ric', 'index.mjs');

/** An AWS of the test's own, with what the action needs to find it. */
export interface TestAws extends LocalAws {
  /** `AWS_ENDPOINT_URL_LAMBDA` and `AWS_ENDPOINT_URL_S3`. */
  env: Record<string, string>;
  /** Names of the operations since the last call, sorted by when they arrived. */
  taken(): string[];
}

export const ROLE = 'arn:aws:iam::000000000000:role/tasks';

export async function startTestAws(options: Partial<LocalAwsOptions> = {}): Promise<TestAws> {
  const stateDir = await mkdtemp(path.join(os.tmpdir(), 'aws-'));
  const aws = await startLocalAws({ stateDir, runtimeClient: RUNTIME_CLIENT, ...options });
  let seen = 0;
  return {
    endpoint: aws.endpoint,
    port: aws.port,
    requests: aws.requests,
    faults: aws.faults,
    endFunctions: () => aws.endFunctions(),
    env: {
      AWS_ENDPOINT_URL_LAMBDA: aws.endpoint,
      AWS_ENDPOINT_URL_S3: aws.endpoint,
      'INPUT_EXECUTION-ROLE-ARN': ROLE,
    },
    taken() {
      const operations = aws.requests.slice(seen).map((request) => request.operation);
      seen = aws.requests.length;
      return operations;
    },
    async close() {
      await aws.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}
