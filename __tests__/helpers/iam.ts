import type { LoggedRequest } from '../../src/local/index.ts';

/** One statement of a policy, as `policy` prints it. */
export interface PolicyStatement {
  Sid: string;
  Action: string[];
  Resource: string[];
}

/** Something that was done, in the words of IAM. */
export interface Access {
  action: string;
  resource: string;
}

/** Operations whose permission has another name. */
const ACTIONS: Record<string, string> = {
  Invoke: 'lambda:InvokeFunction',
  HeadObject: 's3:GetObject',
  HeadBucket: 's3:ListBucket',
  ListObjectsV2: 's3:ListBucket',
};
const S3 = /^(Head|Put|Get|Delete)Object$|^HeadBucket$|^ListObjectsV2$/;

/** What a request needs: itself, and what Lambda does in the name of the caller. */
export function accessesOf({ operation, resource }: LoggedRequest, region: string): Access[] {
  const isS3 = S3.test(operation);
  const arn = isS3 ? `arn:aws:s3:::${resource}` : `arn:aws:lambda:${region}:000000000000:function:${resource}`;
  const own = { action: ACTIONS[operation] ?? `${isS3 ? 's3' : 'lambda'}:${operation}`, resource: arn };
  return operation === 'CreateFunction' ? [own, { action: 'iam:PassRole', resource: '*' }] : [own];
}

/** Whether a statement is about this access; `*` in it stands for anything. */
export function covers({ Action, Resource }: PolicyStatement, { action, resource }: Access): boolean {
  return Action.includes(action) && Resource.some((pattern) => resource === '*' || matches(pattern, resource));
}

export function matches(pattern: string, resource: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(resource);
}
