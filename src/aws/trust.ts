import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';
import { ActionError } from '../errors.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The certificate authorities for connections to AWS, as an option of TLS: those of `AWS_CA_BUNDLE` besides Node's own
 * and `NODE_EXTRA_CA_CERTS`. Nothing without the variable. Throws `AWS_FAILED` when its file cannot be read.
 */
export function trustedAuthorities(env: Env): { ca?: string[] } {
  const bundle = env.AWS_CA_BUNDLE;
  return bundle ? { ca: [...nodeAuthorities(env), read('AWS_CA_BUNDLE', bundle)] } : {};
}

/** `tls.getCACertificates` is not there before Node 22.15 and 24. */
function nodeAuthorities(env: Env): string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  if (getCACertificates !== undefined) return getCACertificates('default');
  const extra = env.NODE_EXTRA_CA_CERTS;
  return [...tls.rootCertificates, ...(extra ? [read('NODE_EXTRA_CA_CERTS', extra)] : [])];
}

function read(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ActionError('AWS_FAILED', `The file that ${variable} names cannot be read: ${file}`, {
      advice: `Correct ${variable}: it is the path of a file with certificates in PEM, on the runner.`,
      cause,
    });
  }
}
