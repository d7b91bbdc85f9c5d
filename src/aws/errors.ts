import { ActionError } from '../errors.ts';

/** What was asked of AWS, in the words of an IAM policy: used where AWS's own message does not name them. */
export interface AwsCall {
  /** e.g. `lambda:GetFunction`. */
  action: string;
  /** ARN, with `*` for what is not known. */
  resource: string;
  /** Resource of the statement that allows it, where that is better wider than this one call. */
  grant?: string;
}

/** What an error of the SDK says, without the request and the response that hang on it. */
export interface AwsErrorFacts {
  /** e.g. `ResourceConflictException`; for network errors the class of the error. */
  name: string;
  /** Without values of environment variables, which Lambda repeats in some of its messages. */
  message: string;
  /** HTTP status; `undefined` when there was no answer. */
  status: number | undefined;
  requestId: string | undefined;
  /** Node's code of a network error, e.g. `ECONNREFUSED`. */
  code: string | undefined;
  host: string | undefined;
}

/** What kind of failure it is: decides about the code of the error and about retries, here and nowhere else. */
export type AwsErrorKind =
  | 'expired'
  | 'clock'
  | 'credentials'
  | 'denied'
  | 'network'
  | 'throttled'
  | 'conflict'
  | 'exists'
  | 'role'
  | 'not-found'
  | 'server'
  | 'other';

const EXPIRED = /^(ExpiredToken(Exception)?|TokenRefreshRequired)$/;
const CLOCK = /^(RequestTimeTooSkewed|RequestInTheFuture|RequestExpired)$/;
const CREDENTIALS =
  /^(CredentialsProviderError|TokenProviderError|UnrecognizedClientException|InvalidSignatureException|SignatureDoesNotMatch|InvalidClientTokenId|InvalidAccessKeyId|MissingAuthenticationToken(Exception)?|IncompleteSignature(Exception)?|AuthFailure)$/;
/** Not `KMSAccessDeniedException` and the like, with which Lambda says what the function's own role may not. */
const DENIED = /^(AccessDenied(Exception)?|UnauthorizedOperation|NotAuthorized|Forbidden)$/;
const THROTTLED = /^(TooManyRequestsException|Throttling(Exception)?|RequestLimitExceeded|SlowDown)$/;
const NETWORK_CODES =
  /^(ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EPROTO|ERR_PROXY_TUNNEL|ERR_SSL|ERR_TLS|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/;
/** A role that was made seconds ago is not yet known to Lambda, EC2 and KMS; a wrong one gives the same messages. */
const ROLE_NOT_READY =
  /cannot be assumed by Lambda|does not have permissions to call CreateNetworkInterface|KMS key is invalid for CreateGrant/i;

export function awsErrorKind(error: unknown): AwsErrorKind {
  const { name, message, status, code } = awsErrorFacts(error);
  if (EXPIRED.test(name) || /security token .*expired/i.test(message)) return 'expired';
  if (CLOCK.test(name) || /^Signature (expired|not yet current)/i.test(message)) return 'clock';
  if (CREDENTIALS.test(name)) return 'credentials';
  if (THROTTLED.test(name) || status === 429) return 'throttled';
  if (DENIED.test(name) || status === 403) return 'denied';
  if (name === 'ResourceConflictException') return conflictKind(message);
  if (name === 'ResourceNotFoundException') return 'not-found';
  if (ROLE_NOT_READY.test(message)) return 'role';
  if (status !== undefined) return status >= 500 ? 'server' : 'other';
  return name === 'TimeoutError' || (code !== undefined && NETWORK_CODES.test(code)) ? 'network' : 'other';
}

/** One exception for three things: the name is taken, an update is in progress, and a version that an alias points to. */
function conflictKind(message: string): AwsErrorKind {
  if (/already exist/i.test(message)) return 'exists';
  return /alias/i.test(message) ? 'other' : 'conflict';
}

export function awsErrorFacts(error: unknown): AwsErrorFacts {
  if (!(error instanceof Error)) {
    return {
      name: 'Error',
      message: String(error),
      status: undefined,
      requestId: undefined,
      code: undefined,
      host: undefined,
    };
  }
  const fields = error as Error & {
    $metadata?: { httpStatusCode?: number; requestId?: string };
    code?: unknown;
    hostname?: unknown;
    address?: unknown;
  };
  // `connect` to several addresses fails with an AggregateError that has the code but an empty message.
  const first = error instanceof AggregateError ? error.errors.find((each) => each instanceof Error) : undefined;
  const host = fields.hostname ?? fields.address;
  return {
    name: error.name,
    message: withoutValues(messageOf(error) || (first?.message ?? '')),
    status: fields.$metadata?.httpStatusCode,
    requestId: fields.$metadata?.requestId,
    code: typeof fields.code === 'string' ? fields.code : undefined,
    host: typeof host === 'string' ? host : undefined,
  };
}

/** The answer to a HEAD request has no body: what the SDK says in its place tells nobody anything. */
function messageOf({ message }: { message: unknown }): string {
  // The SDK takes it from the answer as it is there.
  if (typeof message !== 'string') return 'the answer cannot be read';
  // What the SDK says when an answer is no XML is about its own inside.
  return /^UnknownError$|Deserialization error|XML parse error/i.test(message) ? 'the answer cannot be read' : message;
}

/**
 * The error for people. Codes: `ACCESS_DENIED` (with the IAM statement that is missing), `CREDENTIALS_EXPIRED`,
 * `CREDENTIALS_MISSING`, `FUNCTION_BUSY`, `FUNCTION_NOT_FOUND`, else `AWS_FAILED`. The SDK's error itself is not kept as
 * cause, because request and response hang on it.
 */
export function awsError(error: unknown, call: AwsCall): ActionError {
  if (error instanceof ActionError) return error;
  const facts = awsErrorFacts(error);
  const said = `${facts.name}: ${facts.message}${facts.requestId ? ` (request id ${facts.requestId})` : ''}`;
  const cause = Object.assign(new Error(facts.message), { name: facts.name, ...(facts.code && { code: facts.code }) });
  const failed = `${call.action} on ${call.resource}`;
  switch (awsErrorKind(error)) {
    case 'denied':
      return accessDenied(facts, call, cause);
    case 'expired':
      return new ActionError(
        'CREDENTIALS_EXPIRED',
        `The AWS credentials have expired: ${failed} was refused. ${said}`,
        {
          advice:
            'Sessions of aws-actions/configure-aws-credentials last one hour: raise its role-duration-seconds and the maximum session duration of the role, or run it again right before this step.',
          cause,
        },
      );
    case 'credentials':
      return credentialsMissing(said, cause);
    case 'network':
      return new ActionError('AWS_FAILED', `No connection to ${facts.host ?? 'AWS'} for ${failed}. ${said}`, {
        advice:
          'Check region, network and proxy (https_proxy, no_proxy) of the runner; a certificate authority of your own goes into AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS.',
        cause,
      });
    case 'conflict':
      return new ActionError(
        'FUNCTION_BUSY',
        `Something else kept changing the function: ${failed} was refused. ${said}`,
        {
          advice:
            'Wait until the other change is through, then deploy again; give deployments of one environment the same concurrency group.',
          cause,
        },
      );
    case 'not-found':
      return new ActionError('FUNCTION_NOT_FOUND', `${failed} found nothing. ${said}`, {
        advice:
          call.action === 'lambda:InvokeFunction'
            ? 'Check the name, its version or alias, region and account.'
            : 'Check name, region and account; a function that was deleted by hand is made again by the next deployment.',
        cause,
      });
    default:
      return new ActionError('AWS_FAILED', `${failed} failed. ${said}`, { advice: adviceFor(facts), cause });
  }
}

export function credentialsMissing(said: string, cause?: unknown): ActionError {
  return new ActionError('CREDENTIALS_MISSING', `There are no usable AWS credentials. ${said}`, {
    advice:
      'Run aws-actions/configure-aws-credentials before this step, in a job with "permissions: id-token: write". Pull requests from forks and from Dependabot have none; command plan works there without.',
    cause,
  });
}

/** The statement a policy lacks, on one line of JSON. */
export function iamStatement(call: AwsCall): string {
  const condition =
    call.action === 'iam:PassRole' ? { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } } : undefined;
  return JSON.stringify({ Effect: 'Allow', Action: call.action, Resource: call.resource, Condition: condition });
}

