import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import type { MiddlewareStack } from '@smithy/types';
import { hasOwnS3Endpoint } from './endpoint.ts';
import { awsError, credentialsMissing } from './errors.ts';
import { agentsFor } from './proxy.ts';

export interface ClientsOptions {
  region: string;
  /** The embedded AWS; without it the SDK takes `AWS_ENDPOINT_URL_LAMBDA`, `AWS_ENDPOINT_URL_S3` or AWS itself. */
  endpoint?: string | undefined;
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined;
  env?: Readonly<Record<string, string | undefined>>;
}

export interface Identity {
  account: string;
  arn: string;
}

export interface AwsClients {
  readonly region: string;
  /** The control plane. Sends once: `retryControlPlane` decides about retries. */
  readonly lambda: LambdaClient;
  /** Invoke, and nothing else. Sends once, ever, and waits as long as a function may run. */
  readonly invoker: LambdaClient;
  readonly s3: S3Client;
  /** Signs addresses and never sends: whoever uses one may send any body, so none is checked against a checksum. */
  readonly s3Signer: S3Client;
  /** Throws `CREDENTIALS_MISSING` when no provider has any. */
  checkCredentials(): Promise<void>;
  /** Who we are, by STS. */
  identity(): Promise<Identity>;
  /** Ends idle connections. */
  close(): void;
}

/** A synchronous Invoke is silent until the function answers: 900 s, and some for the way. */
const INVOKE_TIMEOUT_MS = 930_000;
const CONNECTION_TIMEOUT_MS = 10_000;
/** The pauses between them double from 0.1 s. */
const S3_ATTEMPTS = 10;

export function createClients(options: ClientsOptions): AwsClients {
  const { region, endpoint, credentials, env = process.env } = options;
  // Agents of its own for each client: whoever ends one client ends its connections, also those in use.
  const http = () => ({ ...agentsFor(env), connectionTimeout: CONNECTION_TIMEOUT_MS, throwOnRequestTimeout: true });
  const common = { region, ...(endpoint && { endpoint }), ...(credentials && { credentials }) };

  const lambda = new LambdaClient({
    ...common,
    maxAttempts: 1,
    // Idle, not in total: 50 MB of code may take minutes over a slow line.
    requestHandler: { ...http(), socketTimeout: 60_000 },
  });
  // One chain of providers for all clients, so that it is asked once.
  const shared = { ...common, credentials: lambda.config.credentials };
  const invoker = new LambdaClient({
    ...shared,
    maxAttempts: 1,
    requestHandler: { ...http(), socketTimeout: INVOKE_TIMEOUT_MS, requestTimeout: INVOKE_TIMEOUT_MS },
  });
  const forcePathStyle = endpoint !== undefined || hasOwnS3Endpoint(env);
  const s3Signer = new S3Client({ ...shared, forcePathStyle, requestChecksumCalculation: 'WHEN_REQUIRED' });
  const s3 = new S3Client({
    ...shared,
    followRegionRedirects: true,
    forcePathStyle,
    // Half a minute of trouble must not lose what hours of tasks have done.
    maxAttempts: S3_ATTEMPTS,
    requestHandler: { ...http(), socketTimeout: 60_000 },
  });
  for (const client of [lambda, invoker]) nameHostInErrors(client);
  nameHostInErrors(s3);

  return {
    region,
    lambda,
    invoker,
    s3,
    s3Signer,
    async checkCredentials() {
      try {
        await lambda.config.credentials();
      } catch (error) {
        throw credentialsMissing(error instanceof Error ? error.message : String(error), error);
      }
    },
    async identity() {
      const { STSClient, GetCallerIdentityCommand } = await import('@aws-sdk/client-sts');
      const sts = new STSClient({ ...shared, requestHandler: { ...http(), requestTimeout: 30_000 } });
      nameHostInErrors(sts);
      try {
        const { Account = '', Arn = '' } = await sts.send(new GetCallerIdentityCommand({}));
        return { account: Account, arn: Arn };
      } catch (error) {
        throw awsError(error, { action: 'sts:GetCallerIdentity', resource: '*' });
      } finally {
        sts.destroy();
      }
    },
    close() {
      for (const client of [lambda, invoker, s3, s3Signer]) client.destroy();
    },
  };
}

/** Network errors such as "socket hang up" do not say where: `hostname`, as Node's own look-up errors have it. */
function nameHostInErrors<I extends object, O extends object>(client: {
  middlewareStack: MiddlewareStack<I, O>;
}): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        const hostname = (args as { request?: { hostname?: string } }).request?.hostname;
        if (error instanceof Error && hostname && !('hostname' in error)) Object.assign(error, { hostname });
        throw error;
      }
    },
    { step: 'finalizeRequest', name: 'nameHostInErrors', priority: 'low' },
  );
}
