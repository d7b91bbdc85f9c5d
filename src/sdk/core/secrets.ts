import { registerSecret } from '../../runtime/secret-values.ts';
import { callService, ServiceError } from './aws-json.ts';

export type SecretResolver = (name: string) => Promise<string>;

const cache = new Map<string, Promise<string>>();
let resolver: SecretResolver = cachedParameter;

/** Replaces where secrets come from, e.g. in tests of one's own. */
export function setSecretResolver(replacement: SecretResolver): void {
  resolver = replacement;
}

/**
 * The value of a secret of this project and environment. From now on it is redacted in whatever the task prints,
 * throws and returns. Throws when it does not exist, may not be read or cannot be reached.
 */
export async function getSecret(name: string): Promise<string> {
  const value = await resolver(name);
  registerSecret(value);
  return value;
}

/** Read once per process. A failure is not kept: the next call tries again. */
function cachedParameter(name: string): Promise<string> {
  let value = cache.get(name);
  if (value === undefined) {
    value = readParameter(name);
    cache.set(name, value);
    value.catch(() => cache.delete(name));
  }
  return value;
}

async function readParameter(name: string): Promise<string> {
  const path = parameterPath(name);
  try {
    const service = { name: 'ssm', endpointVariable: 'SSM', target: 'AmazonSSM' } as const;
    const answer = await callService(service, 'GetParameter', { Name: path, WithDecryption: true });
    const { Parameter } = answer as { Parameter?: { Value?: unknown } };
    if (typeof Parameter?.Value !== 'string') {
      throw new Error('the answer holds no value');
    }
    return Parameter.Value;
  } catch (error) {
    throw new Error(`the secret "${name}" cannot be read: ${explain(error, path)}`, { cause: error });
  }
}

/** Where Lumo keeps the secrets of a project. */
function parameterPath(name: string): string {
  const { LUMO_PROJECT_NAME: project, LUMO_ENVIRONMENT: environment } = process.env;
  if (!project || !environment) {
    throw new Error(`the secret "${name}" cannot be read: LUMO_PROJECT_NAME and LUMO_ENVIRONMENT are not set`);
  }
  return `/${project}/${environment}/${name}`;
}

function explain(error: unknown, path: string): string {
  const code = error instanceof ServiceError ? error.code : '';
  if (code === 'ParameterNotFound') {
    return `there is no parameter ${path} in this region's Parameter Store. Create it as a SecureString.`;
  }
  if (code.startsWith('AccessDenied')) {
    return `the execution role may not read ${path}. Allow it ssm:GetParameter, and kms:Decrypt for a key of your own.`;
  }
  return error instanceof Error ? error.message : String(error);
}