/** `who` is the principal AWS named, where it did. */
function accessDenied(facts: AwsErrorFacts, call: AwsCall, cause: Error): ActionError {
  const named = /is not authorized to perform: ([\w-]+:\w+)(?: on resource: "?([^\s"]+)"?)?/.exec(facts.message);
  const missing: AwsCall = { action: named?.[1] ?? call.action, resource: named?.[2] ?? call.resource };
  const wider = missing.action === call.action ? call.grant : undefined;
  const statement = iamStatement({ ...missing, ...(wider && { resource: wider }) });
  const who = /User: (\S+)/.exec(facts.message)?.[1];
  const explicit = /explicit deny/i.test(facts.message);
  return new ActionError(
    'ACCESS_DENIED',
    `${who ?? 'The role of this step'} may not ${missing.action} on ${missing.resource}.${facts.requestId ? ` (request id ${facts.requestId})` : ''}`,
    {
      advice: explicit
        ? `A policy denies it explicitly; what is needed is ${statement}`
        : `Add this statement to the policy of the role this step uses: ${statement}`,
      ...(facts.message && { details: [{ message: `AWS said: ${facts.message}` }] }),
      cause,
    },
  );
}

const ADVICE: readonly [RegExp, string][] = [
  [
    /cannot be assumed by Lambda/i,
    'The trust policy of the execution role must allow sts:AssumeRole to lambda.amazonaws.com; command policy prints such a role.',
  ],
  [
    /KMSAccessDenied/,
    'The execution role needs kms:Decrypt on the key that encrypts the environment variables (kmsKeyArn).',
  ],
  [
    /CreateNetworkInterface|EC2AccessDenied/i,
    'Attach the managed policy AWSLambdaVPCAccessExecutionRole to the execution role: the task has a vpc.',
  ],
  [
    /CreateGrant/i,
    'The execution role must exist and the key policy must allow it and the role of this step to use the key.',
  ],
  [
    /payload is too large/i,
    'An event holds 6 MB: put large data into copyAssets or S3 instead of tasks.<name>.payload or the input payload.',
  ],
  [/CodeStorageExceeded/i, 'Delete old versions of functions, or have the quota of Lambda code storage raised.'],
  [
    /Runtime|runtime/,
    'Check tasks.<name>.runtime: Lambda no longer takes runtimes that have reached their end of life.',
  ],
];

function adviceFor(facts: AwsErrorFacts): string {
  const text = `${facts.name}: ${facts.message}`;
  const known = ADVICE.find(([pattern]) => pattern.test(text))?.[1];
  if (known !== undefined) return known;
  if (facts.status !== undefined && facts.status >= 500) return 'AWS had an error of its own: run the job again.';
  return 'Correct what AWS names; its request id helps AWS support.';
}

/** Lambda repeats the whole environment when it refuses one. */
function withoutValues(message: string): string {
  return message
    .replace(/String measured:[\s\S]*$/i, 'String measured: ***')
    .replace(/Value '[\s\S]*?' at 'environment/gi, "Value '***' at 'environment");
}
