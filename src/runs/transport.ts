/**
 * What became of an Invoke request that failed. `retry`: refused before the function ran, for a reason that passes.
 * `refused`: the same, for a reason that stays. `unknown`: it may have run, so it is never sent again.
 */
export type Failure = 'retry' | 'refused' | 'unknown';

/** Refusals that pass: throttling, a function that is being updated, woken up or given its network. */
const PASSING = new Set([
  'TooManyRequestsException',
  'ResourceConflictException',
  'ResourceNotReadyException',
  'EC2ThrottledException',
  'SnapStartNotReadyException',
]);

/** Lambda answers these with 502 before it runs the function: what it lacks is wrong in the account, not in the call. */
const REFUSED_WITH_5XX =
  /^(EC2|ENI|EFS|KMS|S3Files|SnapStart|Subnet|InvalidRuntime|InvalidSecurityGroup|InvalidSubnet|InvalidZipFile)/;

const CERTIFICATE = /^(CERT_|ERR_TLS|ERR_SSL|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/;

interface SdkError {
  name: string;
  message: string;
  code?: unknown;
  syscall?: unknown;
  errors?: unknown;
  retryAfterSeconds?: unknown;
  $metadata?: { httpStatusCode?: number; requestId?: string };
}

export function classifyFailure(error: unknown): Failure {
  const { name, $metadata } = fieldsOf(error);
  const status = $metadata?.httpStatusCode;
  if (PASSING.has(name) || status === 429) {
    return 'retry';
  }
  if (status === undefined) {
    return classifyWithoutAnswer(error);
  }
  // Whatever else comes with a status of success is an answer that could not be read.
  // 408 is a proxy's, which may have handed the request on.
  const refused = (status >= 400 && status < 500 && status !== 408) || (status >= 500 && REFUSED_WITH_5XX.test(name));
  return refused ? 'refused' : 'unknown';
}

function classifyWithoutAnswer(error: unknown): Failure {
  const { name, message, code } = fieldsOf(error);
  if (neverConnected(error) || /establish a connection with the server within/.test(message)) {
    return 'retry';
  }
  if (/^tunneling socket could not be established/.test(message) || code === 'ERR_PROXY_TUNNEL') {
    return 'retry';
  }
  const local = name === 'CredentialsProviderError' || name === 'TokenProviderError';
  return local || (typeof code === 'string' && CERTIFICATE.test(code)) ? 'refused' : 'unknown';
}

/** True when looking up the host or connecting to every one of its addresses failed. */
function neverConnected(error: unknown): boolean {
  const { syscall, code, errors } = fieldsOf(error);
  if (Array.isArray(errors) && errors.length > 0) {
    return errors.every(neverConnected);
  }
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'ENOTFOUND' || code === 'EAI_AGAIN';
}

/** What Lambda asks to wait, in milliseconds; 0 when it does not say. */
export function retryAfterMs(error: unknown): number {
  const seconds = Number(fieldsOf(error).retryAfterSeconds ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 60) * 1000 : 0;
}

/** One line for the log: the kind of failure and what was said. */
export function describeFailure(error: unknown): string {
  const { name, message, code } = fieldsOf(error);
  const said = message || (typeof code === 'string' ? code : '');
  return said === '' ? name : `${name}: ${said}`;
}

export function requestIdOf(error: unknown): string | undefined {
  return fieldsOf(error).$metadata?.requestId;
}

function fieldsOf(error: unknown): SdkError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  // The SDK takes the message from the answer as it is there.
  return typeof error.message === 'string' ? (error as SdkError) : { ...error, name: error.name, message: '' };
}
