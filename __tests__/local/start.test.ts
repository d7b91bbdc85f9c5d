import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { AwsClient } from 'aws4fetch';
import { afterEach, expect, it } from 'vitest';
import { buildRic } from '../../scripts/build-ric.ts';
import { startLocalAws } from '../../src/local/index.ts';
import { startCloud, temporaryFolder } from './harness.ts';

const { platform } = process;
afterEach(() => {
  Object.defineProperty(process, 'platform', { value: platform });
});

it('is not available on Windows', async () => {
  Object.defineProperty(process, 'platform', { value: 'win32' });
  const start = startLocalAws({ stateDir: '/nowhere', runtimeClient: '/nowhere' });
  await expect(start).rejects.toMatchObject({ code: 'LOCAL_UNSUPPORTED' });
});

it('listens on the loopback interface only, on the port that was asked for', async () => {
  const first = await startCloud();
  expect(first.aws.endpoint).toBe(`http://127.0.0.1:${first.aws.port}`);
  await expect(startCloud({ port: first.aws.port })).rejects.toThrow('EADDRINUSE');
});

it('says who one is', async () => {
  const { aws } = await startCloud({ account: '123456789012' });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const sts = new STSClient({ endpoint: aws.endpoint, region: 'eu-central-1', credentials });
  const identity = await sts.send(new GetCallerIdentityCommand({}));
  expect(identity).toMatchObject({
    Account: '123456789012',
    Arn: 'arn:aws:iam::123456789012:user/local',
    UserId: 'local',
  });
});

it('has parameters, by the last segment of their name', async () => {
  const { aws } = await startCloud({ secrets: { token: 'value' } });
  const client = new AwsClient({
    accessKeyId: 'local',
    secretAccessKey: 'local',
    service: 'ssm',
    region: 'eu-central-1',
  });
  const getParameter = async (Name: string) => {
    const headers = { 'x-amz-target': 'AmazonSSM.GetParameter', 'content-type': 'application/x-amz-json-1.1' };
    return (await client.fetch(aws.endpoint, { method: 'POST', headers, body: JSON.stringify({ Name }) })).json();
  };
  expect(await getParameter('/shop/dev/token')).toMatchObject({ Parameter: { Value: 'value', Type: 'SecureString' } });
  expect(await getParameter('/shop/dev/constructor')).toMatchObject({ __type: 'ParameterNotFound' });
});

it('builds the same runtime client every time, with its licence and without paths of this machine', async () => {
  const folders = [await temporaryFolder(), await temporaryFolder()];
  for (const folder of folders) await buildRic(path.join(folder, 'index.mjs'));
  const [one = '', other = ''] = await Promise.all(
    folders.map((folder) => readFile(path.join(folder, 'index.mjs'), 'utf8')),
  );
  expect(one).toBe(other);
  expect(one).not.toContain(path.resolve(import.meta.dirname, '../..'));
  expect(one).not.toContain('rapid-client.node');
  expect(await readFile(path.join(folders[0] ?? '', 'LICENSE'), 'utf8')).toContain('Apache License');
  expect(await readFile(path.join(folders[0] ?? '', 'NOTICE'), 'utf8')).toContain('Amazon.com');
});
