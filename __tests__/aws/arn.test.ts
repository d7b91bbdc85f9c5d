import { expect, test } from 'vitest';
import { functionArn } from '../../src/aws/arn.ts';
import { storeError } from '../../src/state/s3-errors.ts';

test.each([
  ['eu-west-1', 'arn:aws:lambda:eu-west-1:*:function:f'],
  ['cn-north-1', 'arn:aws-cn:lambda:cn-north-1:*:function:f'],
  ['us-gov-west-1', 'arn:aws-us-gov:lambda:us-gov-west-1:*:function:f'],
])('the ARN of a function in %s is one that a policy there takes', (region, arn) => {
  expect(functionArn(region, 'f')).toBe(arn);
  expect(functionArn(region, arn)).toBe(arn);
});

test('the statement for an object too', async () => {
  const error = Object.assign(new Error('Access Denied'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
  const call = {
    action: 's3:GetObject',
    partition: 'aws-cn',
    bucket: 'b',
    key: 'lumo-tasks/k',
    bucketOwner: undefined,
  };
  const { advice } = await storeError(error, { ...call, isForeign: async () => false });
  expect(advice).toContain('"Action":"s3:GetObject","Resource":"arn:aws-cn:s3:::b/lumo-tasks/');
});
