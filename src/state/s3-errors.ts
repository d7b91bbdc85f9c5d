import { awsError, awsErrorFacts } from '../aws/errors.ts';
import { ActionError } from '../errors.ts';

export interface FailedStoreCall {
  action: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  partition: string;
  bucket: string;
  key: string | undefined;
  bucketOwner: string | undefined;
  /** Asks S3 whether the refusal is about the owner of the bucket. */
  isForeign(): Promise<boolean>;
}

/** The error for people of one failed request to S3. */
export async function storeError(error: unknown, call: FailedStoreCall): Promise<ActionError> {
  if (error instanceof ActionError) return error;
  const { name, status, region } = factsOf(error);
  if (name === 'NoSuchBucket' || (status === 404 && call.key === undefined)) return bucketNotFound(call.bucket, error);
  if (status === 301 || name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed') {
    return elsewhere(call.bucket, region, error);
  }
  const bucket = `arn:${call.partition}:s3:::${call.bucket}`;
  const object =
    call.key === undefined ? {} : { resource: `${bucket}/${call.key}`, grant: `${bucket}/${grantOf(call.key)}` };
  const denied = awsError(error, { action: call.action, resource: bucket, ...object });
  if (denied.code !== 'ACCESS_DENIED' || namesTheAction(error)) return denied;
  // Whoever cannot say so does not hide the refusal.
  if (await call.isForeign().catch(() => false)) return foreign(call, denied);
  return withHints(denied, call);
}

/** All keys of the same environment, or of the same kind, as the policy of the deployer has them. */
function grantOf(key: string): string {
  return key.replace(/^(lumo-tasks\/(?:(?:state|runs)\/[^/]+\/[^/]+|[^/]+)\/).*$/, '$1*');
}

export function statusOf(error: unknown): number | undefined {
  return factsOf(error).status;
}

interface S3ErrorFacts {
  name: string | undefined;
  status: number | undefined;
  /** Of the bucket, where S3 tells it. */
  region: string | undefined;
}

function factsOf(error: unknown): S3ErrorFacts {
  if (!(error instanceof Error)) return { name: undefined, status: undefined, region: undefined };
  const { $metadata, $response } = error as Error & {
    $metadata?: { httpStatusCode?: number };
    $response?: { headers?: Record<string, string> };
  };
  return {
    name: error.name,
    status: $metadata?.httpStatusCode,
    region: $response?.headers?.['x-amz-bucket-region'],
  };
}

/** IAM's own refusals within one account say what is missing; that of a foreign owner does not. */
function namesTheAction(error: unknown): boolean {
  return error instanceof Error && error.message.includes('is not authorized to perform');
}

function bucketNotFound(bucket: string, cause: unknown): ActionError {
  return new ActionError('BUCKET_NOT_FOUND', `The bucket ${bucket} does not exist.`, {
    advice:
      'Create it: `command: policy` with `format: cloudformation` prints a stack that has it. Or name another one with the input `bucket`; `bucket: none` does without marker and lock.',
    cause: briefly(cause),
  });
}

function elsewhere(bucket: string, region: string | undefined, cause: unknown): ActionError {
  const where = region ? `is in the region ${region}, not in the one that is deployed to` : 'is in another region';
  return new ActionError('BUCKET_FOREIGN', `The bucket ${bucket} ${where}.`, {
    advice: 'Use a bucket in the region of the functions: Lambda takes code only from there.',
    cause: briefly(cause),
  });
}

function foreign({ bucket, bucketOwner }: FailedStoreCall, cause: ActionError): ActionError {
  return new ActionError('BUCKET_FOREIGN', `The bucket ${bucket} does not belong to the account ${bucketOwner}.`, {
    advice:
      'Check the input `bucket`. When a bucket of another account is meant, name that account with the input `bucket-owner`.',
    cause,
  });
}

/** S3 says no more than "Access Denied", and for several reasons. */
function withHints(denied: ActionError, { action, partition, bucket, bucketOwner }: FailedStoreCall): ActionError {
  const hints = [
    ...(action === 's3:GetObject'
      ? [
          `Without s3:ListBucket on arn:${partition}:s3:::${bucket} S3 gives this answer also for an object that does not exist yet.`,
        ]
      : []),
    ...(bucketOwner === undefined
      ? []
      : [`S3 gives this answer also when the bucket does not belong to the account ${bucketOwner}.`]),
  ];
  return new ActionError(denied.code, denied.message, {
    advice: denied.advice,
    details: [...denied.details, ...hints.map((message) => ({ message }))],
    cause: denied.cause,
  });
}

/** The SDK's error without the request and response that hang on it. */
function briefly(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message } = awsErrorFacts(error);
  return Object.assign(new Error(message), { name });
}
