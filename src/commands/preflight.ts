import { functionArn } from '../aws/arn.ts';
import { awsError } from '../aws/errors.ts';
import { ActionError } from '../errors.ts';
import type { FunctionReference } from '../functions/existing.ts';
import type { Report } from '../report/types.ts';
import type { Cloud } from './cloud.ts';

/** Collects what `plan` finds out about the account; a failed check does not keep the others from being made. */
export interface Preflight {
  /** `undefined` when the check failed; what it answers otherwise. */
  check<T>(name: string, body: () => Promise<{ value: T; message: string }>): Promise<T | undefined>;
  /** Throws the first failure, once everything has been looked at. */
  assertPassed(): void;
}

export function createPreflight(report: Report): Preflight {
  const failures: ActionError[] = [];
  return {
    async check(name, body) {
      try {
        const { value, message } = await body();
        report.preflight.push({ name, ok: true, message });
        return value;
      } catch (error) {
        if (!(error instanceof ActionError)) throw error;
        // A missing bucket is missing for whatever is looked for in it.
        if (failures.some(({ message }) => message === error.message)) return undefined;
        report.preflight.push({ name, ok: false, message: `${error.message.replace(/\.?$/, '.')} ${error.advice}` });
        failures.push(error);
        return undefined;
      }
    },
    assertPassed() {
      const [first] = failures;
      if (first) throw first;
    },
  };
}

/** Who the credentials belong to. That STS cannot be asked is no failure: nothing of a deployment needs it. */
export async function checkIdentity(
  { clients, provider, account }: Cloud,
  env: NodeJS.ProcessEnv,
  report: Report,
): Promise<void> {
  if (provider === 'local' || speaksToAnotherServer(env)) return;
  try {
    const identity = await clients.identity();
    const ok = account === undefined || identity.account === account;
    report.preflight.push({
      name: 'identity',
      ok: true,
      message: ok ? identity.arn : `${identity.arn}, in another account than the execution role (${account})`,
    });
  } catch (error) {
    if (!(error instanceof ActionError)) throw error;
    report.notices.push(`The identity could not be looked up: ${error.message}`);
  }
}

/** Credentials for some other server that speaks Lambda mean nothing to AWS. */
function speaksToAnotherServer(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env.AWS_ENDPOINT_URL_LAMBDA) && !env.AWS_ENDPOINT_URL_STS && !env.AWS_ENDPOINT_URL;
}

/** New functions need an execution role; that it is missing only matters once one has to be created. */
export function checkRole({ role }: Cloud, report: Report): void {
  if (role !== undefined) report.preflight.push({ name: 'execution role', ok: true, message: role });
  else report.notices.push('No execution role is given: functions can be updated and invoked, but not created.');
}

export async function checkBucket({ store }: Cloud, preflight: Preflight): Promise<void> {
  if (store === undefined) return;
  await preflight.check('bucket', async () => {
    await store.check();
    return { value: undefined, message: store.bucket };
  });
}

/** Whether a function may be invoked and exists, without running it. */
export async function checkInvoke(
  { clients, region }: Cloud,
  { functionName, qualifier }: FunctionReference,
  preflight: Preflight,
): Promise<void> {
  await preflight.check(`invoke ${functionName}`, async () => {
    const { InvokeCommand } = await import('@aws-sdk/client-lambda');
    const command = new InvokeCommand({
      FunctionName: functionName,
      InvocationType: 'DryRun',
      ...(qualifier !== undefined && { Qualifier: qualifier }),
    });
    try {
      await clients.lambda.send(command);
    } catch (error) {
      throw awsError(error, {
        action: 'lambda:InvokeFunction',
        resource: functionArn(region, functionName),
      });
    }
    return { value: undefined, message: 'allowed' };
  });
}
