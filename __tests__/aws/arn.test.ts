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

const DENIED = Object.assign(new Error('Access Denied'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
const CALL = { action: 's3:GetObject', partition: 'aws-cn', bucket: 'b', key: 'lumo-tasks/k', bucketOwner: undefined };

test('the statement for an object too', async () => {
  const { advice } = await storeError(DENIED, { ...CALL, isForeign: async () => false });
  expect(advice).toContain('"Action":"s3:GetObject","Resource":"arn:aws-cn:s3:::b/lumo-tasks/');
});

test('a refusal stays one when the owner of the bucket cannot be looked up', async () => {
  const isForeign = () => Promise.reject(new Error('no connection'));
  expect(await storeError(DENIED, { ...CALL, isForeign })).toMatchObject({ code: 'ACCESS_DENIED' });
});
