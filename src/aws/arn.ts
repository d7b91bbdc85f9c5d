/** The part of AWS that a region belongs to: each has accounts, roles and names of its own. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** ARN of a function as a policy needs it, for a name or an ARN; the account is known from AWS's own messages only. */
export function functionArn(region: string, name: string): string {
  return name.startsWith('arn:') ? name : `arn:${partitionOf(region)}:lambda:${region}:*:function:${name}`;
}
